import type { BridgePlan } from "./types.ts";

/**
 * The way of a call that has been at this node before and would go on to the next, this node at its end; undefined when it
 * has not, or ends here: a route may bring a call back to a phone of the branch that it comes from.
 */
export function loopOf({ path = [], steps }: Pick<BridgePlan, "path" | "steps">, node: string): Path | undefined {
  const goesOn = steps.some(({ targets }) => targets.some(({ trusted }) => trusted === true));
  return goesOn && path.includes(node) ? [...path, node] : undefined;
}

type Path = readonly string[];

/** Names the way: `SIP;cause=482;text="hk > hub-1 > london > hk"`. RFC 3326 §2. */
export function loopReason(path: Path): string {
  return `SIP;cause=482;text="${path.join(" > ")}"`;
}
