import { isMoreExact } from "./exactness.ts";
import type { RuleName } from "./federation-rules.ts";
import type { CompiledRoute, HubPlanParts } from "./hub-plan-parts.ts";
import { rewriteNumber } from "./number-rewrite.ts";
import type { TableMatch } from "./prefix-table.ts";

/** A call that reaches nobody else at any hour. `rule` is what ends it; absent: nobody has the number. */
export interface DeadEnd {
  readonly rule?: RuleName;
}

/**
 * Why calls of that branch to that number reach no other branch, whatever the time; undefined where some call may. What a
 * branch calls within itself, and its emergency numbers, are no dead ends.
 */
export function deadEndOf<Branch extends string>(
  parts: HubPlanParts<Branch>,
  number: string,
  from: Branch,
): DeadEnd | undefined {
  if (parts.numbers.targetOf(number) === from || parts.emergency.get(from)?.has(number) === true) {
    return undefined;
  }
  const blocked = parts.blocked.alwaysFor(number, from);
  return blocked === undefined
    ? follow(parts, { number, applied: [] }, from)
    : { rule: { kind: "blocked", id: blocked } };
}

interface Passage {
  readonly number: string;
  readonly applied: readonly string[];
}

function follow<Branch extends string>(
  parts: HubPlanParts<Branch>,
  { number, applied }: Passage,
  from: Branch,
): DeadEnd | undefined {
  const owner = parts.numbers.match(number);
  let passedOver: RuleName | undefined;
  for (const match of parts.routes.matches(number)) {
    if (owner !== undefined && isMoreExact(owner, match)) {
      break;
    }
    const { id, conditions } = match.value;
    if (applied.includes(id)) {
      continue;
    }
    if (conditions.from !== undefined && !conditions.from.has(from)) {
      passedOver ??= { kind: "route", id };
      continue;
    }
    return conditions.when === undefined ? routed(parts, match, { number, applied }, from) : undefined;
  }
  if (owner === undefined) {
    return passedOver === undefined ? {} : { rule: passedOver };
  }
  return owner.target === from ? {} : undefined;
}

/** Of a route that takes the number: a dead end when all of its targets are. */
function routed<Branch extends string>(
  parts: HubPlanParts<Branch>,
  { value: route }: TableMatch<CompiledRoute<Branch>>,
  { number, applied }: Passage,
  from: Branch,
): DeadEnd | undefined {
  const reaches = route.targets.some((target) => {
    const rewritten = rewriteNumber(number, target);
    const next = rewritten !== undefined && { number: rewritten, applied: [...applied, route.id] };
    return next !== false && follow(parts, next, from) === undefined;
  });
  return reaches ? undefined : { rule: { kind: "route", id: route.id } };
}
