import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { startBranch } from "@mss/l-mss";
import { branchIdSchema, extensionNumberSchema, hubIdSchema } from "@mss/model";
import { silentLog } from "@mss/runtime";
import { runSipp, skipWithoutSipp, startSipp, succeeded } from "../support/sipp.ts";

const HOST = "::1";
const PHONE_PORTS = { "1000": 5072, "1001": 5071 } as const;

/** A branch on IPv6 loopback that has no hub: local calls never depend on one. */
async function startOnIpv6(t: TestContext): Promise<void> {
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "mss-ipv6-"));
  const branch = await startBranch({
    settings: {
      id: branchIdSchema.parse("hk"),
      name: "hk",
      federation: "ipv6",
      listen: [{ transport: "udp", host: HOST, port: 5060 }],
      numbers: ["1xxx"],
      numbersElsewhere: [],
      extensions: new Map(
        Object.keys(PHONE_PORTS).map((number) => [extensionNumberSchema.parse(number), { secret: `phone-${number}` }]),
      ),
      trunk: {
        secret: "trunk-secret",
        hubs: [{ id: hubIdSchema.parse("hub-1"), addresses: [{ transport: "udp", host: HOST, port: 5081 }] }],
      },
      registration: { minExpiresSeconds: 10, maxExpiresSeconds: 3600, defaultExpiresSeconds: 600 },
      digestAlgorithms: ["MD5"], // SIPp 3.6 gives up when the first challenge is SHA-256
      maxContacts: 3,
      ringTimeoutMs: 20_000,
      dataDirectory,
      logLevel: "info",
    },
    engine: { kind: "embedded" },
    log: silentLog(),
  });
  t.after(async () => {
    await branch.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  });
}

interface Phone {
  readonly local: string;
  readonly port: number;
}

function phone(number: keyof typeof PHONE_PORTS): Phone {
  return { local: HOST, port: PHONE_PORTS[number] };
}

interface Credentials {
  readonly remote: string;
  readonly caller: string;
  readonly password: string;
}

function credentials(number: string): Credentials {
  return { remote: HOST, caller: number, password: `phone-${number}` };
}

test("phones on IPv6 register, call each other and hang up", { skip: skipWithoutSipp() }, async (t) => {
  await startOnIpv6(t);
  await runSipp(t, {
    ...phone("1001"),
    ...credentials("1001"),
    scenario: "register",
    number: "1001",
    keys: { expires: "600" },
  });
  const callee = await startSipp(t, { ...phone("1001"), scenario: "uas-answers-and-waits-bye", number: "1001" });
  await runSipp(t, {
    ...phone("1000"),
    ...credentials("1000"),
    scenario: "uac-answered-hangs-up",
    number: "1001",
  });
  await succeeded(callee);
});
