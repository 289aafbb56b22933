import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";
import { startRedis } from "@mss/store/testing";
import type { RedisServer } from "@mss/store/testing";

export interface GuardedRedis {
  /** With user, password and the files of TLS. */
  readonly url: string;
  readonly server: RedisServer;
  /** Of another authority than the server's. */
  readonly strangerCa: string;
  stop(): Promise<void>;
}

const DAY_MS = 86_400_000;
const PREFIX = "guarded";

/** What the README asks for: these commands and no other, these keys and no other. */
const ACL =
  `user hub on >hub-p%ss resetkeys ~${PREFIX}:* resetchannels &${PREFIX}:* ` +
  "-@all +@read +@write +@scripting +@connection +@pubsub -@dangerous -scan +time +info +cluster|slots +cluster|info";

/** A Redis on TLS that asks for a certificate, with a user for hubs and no default user. */
export async function startGuardedRedis(): Promise<GuardedRedis> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-guarded-"));
  const write = async (name: string, text: string): Promise<string> => {
    const file = path.join(folder, name);
    await writeFile(file, text);
    return file;
  };
  const validity = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + DAY_MS) };
  const [authority, stranger] = await Promise.all(
    ["acme", "other"].map((federation) => issueAuthority({ federation, validity, keyType: "ec" })),
  );
  if (authority === undefined || stranger === undefined) {
    throw new Error("two authorities were made");
  }
  const names = { domains: ["redis.acme"], addresses: ["127.0.0.1"] };
  const issued = await issueNodeCertificate({ authority, names, validity, keyType: "ec" });
  const [ca, cert, key, acl] = await Promise.all([
    write("ca.pem", authority.certificate),
    write("redis.crt", issued.certificate),
    write("redis.key", issued.key),
    write("users.acl", `user default off\n${ACL}\n`),
  ]);
  const server = await startRedis({ tls: { ca, cert, key }, args: ["--aclfile", acl] });
  const query = new Map(Object.entries({ prefix: PREFIX, ca, cert, key }));
  const parameters = [...query].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  return {
    url: `${server.url.replace("//", "//hub:hub-p%25ss@")}?${parameters}`,
    server,
    strangerCa: await write("stranger.pem", stranger.certificate),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
