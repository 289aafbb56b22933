import assert from "node:assert/strict";
import { test } from "node:test";
import { play, runModel } from "../../fuzz/model/calls.ts";
import { titleOf } from "../../fuzz/model/history.ts";
import type { World } from "../../fuzz/model/world.ts";

/** Some seconds; `fuzz/model/main.ts` makes thousands. */
const RUNS = 60;
const MAX_COMMANDS = 30;
const SEED = 20_261_124;

for (const part of [0, 1]) {
  test(`SEC-42: phones, applications and network do what they like, part ${part}: no oracle minds, nothing is left`, async () => {
    await runModel({ seed: SEED + part, runs: RUNS, maxCommands: MAX_COMMANDS });
  });
}

const CALL = { acknowledges: true, supportsReliable: true };
const PLAIN = { fork: 0, reliable: false };
const UDP = { transport: "udp", isReachable: true } as const;

/** First words of what the engine sent: methods and statuses, repetitions and all. */
function sent(world: World, method: string): readonly string[] {
  return world.history
    .messages("out")
    .map(titleOf)
    .filter((title) => title.includes(`${method})`))
    .map((title) => title.split(" ")[0] ?? "");
}

function parts({ phones, apps }: World): {
  readonly phone: World["phones"][number];
  readonly app: World["apps"][number];
} {
  const [phone] = phones;
  const [app] = apps;
  assert.ok(phone !== undefined && app !== undefined);
  return { phone, app };
}

/** What the model has found: each of these ended otherwise once. `play` asks every oracle at the end. */
const FOUND: Readonly<Record<string, (world: World) => Promise<void>>> = {
  "the requests of an application that cannot be reached and never answers are forgotten": async (world) => {
    const { phone } = parts(world);
    world.setBroken(true);
    phone.call(CALL); // its 100 cannot be sent, and that was all that was ever told
    await world.advance(214_000);
    assert.equal(world.engine.stats().openRequests, 0);
  },
  "a request whose answer could not be sent is not carried out again when it is repeated": async (world) => {
    const { phone, app } = parts(world);
    phone.ask("MESSAGE");
    await world.settle();
    world.setBroken(true);
    app.answer(0, 200, false);
    await world.settle();
    world.setBroken(false);
    await world.advance(600);
    assert.equal(app.got.length, 1);
    assert.deepEqual(sent(world, "MESSAGE"), ["200", "200"]);
  },
  "the end of a proxied request is told once": async (world) => {
    const { phone, app } = parts(world);
    phone.ask("OPTIONS");
    await world.advance(9_000);
    app.proxy(0, { targets: [world.phones[1]?.uri ?? ""], simultaneous: false });
    await world.advance(60_000);
  },
  "a subscription that is accepted for an application that has gone gets no ACK": async (world) => {
    const { phone, app } = parts(world);
    app.start("SUBSCRIBE", phone.uri);
    await world.settle();
    await world.disconnect(0);
    phone.answer(0, 200, PLAIN);
    await world.settle();
    assert.deepEqual(sent(world, "ACK"), []);
  },
  "a call that its peer has ended is not ended again when its application has gone": async (world) => {
    const { phone, app } = parts(world);
    phone.call(CALL);
    await world.settle();
    app.answer(0, 200, false);
    await world.settle();
    await world.disconnect(0);
    phone.within(0, "BYE", 0);
    await world.settle();
    await world.advance(10_000);
    assert.deepEqual(sent(world, "BYE"), ["200"]);
  },
  "a call whose application goes before its ACK is acknowledged, then ended": async (world) => {
    await world.disconnect(0);
    world.connect(false);
    await world.settle();
    const { phone, app } = parts(world);
    app.start("INVITE", phone.uri);
    await world.settle();
    phone.answer(0, 200, PLAIN);
    await world.settle();
    await world.disconnect(0);
    await world.advance(2_000);
    assert.deepEqual([sent(world, "ACK"), sent(world, "BYE")], [["ACK"], ["BYE"]]);
  },
  "an application that ends a call without ACK has it acknowledged first": async (world) => {
    await world.disconnect(0);
    world.connect(false);
    await world.settle();
    const { phone, app } = parts(world);
    app.start("INVITE", phone.uri);
    await world.settle();
    phone.answer(0, 200, PLAIN);
    await world.settle();
    app.within(0, "BYE");
    await world.settle();
    assert.deepEqual([sent(world, "ACK"), sent(world, "BYE")], [["ACK"], ["BYE"]]);
  },
  "a re-INVITE that is accepted after the call has ended waits for no ACK": async (world) => {
    const { phone, app } = parts(world);
    phone.call(CALL);
    await world.settle();
    app.answer(0, 200, false);
    await world.settle();
    phone.within(0, "INVITE", 0);
    await world.settle();
    app.within(0, "BYE");
    await world.settle();
    phone.answer(0, 200, PLAIN);
    await world.settle();
    app.answer(1, 200, false);
    await world.settle();
    const before = sent(world, "INVITE").length;
    await world.advance(70_000);
    assert.equal(sent(world, "INVITE").length, before);
    assert.deepEqual(sent(world, "BYE"), ["BYE"]);
    assert.equal(world.held, 0);
  },
  "nothing is kept for a dialog that has ended when an answer comes late": async (world) => {
    const { phone, app } = parts(world);
    phone.call(CALL);
    await world.settle();
    app.answer(0, 200, false);
    await world.settle();
    app.within(0, "UPDATE");
    await world.settle();
    phone.within(0, "BYE", 0);
    await world.settle();
    phone.answer(0, 200, PLAIN);
    await world.advance(70_000);
    assert.equal(world.held, 0);
  },
};

for (const [name, script] of Object.entries(FOUND)) {
  test(name, () => play(UDP, script));
}

test("who may be false and has heard a provisional answer hears the final one, once at least", async () => {
  await play({ transport: "udp", isReachable: false }, async (world) => {
    const { phone, app } = parts(world);
    phone.call(CALL);
    await world.settle();
    app.answer(0, 180, true); // and never a PRACK: by its repetitions three times what came has been sent
    await world.advance(32_000);
    assert.equal(sent(world, "INVITE").at(-1), "504");
  });
});
