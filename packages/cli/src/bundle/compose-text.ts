import type { BundlePlan } from "./bundle-plan.ts";

/** One service, on the network of its host: SIP says addresses in its messages, which must be those of the machine. */
export function composeText({ node, http, secrets, certificates }: BundlePlan): string {
  const lines = [
    `# Node ${node} in a container. The image is made from the software: docker build -t mss-federation -f deploy/Dockerfile .`,
    `name: mss-${node}`,
    "services:",
    "  node:",
    "    image: mss-federation",
    `    command: [run, /etc/mss/${node}/topology.yaml, --node, ${node}]`,
    "    network_mode: host",
    "    restart: unless-stopped",
    "    init: true",
    "    read_only: true",
    "    cap_drop: [ALL]",
    "    security_opt: [no-new-privileges]",
    "    stop_grace_period: 90s # calls in progress get 60 seconds",
    "    ulimits: { nofile: 65536 }",
    "    environment: { CREDENTIALS_DIRECTORY: /run/secrets }",
    ...healthcheck(http),
    ...(secrets.length === 0 ? [] : [`    secrets: [${secrets.map(({ name }) => name).join(", ")}]`]),
    "    volumes:",
    `      - ./topology.yaml:/etc/mss/${node}/topology.yaml:ro`,
    ...(certificates === undefined ? [] : [`      - ./certificates:/etc/mss/${node}/certificates:ro`]),
    "      - data:/var/lib/mss",
    ...(secrets.length === 0
      ? []
      : ["secrets:", ...secrets.map(({ name }) => `  ${name}: { file: ./secrets/${name} }`)]),
    "volumes:",
    "  data:",
  ];
  return `${lines.join("\n")}\n`;
}

/** Who listens on all addresses is asked on loopback. */
const ANYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

function healthcheck(http: BundlePlan["http"]): readonly string[] {
  if (http === undefined) {
    return ["    healthcheck: { disable: true } # the topology gives this node no http, so nothing can be asked"];
  }
  const host = ANYWHERE[http.host] ?? http.host;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${http.port}/health`;
  return [
    "    healthcheck:",
    `      test: [CMD, /opt/mss/deploy/healthcheck, "${url}"]`,
    "      interval: 10s",
    "      timeout: 5s",
    "      start_period: 20s",
  ];
}
