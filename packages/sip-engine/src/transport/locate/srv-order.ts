import type { SrvRecord } from "./name-server.ts";

/**
 * SRV records in the order of trial: by priority, and within one by chance in proportion to the weight. RFC 2782.
 * `random` gives 0 up to 1, without 1.
 */
export function orderSrv(records: readonly SrvRecord[], random: () => number = Math.random): readonly SrvRecord[] {
  const byPriority = Map.groupBy(records, ({ priority }) => priority);
  const priorities = [...byPriority.keys()].toSorted((one, other) => one - other);
  return priorities.flatMap((priority) => drawAll(byPriority.get(priority) ?? [], random));
}

function drawAll(records: readonly SrvRecord[], random: () => number): readonly SrvRecord[] {
  const left = records.toSorted((one, other) => one.weight - other.weight); // weight 0 first: a small chance, not none
  const drawn: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    let rest = Math.floor(random() * (total + 1));
    const position = left.findIndex(({ weight }) => {
      rest -= weight;
      return rest <= 0;
    });
    drawn.push(...left.splice(Math.max(position, 0), 1));
  }
  return drawn;
}
