import type { BundlePlan } from "./bundle-plan.ts";

const FIRST_OPEN_PORT = 1024;

/** Ports that only root, or who has CAP_NET_BIND_SERVICE, may listen on. */
function hasLowPort({ listen, http }: Pick<BundlePlan, "listen" | "http">): boolean {
  return [...listen, ...(http === undefined ? [] : [http])].some(({ port }) => port > 0 && port < FIRST_OPEN_PORT);
}

/** What `mss@.service` needs to know of this node alone. */
export function dropInText({
  node,
  listen,
  http,
  secrets,
}: Pick<BundlePlan, "node" | "listen" | "http" | "secrets">): string {
  return [
    `# Of node ${node}, beside mss@.service.`,
    "[Service]",
    ...(secrets.length === 0
      ? []
      : [
          "# The service manager reads these as root and hands them to the node; the files are for nobody else's eyes.",
          ...secrets.map(({ name }) => `LoadCredential=${name}:/etc/mss/${node}/secrets/${name}`),
        ]),
    ...(hasLowPort({ listen, http })
      ? [
          `# It listens on a port below ${FIRST_OPEN_PORT}.`,
          "AmbientCapabilities=CAP_NET_BIND_SERVICE",
          "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
        ]
      : []),
    "",
  ].join("\n");
}
