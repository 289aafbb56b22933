import assert from "node:assert/strict";
import * as fc from "fast-check";
import { anyCommands } from "./commands.ts";
import { ALWAYS, everythingSentHasEnded, livingDialogs, successesAreAcknowledged } from "./oracles.ts";
import { World } from "./world.ts";
import type { WorldOptions } from "./world.ts";

/** Longest of all: an INVITE that came last is given up after Timer C and 64*T1, its ACK is awaited for 64*T1 more. */
const ALL_TIMERS_MS = 181_000 + 32_000 + 32_000 + 40_000;
const GRACE_AND_BYES_MS = 2_000 + 64_000 + 10_000;
const LONG_MS = 3_600_000;

export interface RunOptions {
  readonly seed: number;
  readonly runs: number;
  readonly maxCommands: number;
  /** Of a counterexample, to run it alone. */
  readonly path?: string;
}

/** Lets anything happen to an engine and asks every oracle about it, until a counterexample is found. */
export async function runModel({ seed, runs, maxCommands, path }: RunOptions): Promise<void> {
  const property = fc.asyncProperty(
    anyCommands(maxCommands),
    fc.constantFrom("udp" as const, "udp" as const, "tcp" as const),
    fc.boolean(),
    async (commands, transport, isReachable) => {
      await play({ transport, isReachable }, (real) =>
        fc.asyncModelRun(() => ({ model: { apps: 1, isBroken: false }, real }), commands),
      );
    },
  );
  await fc.assert(property, {
    seed,
    numRuns: runs,
    ...(path === undefined ? {} : { path }),
  });
}

function expectNone(faults: readonly string[]): void {
  assert.deepEqual(faults, []);
}

/** Lets one thing after the other happen, and asks every oracle about it. */
export async function play(options: WorldOptions, script: (world: World) => Promise<void>): Promise<void> {
  const world = new World(options);
  try {
    await world.start();
    world.connect(true);
    await world.settle();
    await script(world);
    await end(world);
  } catch (error) {
    throw new Error(`${String(error)}\n${world.history.toString()}`, { cause: error });
  } finally {
    await world.stop();
  }
}

/** All timers run, then the applications go, then all of theirs runs: nothing may be left. */
async function end(world: World): Promise<void> {
  const { history, engine } = world;
  world.setBroken(false);
  world.setFates([[0]]);
  await world.advance(ALL_TIMERS_MS);
  for (const oracle of Object.values(ALWAYS)) {
    expectNone(oracle(history));
  }
  expectNone(everythingSentHasEnded(history, new Set(world.apps.map(({ connection }) => connection))));
  const stats = engine.stats();
  assert.deepEqual(stats.transactions, { client: 0, server: 0, refused: 0 }, "transactions when all timers have run");
  assert.deepEqual({ open: stats.openRequests, proxies: stats.proxies }, { open: 0, proxies: 0 });
  const { calls, subscriptions } = livingDialogs(history);
  const isRight = stats.dialogs >= calls.length && stats.dialogs <= calls.length + subscriptions.length;
  assert.ok(isRight, `${stats.dialogs} dialogs; living: ${calls.join(", ")}, perhaps ${subscriptions.join(", ")}`);
  while (world.apps.length > 0) {
    await world.disconnect(0);
  }
  await world.settle();
  await world.advance(GRACE_AND_BYES_MS);
  const { dialogs, transactions } = engine.stats();
  assert.deepEqual(
    { dialogs, ...transactions, held: world.held },
    { dialogs: 0, client: 0, server: 0, refused: 0, held: 0 },
  );
  for (const oracle of [...Object.values(ALWAYS), successesAreAcknowledged]) {
    expectNone(oracle(history));
  }
  const before = history.crossings.length;
  await world.advance(LONG_MS);
  assert.equal(history.crossings.length, before, "nothing is sent when all has ended");
  assert.equal(world.clock.pending, 0, "timers that are left");
}
