// Loaded into a node before anything else (`--import`): reads what it is to suffer from a file, again and again.
import { readFileSync } from "node:fs";
import { z } from "zod";

/** What the nodes suffer; what is absent is as it should be. */
const commandSchema = z.strictObject({
  /** Added to the wall clock: to what `Date` says, not to the monotonic clock. */
  clockOffsetMs: z.number().default(0),
  /** At that node every so manyth look-up of a trunk throws. */
  throwsAt: z.string().optional(),
  throwsEvery: z.number().default(1),
});
export type AgentCommand = z.input<typeof commandSchema>;

const POLL_MS = 100;
/** By its address, since it is no name of its package: what it exports is changed here, not used. */
const TRUNK_LOCATIONS = new URL("../../packages/t-mss/src/trunk-locations.ts", import.meta.url).href;
const file = process.env["CHAOS_AGENT_FILE"] ?? "";
const node = process.env["CHAOS_AGENT_NODE"] ?? "";

let command = commandSchema.parse({});
let lookUps = 0;

if (node !== "") {
  shiftDate();
  await throwInRouting();
  setInterval(read, POLL_MS).unref();
}

function read(): void {
  try {
    command = commandSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return; // half written, or not there yet
  }
}

function shiftDate(): void {
  const RealDate = Date;
  const now = (): number => RealDate.now() + command.clockOffsetMs;
  globalThis.Date = new Proxy(RealDate, {
    construct(target, args: unknown[], newTarget): object {
      const made: unknown = Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget);
      return made instanceof RealDate ? made : new RealDate(Number.NaN);
    },
    get: (target, name): unknown => (name === "now" ? now : Reflect.get(target, name)),
  });
}

/** A hub asks its memory of where branches are for every call. */
async function throwInRouting(): Promise<void> {
  const loaded: unknown = await import(TRUNK_LOCATIONS);
  const { TrunkLocations } = z.looseObject({ TrunkLocations: z.custom<new () => object>() }).parse(loaded);
  const prototype: unknown = TrunkLocations.prototype;
  const find: unknown = Object.getOwnPropertyDescriptor(prototype, "find")?.value;
  if (typeof find !== "function" || typeof prototype !== "object" || prototype === null) {
    throw new TypeError("trunk locations are not looked up by `find` any more");
  }
  Object.defineProperty(prototype, "find", {
    value(this: unknown, ...args: unknown[]): unknown {
      lookUps += 1;
      if (command.throwsAt === node && lookUps % command.throwsEvery === 0) {
        throw new TypeError("an error that was put in");
      }
      return Reflect.apply(find, this, args);
    },
  });
}
