import { pairOf, PAIRS } from "../core/places.ts";
import { profileFlags } from "../core/options.ts";
import type { Bench } from "../core/options.ts";
import type { System } from "../core/system.ts";
import { hubWorkers } from "../systems/hub-workers.ts";
import { hub } from "../systems/hub.ts";
import { compare, textOf } from "./calls.ts";
import type { Contender } from "./contender.ts";

const WORKERS = 2;

/** The same callers for both: all pairs at every rate. */
function withAllPairs(system: System): System {
  const pairs = Array.from({ length: PAIRS - 1 }, (_unused, index) => pairOf(system.subnet, index + 1));
  return { ...system, start: async () => ({ ...(await system.start()), pairs }) };
}

function factors([one, many]: readonly Contender[]): string {
  const [rate, rates] = [one?.best?.callsPerSecond, many?.best?.callsPerSecond];
  if (one === undefined || many === undefined || rate === undefined || rates === undefined) {
    return "";
  }
  const common = one.steps.filter(
    (step) => step.isClean && many.steps.some((other) => other.isClean && other.callsPerSecond === step.callsPerSecond),
  );
  const times = common.map((step) => {
    const other = many.steps.find(({ callsPerSecond }) => callsPerSecond === step.callsPerSecond);
    return `${((other?.cpu ?? 0) / step.cpu).toFixed(2)} × at ${step.callsPerSecond}/s`;
  });
  return `- ${many.system.name} : ${one.system.name} = **${(rates / rate).toFixed(2)} ×** in clean calls a second; processor time of a call: ${times.join(", ")}`;
}

/** A hub in several processes beside the same in one. */
export const workers: Bench = {
  name: "workers",
  about: `calls a second through a hub in ${WORKERS} processes, beside the same in one`,
  async run(options) {
    const flags = profileFlags(options);
    const systems = [withAllPairs(hub({ subnet: 4, withRedis: true, flags })), hubWorkers({ workers: WORKERS, flags })];
    const contenders = await compare(systems, options);
    return { text: [factors(contenders), textOf(contenders)].filter((part) => part !== "").join("\n\n") };
  },
};
