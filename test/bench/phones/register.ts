import { print } from "../core/machine.ts";
import { profileFlags } from "../core/options.ts";
import type { Bench } from "../core/options.ts";
import { delayAt } from "../core/stalls.ts";
import type { RunningSystem } from "../core/system.ts";
import { markdownTable } from "../core/table.ts";
import { BRANCH, BRANCH_ID, FIRST_PHONE, PHONE_PASSWORD, branch } from "../systems/branch.ts";
import { Fleet } from "./fleet.ts";

const PHONES = 1_000;
const REGISTRATIONS = 20_000;
const WARM_UP = 3_000;
const AT_ONCE = 64;
const STALL_SHARE = 0.999;
const NETWORK = 41;

interface Kind {
  readonly name: string;
  readonly isFresh: boolean;
}

const KINDS: readonly Kind[] = [
  { name: "refresh: signed with the nonce from before, one transaction", isFresh: false },
  { name: "with a challenge: REGISTER, 401, REGISTER, 200", isFresh: true },
];

async function rowOf({ name, isFresh }: Kind, fleet: Fleet, running: RunningSystem, count: number): Promise<string[]> {
  const [cpuBefore, stallsBefore] = [await running.processes.cpuMs(), await running.stalls?.()];
  const { done, failed, seconds, repeated, p99 } = await fleet.tell({
    kind: "inTurn",
    count,
    atOnce: AT_ONCE,
    isFresh,
  });
  const cpuMs = ((await running.processes.cpuMs()) - cpuBefore) / count;
  const stallsAfter = await running.stalls?.();
  const stall = stallsBefore && stallsAfter ? `≤ ${delayAt(STALL_SHARE, stallsBefore, stallsAfter)} ms` : "";
  const row = [
    name,
    (done / seconds).toFixed(0),
    (1000 / cpuMs).toFixed(0),
    cpuMs.toFixed(3),
    String(failed),
    String(repeated),
    `${(p99 ?? Number.NaN).toFixed(0)} ms`,
    stall,
  ];
  print(row.join("  "));
  return row;
}

/** Registrations of phones at a branch: digest with SHA-256, the binding in SQLite. */
export const register: Bench = {
  name: "register",
  about: "REGISTER with digest (SHA-256) and a write to SQLite, a second",
  async run(options) {
    const count = options.count ?? (options.quick ? WARM_UP : REGISTRATIONS);
    const running = await branch(profileFlags(options)).start();
    const place = {
      server: BRANCH,
      realm: BRANCH_ID,
      password: PHONE_PASSWORD,
      firstNumber: FIRST_PHONE,
      network: NETWORK,
    };
    const fleet = await Fleet.open({ ...place, phones: PHONES });
    try {
      await fleet.tell({ kind: "inTurn", count: WARM_UP, atOnce: AT_ONCE, isFresh: true });
      const rows: string[][] = [];
      for (const kind of KINDS) {
        rows.push(await rowOf(kind, fleet, running, count));
      }
      const head = [
        "registration",
        "a second, seen",
        "a second of one processor",
        "ms of processor time",
        "failed",
        "sent again",
        "p99",
        "stalls p99.9",
      ];
      return { text: `${count} each, of ${PHONES} phones, ${AT_ONCE} at a time.\n\n${markdownTable(head, rows)}` };
    } finally {
      await fleet.stop();
      await running.processes.stop();
    }
  },
};
