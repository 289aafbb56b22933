import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile, readdir, readlink } from "node:fs/promises";
import { connect } from "node:net";
import { afterEach, test } from "node:test";
import { closeOf, inTime } from "../support/peer/waiting.ts";
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

test(
  "SEC-39: a node listens where its settings say, and for its own application on loopback alone",
  { skip },
  async () => {
    const all = await listeners();
    const sip = Object.values(site.hosts).map((host) => `${host}:5060`);
    const others = all.filter(({ host, port }) => !sip.includes(`${host}:${port}`));
    assert.equal(all.length - others.length, 3);
    assert.ok(others.length >= 3, "the control ports");
    assert.ok(
      others.every(({ host }) => host === "127.0.0.1"),
      JSON.stringify(others),
    );
  },
);

function frame(text: string): string {
  return `${text.length}#${text}`;
}

const BEFORE_LOGIN: readonly string[] = [
  frame("1|authenticate|cymru|"),
  frame("1|authenticate||"),
  frame(`1|authenticate|${"x".repeat(1000)}|`),
  frame("1|route|INVITE"),
  frame("1|sip||\r\nINVITE sip:1000@127.21.7.2 SIP/2.0\r\n\r\n"),
  "0#",
  "-1#x",
  "1e308#x",
  "0x10#xxxxxxxxxxxxxxxx",
  "99999999999999999999#x",
  "1073741824#x",
  "x".repeat(70_000),
  "1".repeat(70_000),
  `65537#${"x".repeat(70_000)}`,
  "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
  "\0\0\0\0",
];

test(
  "SEC-39: who does not know the secret of a control port gets nothing by it but the end of the connection",
  { skip },
  async () => {
    for (const { host, port } of (await listeners()).filter((each) => each.host === "127.0.0.1")) {
      for (const text of BEFORE_LOGIN) {
        const socket = connect({ host, port });
        let answer = "";
        socket.on("data", (bytes: Buffer) => {
          answer += bytes.toString("latin1");
        });
        socket.write(text, "latin1");
        await inTime(closeOf(socket), () => `the end of a connection after ${text.slice(0, 40)}`, 30_000);
        assert.doesNotMatch(answer, /\|OK/, text.slice(0, 40));
      }
    }
  },
);

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
