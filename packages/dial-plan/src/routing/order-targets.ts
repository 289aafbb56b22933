import { createHash } from "node:crypto";

interface Ranked {
  readonly priority?: number | undefined;
  readonly weight?: number | undefined;
}

const STANDARD_PRIORITY = 1;
const STANDARD_WEIGHT = 1;

/**
 * Targets in the order in which a call tries them: lower priorities first, and within one priority by chance, each as
 * often as its weight says (as RFC 2782 does with SRV records). `draw` is the chance, 0 to below 1: the same draw gives
 * the same order.
 */
export function orderTargets<Target extends Ranked>(targets: readonly Target[], draw: number): readonly Target[] {
  const groups = Map.groupBy(targets, ({ priority }) => priority ?? STANDARD_PRIORITY);
  return [...groups]
    .toSorted(([one], [other]) => one - other)
    .flatMap(([, group]) => (group.length === 1 ? group : drawn(group, draw)));
}

/** Takes one target after the other; where the draw fell within the share of one is the draw for those that are left. */
function drawn<Target extends Ranked>(group: readonly Target[], draw: number): readonly Target[] {
  const left = [...group];
  const order: Target[] = [];
  let rest = draw;
  while (left.length > 0) {
    const total = left.reduce((sum, target) => sum + weightOf(target), 0);
    let point = rest * total;
    let position = 0;
    while (position + 1 < left.length && point >= weightOf(left[position])) {
      point -= weightOf(left[position]);
      position += 1;
    }
    const [chosen] = left.splice(position, 1);
    if (chosen !== undefined) {
      order.push(chosen);
      rest = Math.min(point / weightOf(chosen), 1 - Number.EPSILON);
    }
  }
  return order;
}

/** The part of the calls that tries this target before the others of its priority, 0 to 1. */
export function shareOf<Target extends Ranked>(target: Target, targets: readonly Target[]): number {
  const priority = target.priority ?? STANDARD_PRIORITY;
  const group = targets.filter((other) => (other.priority ?? STANDARD_PRIORITY) === priority);
  return weightOf(target) / group.reduce((sum, other) => sum + weightOf(other), 0);
}

function weightOf(target: Ranked | undefined): number {
  return target?.weight ?? STANDARD_WEIGHT;
}

/** The draw that belongs to a text, such as the Session-ID of a call: at every hub and in every replay the same one. */
export function drawOf(text: string): number {
  return createHash("sha256").update(text).digest().readUIntBE(0, 6) / 2 ** 48;
}
