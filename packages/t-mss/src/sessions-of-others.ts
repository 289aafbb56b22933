import type { ActiveCall } from "@mss/call-control";
import { fieldsOf, itemsOf } from "@mss/runtime";
import type { WorkerGroup } from "@mss/runtime";

const TOPIC = "calls of a session";
const TEXTS = ["id", "sessionId", "from", "to", "origin", "startedAt"] as const;
const STATES: readonly ActiveCall["state"][] = ["routing", "ringing", "answered", "ending"];

/** Asks the other processes of a hub for their calls of one session, and answers them for this one. */
export function sessionsOfOthers(
  group: WorkerGroup | undefined,
  activeCalls: () => readonly ActiveCall[],
): (sessionId: string) => Promise<readonly ActiveCall[]> {
  group?.onAsked(TOPIC, (value) => activeCalls().filter(({ sessionId }) => sessionId === value));
  return async (sessionId) => {
    const answers = (await group?.ask(TOPIC, sessionId)) ?? [];
    return answers.flatMap((answer) => itemsOf(answer).flatMap(readCall));
  };
}

function readCall(value: unknown): readonly ActiveCall[] {
  const given = fieldsOf(value);
  const [id = "", sessionId = "", from = "", to = "", origin = "", startedAt = ""] = TEXTS.map(
    (key) => given[key],
  ).filter((text) => typeof text === "string");
  const { target } = given;
  const state = STATES.find((each) => each === given["state"]);
  return state === undefined || startedAt === ""
    ? []
    : [{ id, sessionId, from, to, origin, startedAt, state, ...(typeof target === "string" ? { target } : {}) }];
}
