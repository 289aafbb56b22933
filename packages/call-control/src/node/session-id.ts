import { sessionIdOf as readSessionId } from "../bridge/header-policy.ts";
import type { IncomingRequest } from "../drachtio/types.ts";

/** Names the call at every node: the first half of Session-ID, what comes after is about one leg. RFC 7989 §5; undefined when absent or not well-formed. */
export function sessionIdOf(request: Pick<IncomingRequest, "header">): string | undefined {
  return readSessionId((name) => request.header(name));
}
