import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, readdir, readlink } from "node:fs/promises";
import { afterEach, test } from "node:test";
import { startSite } from "./support/site.ts";

const site = await startSite({ net: 7 });
const skip = existsSync("/proc/self/net/tcp") ? false : "needs /proc, to find the sockets of this process";

afterEach(() => site.stillServes());

interface Listener {
  readonly host: string;
  readonly port: number;
}

const LISTENING = "0A";

/** IPv4 addresses that this process listens on by TCP. */
async function listeners(): Promise<readonly Listener[]> {
  const own = new Set<string>();
  for (const descriptor of await readdir("/proc/self/fd")) {
    const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => "");
    own.add(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? "");
  }
  const [, ...rows] = (await readFile("/proc/self/net/tcp", "utf8")).trim().split("\n");
  return rows.flatMap((row) => {
    const [, local = "", , state, , , , , , inode = ""] = row.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    const host = (address.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16));
    return state === LISTENING && own.has(inode) ? [{ host: host.join("."), port: Number.parseInt(port, 16) }] : [];
  });
}

test("SEC-39: a node listens where its settings say and nowhere else", { skip }, async () => {
  const sip = Object.values(site.hosts).map((host) => `${host}:5060`);
  assert.deepEqual((await listeners()).map(({ host, port }) => `${host}:${port}`).toSorted(), sip.toSorted());
});

test("SEC-43: an address in another spelling is the same source, or none", async () => {
  const stranger = await site.stranger();
  for (const host of [`[::ffff:${site.hosts.hub}]`, `[::ffff:7f15:701]`, "[::1]", site.hosts.hub.replace(".", ".0")]) {
    const request = stranger.request("INVITE", {
      uri: `sip:1008@${site.hosts.hk}`,
      from: `<sip:hub-1@${host}>;tag=a`,
      contact: `<sip:hub-1@${host}:5060>`,
      to: `<sip:1008@${site.hosts.hk}>`,
    });
    const final = await stranger.final(request);
    assert.ok(final.status === 407 || final.status === 400, `${host}: ${final.startLine}`);
    stranger.ofInvite("ACK", request, { to: final.get("To") });
  }
});
