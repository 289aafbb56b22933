import * as fc from "fast-check";
import type { Fates, World } from "./world.ts";

/** What the commands themselves remember, as naive as can be: what there may be to act on. */
export interface Model {
  apps: number;
  isBroken: boolean;
}

type Command = fc.AsyncCommand<Model, World>;

/** A command from what it does; `isPossible` and `change` speak of the model alone. */
class Act implements Command {
  readonly #name: string;
  readonly #perform: (world: World) => void | Promise<void>;
  readonly #isPossible: (model: Model) => boolean;
  readonly #change: (model: Model) => void;

  constructor(
    name: string,
    perform: (world: World) => void | Promise<void>,
    rules: { readonly isPossible?: (model: Model) => boolean; readonly change?: (model: Model) => void } = {},
  ) {
    this.#name = name;
    this.#perform = perform;
    this.#isPossible = rules.isPossible ?? (() => true);
    this.#change = rules.change ?? (() => undefined);
  }

  check(model: Readonly<Model>): boolean {
    return this.#isPossible(model);
  }

  async run(model: Model, world: World): Promise<void> {
    await this.#perform(world);
    this.#change(model);
    await world.settle();
  }

  toString(): string {
    return this.#name;
  }
}

const index = fc.nat(5);
const someStatus = fc.constantFrom(100, 180, 183, 200, 200, 202, 302, 404, 486, 487, 503, 603);
const outside = fc.constantFrom("OPTIONS", "MESSAGE", "REGISTER", "SUBSCRIBE", "NOTIFY", "BYE", "PRACK", "UPDATE");
const inside = fc.constantFrom("BYE", "BYE", "INVITE", "UPDATE", "INFO", "PRACK", "MESSAGE", "NOTIFY", "REFER");
const hasApps = { isPossible: ({ apps }: Model) => apps > 0 };

const ofPhones: readonly fc.Arbitrary<Command>[] = [
  fc
    .tuple(index, fc.boolean(), fc.boolean())
    .map(
      ([phone, acknowledges, supportsReliable]) =>
        new Act(`phone ${phone} calls (acks ${acknowledges}, 100rel ${supportsReliable})`, (world) =>
          phoneOf(world, phone)?.call({ acknowledges, supportsReliable }),
        ),
    ),
  fc
    .tuple(index, outside)
    .map(([phone, method]) => new Act(`phone ${phone} asks ${method}`, (world) => phoneOf(world, phone)?.ask(method))),
  fc
    .tuple(index, index, inside, fc.constantFrom(0, 0, 0, -1, 3))
    .map(
      ([phone, leg, method, late]) =>
        new Act(`phone ${phone} sends ${method} in ${leg} (${late})`, (world) =>
          phoneOf(world, phone)?.within(leg, method, late),
        ),
    ),
  fc
    .tuple(index, index)
    .map(([phone, leg]) => new Act(`phone ${phone} cancels ${leg}`, (world) => phoneOf(world, phone)?.cancel(leg))),
  fc
    .tuple(index, index)
    .map(
      ([phone, leg]) =>
        new Act(`phone ${phone} acks ${leg} for nothing`, (world) => phoneOf(world, phone)?.strayAck(leg)),
    ),
  fc
    .tuple(index, index, someStatus, fc.nat(2), fc.boolean())
    .map(
      ([phone, asked, status, fork, reliable]) =>
        new Act(`phone ${phone} answers ${asked} with ${status} (fork ${fork}, reliable ${reliable})`, (world) =>
          phoneOf(world, phone)?.answer(asked, status, { fork, reliable }),
        ),
    ),
];

const ofApps: readonly fc.Arbitrary<Command>[] = [
  fc
    .tuple(index, index, someStatus, fc.boolean())
    .map(
      ([app, got, status, reliable]) =>
        new Act(
          `app ${app} answers ${got} with ${status} (reliable ${reliable})`,
          (world) => appOf(world, app)?.answer(got, status, reliable),
          hasApps,
        ),
    ),
  fc
    .tuple(index, index, fc.constantFrom("INVITE", "INVITE", "INVITE", "OPTIONS", "SUBSCRIBE", "MESSAGE"))
    .map(
      ([app, phone, method]) =>
        new Act(
          `app ${app} sends ${method} to phone ${phone}`,
          (world) => appOf(world, app)?.start(method, phoneOf(world, phone)?.uri ?? ""),
          hasApps,
        ),
    ),
  fc
    .tuple(index, index, inside)
    .map(
      ([app, dialog, method]) =>
        new Act(
          `app ${app} sends ${method} in ${dialog}`,
          (world) => appOf(world, app)?.within(dialog, method),
          hasApps,
        ),
    ),
  fc
    .tuple(index, index)
    .map(
      ([app, dialog]) =>
        new Act(`app ${app} acks ${dialog} once more`, (world) => appOf(world, app)?.within(dialog, "ACK"), hasApps),
    ),
  fc
    .tuple(index, index)
    .map(([app, sent]) => new Act(`app ${app} cancels ${sent}`, (world) => appOf(world, app)?.cancel(sent), hasApps)),
  fc.tuple(index, index, fc.uniqueArray(fc.nat(1), { minLength: 1, maxLength: 2 }), fc.boolean()).map(
    ([app, got, targets, simultaneous]) =>
      new Act(
        `app ${app} has ${got} proxied to phones ${targets.join()} (at once ${simultaneous})`,
        (world) =>
          appOf(world, app)?.proxy(got, {
            targets: targets.map((target) => phoneOf(world, target)?.uri ?? ""),
            simultaneous,
          }),
        hasApps,
      ),
  ),
  fc
    .tuple(
      index,
      fc.constantFrom("sip|x|y\r\nINVITE", "sip", "proxy|x", "sip||\r\nSIP/2.0 200 OK\r\n\r\n", "never|heard"),
    )
    .map(([app, text]) => new Act(`app ${app} babbles ${text}`, (world) => appOf(world, app)?.babble(text), hasApps)),
  index.map(
    (app) =>
      new Act(`app ${app} goes`, (world) => world.disconnect(app), {
        ...hasApps,
        change: (model) => void (model.apps -= 1),
      }),
  ),
  fc.boolean().map(
    (acknowledges) =>
      new Act(`an app comes (acks ${acknowledges})`, (world) => world.connect(acknowledges), {
        isPossible: ({ apps }) => apps < 3,
        change: (model) => void (model.apps += 1),
      }),
  ),
];

const fates: fc.Arbitrary<Fates> = fc.array(fc.array(fc.constantFrom(0, 0, 0, 40, 700, 3_000), { maxLength: 3 }), {
  minLength: 1,
  maxLength: 8,
});

const ofTheWorld: readonly fc.Arbitrary<Command>[] = [
  fc
    .constantFrom(1, 250, 600, 2_500, 9_000, 35_000)
    .map((ms) => new Act(`${ms} ms pass`, (world) => world.advance(ms))),
  fates.map((list) => new Act(`packets fare ${JSON.stringify(list)}`, (world) => world.setFates(list))),
  index.map((phone) => new Act(`the connection to phone ${phone} is lost`, (world) => world.loseConnection(phone))),
  fc.constant(
    new Act("nothing can be sent", (world) => world.setBroken(true), {
      isPossible: ({ isBroken }) => !isBroken,
      change: (model) => void (model.isBroken = true),
    }),
  ),
  fc.constant(
    new Act("it can be sent again", (world) => world.setBroken(false), {
      isPossible: ({ isBroken }) => isBroken,
      change: (model) => void (model.isBroken = false),
    }),
  ),
];

function phoneOf(world: World, number: number): World["phones"][number] | undefined {
  return world.phones[number % world.phones.length];
}

function appOf(world: World, number: number): World["apps"][number] | undefined {
  return world.apps[number % Math.max(1, world.apps.length)];
}

/** Any order of what phones, applications and the network may do. */
export function anyCommands(maxCommands: number): fc.Arbitrary<Iterable<Command>> {
  const usual = ofApps.slice(0, 3);
  // Calls, answers and time more often than the rest, or few calls would ever be answered.
  const all = [
    ...ofPhones,
    ...ofPhones,
    ...ofPhones,
    ...usual,
    ...usual,
    ...ofApps,
    ...ofTheWorld,
    ...ofTheWorld.slice(0, 1),
  ];
  return fc.commands([...all], { maxCommands, size: "max" });
}
