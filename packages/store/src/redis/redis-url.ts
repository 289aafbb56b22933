import { isIP } from "node:net";
import { StoreError } from "../errors.ts";

export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
}

/** Paths of PEM files; absent: what the operating system trusts, and no certificate of our own. */
export interface RedisTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The one name that every server's certificate must have; absent: the host that was connected to. */
  readonly servername?: string;
}

interface CommonAddress {
  /** One server; the sentinels; or some nodes of the cluster, which name the others. */
  readonly nodes: readonly RedisEndpoint[];
  readonly tls?: RedisTls;
  readonly username?: string;
  readonly password?: string;
  /** First word of every key. */
  readonly prefix?: string;
  /** `host:port`, several with commas, for logs and error details. */
  readonly endpoint: string;
}

/** Where Redis is and how to log in there. */
export type RedisAddress = CommonAddress &
  (
    | { readonly mode: "single"; readonly database: number }
    | {
        readonly mode: "sentinel";
        readonly database: number;
        /** Name of the master that the sentinels watch. */
        readonly master: string;
        readonly sentinelUsername?: string;
        readonly sentinelPassword?: string;
      }
    | { readonly mode: "cluster" }
  );

export const URL_FORMS = [
  "redis://[user:password@]host[:port][/database]",
  "redis-sentinel://[user:password@]host[:port],…/master[/database]",
  "redis-cluster://[user:password@]host[:port],…",
];

const PARAMETERS = ["prefix", "ca", "cert", "key", "servername", "sentinelUsername", "sentinelPassword"] as const;
type Parameters = Readonly<Partial<Record<(typeof PARAMETERS)[number], string>>>;

const URL_PARTS =
  /^(?<secure>redis|rediss)(?:-(?<kind>sentinel|cluster))?:\/\/(?:(?<login>[^@/?#]*)@)?(?<hosts>[^@/?#]+)(?:\/(?<path>[^?#]*))?(?:\?(?<query>[^#]*))?$/;
const DEFAULT_PORTS = { single: 6379, sentinel: 26_379, cluster: 6379 } as const;

function refused(reason: string): StoreError {
  return new StoreError("STORE_BAD_URL", { reason, forms: URL_FORMS });
}

/**
 * Reads one of `URL_FORMS`; `rediss` for TLS; `?prefix=…&ca=FILE&cert=FILE&key=FILE&servername=…` at the end. Throws
 * `STORE_BAD_URL` with the reason, without the URL, since that may hold a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const parts = URL_PARTS.exec(text)?.groups;
  if (parts === undefined) {
    throw refused("it has none of the forms; reserved characters in a password are percent-encoded");
  }
  const kind = parts["kind"];
  const mode = kind === "sentinel" || kind === "cluster" ? kind : "single";
  const parameters = readParameters(parts["query"] ?? "");
  const common = {
    nodes: readNodes(parts["hosts"] ?? "", mode),
    ...readLogin(parts["login"]),
    ...readTls(parts["secure"] === "rediss", parameters),
    ...(parameters.prefix === undefined ? {} : { prefix: parameters.prefix }),
  };
  const endpoint = common.nodes.map(({ host, port }) => `${isIP(host) === 6 ? `[${host}]` : host}:${port}`).join(",");
  const path = (parts["path"] ?? "").split("/").map(decoded);
  return { ...common, endpoint, ...readPlace(mode, path, parameters) };
}

function readPlace(mode: RedisAddress["mode"], path: readonly string[], parameters: Parameters) {
  const { sentinelUsername, sentinelPassword } = parameters;
  if (mode !== "sentinel" && (sentinelUsername ?? sentinelPassword) !== undefined) {
    throw refused("sentinelUsername and sentinelPassword belong to redis-sentinel:");
  }
  if (mode === "cluster") {
    if (path.some((part) => part !== "" && part !== "0")) {
      throw refused("a cluster has database 0 only");
    }
    return { mode };
  }
  if (mode === "single") {
    return { mode, database: readDatabase(path) };
  }
  const [master = "", ...rest] = path;
  if (master === "") {
    throw refused("the name of the master is missing behind the sentinels: …/mymaster");
  }
  return {
    mode,
    master,
    database: readDatabase(rest),
    ...(sentinelUsername === undefined ? {} : { sentinelUsername }),
    ...(sentinelPassword === undefined ? {} : { sentinelPassword }),
  };
}

function readDatabase([text = "", ...rest]: readonly string[]): number {
  if (!/^\d{0,4}$/.test(text) || rest.some((part) => part !== "")) {
    throw refused("the database is a number");
  }
  return Number(text);
}

function readNodes(hosts: string, mode: RedisAddress["mode"]): readonly RedisEndpoint[] {
  const nodes = hosts.split(",").map((text): RedisEndpoint => {
    const url = URL.parse(`redis://${text}`);
    if (url === null || url.hostname === "" || url.port === "0") {
      throw refused("a host is missing or its port is no port");
    }
    const port = url.port === "" ? DEFAULT_PORTS[mode] : Number(url.port);
    return { host: url.hostname.replace(/^\[|\]$/g, ""), port };
  });
  if (mode === "single" && nodes.length > 1) {
    throw refused("several hosts are redis-sentinel: or redis-cluster:");
  }
  return nodes;
}

function readLogin(login: string | undefined): { username?: string; password?: string } {
  if (login === undefined || login === "") {
    return {};
  }
  const colon = login.indexOf(":");
  const [username, password] = colon < 0 ? [login, ""] : [login.slice(0, colon), login.slice(colon + 1)];
  return {
    ...(username === "" ? {} : { username: decoded(username) }),
    ...(password === "" ? {} : { password: decoded(password) }),
  };
}

function readTls(secure: boolean, { ca, cert, key, servername }: Parameters): { tls?: RedisTls } {
  if (!secure) {
    if ((ca ?? cert ?? key ?? servername) !== undefined) {
      throw refused("ca, cert, key and servername belong to rediss:");
    }
    return {};
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw refused("cert and key go together");
  }
  return {
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
    },
  };
}

function readParameters(query: string): Parameters {
  const found = new Map<string, string>();
  for (const pair of query.split("&").filter((text) => text !== "")) {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const value = equals < 0 ? "" : decoded(pair.slice(equals + 1));
    if (!PARAMETERS.some((known) => known === name)) {
      throw refused(`there is no parameter ${name.slice(0, 40)}; there are ${PARAMETERS.join(", ")}`);
    }
    if (value === "") {
      throw refused(`${name} has no value`);
    }
    found.set(name, value);
  }
  return Object.fromEntries(found);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw refused("something in it is not percent-encoded UTF-8");
  }
}
