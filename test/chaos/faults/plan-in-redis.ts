import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "@mss/runtime";
import { asAdmin, startRedis, startRedisSentinel } from "@mss/store/testing";
import type { RedisSentinel, RedisServer } from "@mss/store/testing";
import { PlanEditor, variant } from "../../support/plan-editor.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { UNTOUCHED } from "../fault.ts";
import type { Fault, Miss } from "../fault.ts";
import { FEDERATION, HUBS } from "../federation.ts";
import type { ChaosFederation, HubName } from "../federation.ts";

/** CH-04: as long as it may take until somebody is told. */
const ALARM_LIMIT_MS = 2_000;
/** CH-03: from the death of the master to the next change that is taken. */
const WRITES_RESUME_LIMIT_MS = 5_000;
const NOTICE_LIMIT_MS = 15_000;
/** A machine under load may hold a hub, or this, up: how soon is what bench/apply.ts of t-mss measures. */
const IN_FORCE_LIMIT_MS = 60_000;
const SWAPS = 1_000;
const PASSWORD = "of-the-hubs";
const RIGHTS = "allkeys allchannels +@all".split(" ");

async function revisionOf(federation: ChaosFederation, hub: HubName): Promise<number> {
  return Number((await federation.health(hub))?.["planRevision"] ?? Number.NaN);
}

async function allHave(federation: ChaosFederation, revision: number): Promise<boolean> {
  const revisions = await Promise.all(HUBS.map((hub) => revisionOf(federation, hub)));
  return revisions.every((each) => each === revision);
}

/** Looks at both hubs as long as `body` takes: their revision must never go back. */
async function neverBackwards(federation: ChaosFederation, miss: Miss, body: () => Promise<void>): Promise<void> {
  const over = new AbortController();
  const watch = async (hub: HubName): Promise<void> => {
    let highest = 0;
    while (!over.signal.aborted) {
      const revision = await revisionOf(federation, hub);
      if (revision < highest) {
        miss(`${hub} went from revision ${highest} back to ${revision}`);
      }
      highest = Math.max(highest, Number.isNaN(revision) ? 0 : revision);
      await sleep(50);
    }
  };
  const watches = HUBS.map(watch);
  try {
    await body();
  } finally {
    over.abort();
    await Promise.all(watches);
  }
}

async function withEditor(url: string, body: (editor: PlanEditor) => Promise<void>): Promise<void> {
  const editor = await PlanEditor.open(url, FEDERATION);
  try {
    await body(editor);
  } finally {
    await editor.stop();
  }
}

async function since(startMs: number, what: string, isSo: () => Promise<boolean>): Promise<number> {
  await waitUntil(what, isSo, NOTICE_LIMIT_MS);
  return performance.now() - startMs;
}

function within(took: number, limitMs: number, what: string, miss: Miss): void {
  if (took > limitMs) {
    miss(`${what} after ${(took / 1_000).toFixed(1)} s`);
  }
}

const flushed: Fault = {
  id: "CH-04",
  name: "Redis flushed",
  demands: UNTOUCHED,
  needs: {}, // the plan that it leaves is not that of the others
  begin: (federation, miss) =>
    neverBackwards(federation, miss, () =>
      withEditor(federation.redis.url, async (editor) => {
        const before = await editor.applyWhenUp(variant(1));
        await waitUntil("both hubs have it", () => allHave(federation, before));
        const start = performance.now();
        await federation.redis.flush();
        const told = async (): Promise<boolean> => {
          const reports = await Promise.all(HUBS.map((hub) => federation.health(hub)));
          return reports.some((report) => Number(report?.["planGivenBack"]) > 0);
        };
        within(await since(start, "a hub tells of it", told), ALARM_LIMIT_MS, "told", miss);
        within(
          await since(start, "Redis has the plan again", async () => (await editor.revision()) === before),
          ALARM_LIMIT_MS,
          "given back",
          miss,
        );
        if (!(await allHave(federation, before))) {
          miss("a hub has another revision in force");
        }
        const next = await editor.applyWhenUp(variant(2));
        await waitUntil("both hubs have the next", () => allHave(federation, next));
      }),
    ),
  lastsMs: 5_000,
  afterMs: 2_000,
};

function failedOver(): Fault {
  let sentinel: RedisSentinel | undefined;
  return {
    id: "CH-03",
    name: "Redis master killed, Sentinel fails over",
    demands: UNTOUCHED,
    needs: { openStore: async () => (sentinel = await startRedisSentinel()) },
    begin: (federation, miss) =>
      neverBackwards(federation, miss, () =>
        withEditor(sentinel?.url ?? "", async (editor) => {
          const before = await editor.applyWhenUp(variant(1));
          await waitUntil("both hubs have it", () => allHave(federation, before));
          const start = performance.now();
          await sentinel?.master.kill();
          let next = 0;
          const took = await since(start, "a change is taken", async () => {
            try {
              next = await editor.apply(variant(2));
              return true;
            } catch (error) {
              if (hasCode(error, "STORE_UNAVAILABLE")) {
                return false;
              }
              throw error;
            }
          });
          within(took, WRITES_RESUME_LIMIT_MS, "writes resumed", miss);
          await waitUntil("both hubs have it", () => allHave(federation, next));
        }),
      ),
    lastsMs: 5_000,
    afterMs: 3_000,
  };
}

async function setPassword(server: RedisServer, password: string): Promise<void> {
  await asAdmin(server, (admin) => admin.call("ACL", "SETUSER", "hub", "reset", "on", `>${password}`, ...RIGHTS));
  await asAdmin(server, (admin) => admin.call("CLIENT", "KILL", "USER", "hub"));
}

async function degraded(federation: ChaosFederation, is: boolean): Promise<boolean> {
  const reports = await Promise.all(HUBS.map((hub) => federation.health(hub)));
  return reports.every((report) => report?.["degraded"] === is);
}

function wrongPassword(): Fault {
  let server: RedisServer | undefined;
  let url = "";
  return {
    id: "CH-05",
    name: "Redis refuses the password",
    demands: UNTOUCHED,
    needs: {
      async openStore() {
        server = await startRedis();
        await setPassword(server, PASSWORD);
        url = server.url.replace("redis://", `redis://hub:${PASSWORD}@`);
        return { url, stop: () => server?.stop() ?? Promise.resolve() };
      },
    },
    async begin(federation, miss) {
      await (server && setPassword(server, "another"));
      await waitUntil("both hubs say that they are degraded", () => degraded(federation, true), NOTICE_LIMIT_MS);
      const isRefused = async (): Promise<boolean> => {
        const reports = await Promise.all(HUBS.map((hub) => federation.health(hub)));
        return reports.every((report) => report?.["storeReason"] === "STORE_ACCESS_DENIED");
      };
      await waitUntil("both hubs say why", isRefused, NOTICE_LIMIT_MS);
      await withEditor(url, async (editor) => {
        const outcome = await editor.apply(variant(1)).catch((error: unknown) => error);
        if (!hasCode(outcome, "STORE_ACCESS_DENIED", "STORE_UNAVAILABLE")) {
          miss("an edit was not refused");
        }
      });
    },
    lastsMs: 8_000,
    async end(federation) {
      await (server && setPassword(server, PASSWORD));
      await waitUntil("both hubs are well again", () => degraded(federation, false), NOTICE_LIMIT_MS);
      await withEditor(url, async (editor) => {
        const next = await editor.applyWhenUp(variant(2));
        await waitUntil("both hubs have the next", () => allHave(federation, next));
      });
    },
    afterMs: 2_000,
  };
}

const swapped: Fault = {
  id: "CH-24",
  name: `${SWAPS} changes of the plan`,
  demands: UNTOUCHED,
  needs: {}, // the plan that it leaves is not that of the others
  begin: (federation, miss) =>
    neverBackwards(federation, miss, () =>
      withEditor(federation.redis.url, async (editor) => {
        for (let turn = 1; turn <= SWAPS; turn += 1) {
          const revision = await editor.applyWhenUp(variant(turn));
          await waitUntil(
            `both hubs have revision ${revision}`,
            () => allHave(federation, revision),
            IN_FORCE_LIMIT_MS,
          );
        }
      }),
    ),
  lastsMs: 0,
  afterMs: 2_000,
};

/** What may happen to Redis and to the plan in it, beyond a Redis that is killed or hangs. */
export const PLAN_FAULTS: readonly Fault[] = [failedOver(), flushed, wrongPassword(), swapped];
