import { pathOf } from "../bridge/path.ts";
import type { PathProof } from "../bridge/path.ts";
import type { IncomingRequest } from "../drachtio/types.ts";
import { sessionIdOf } from "./session-id.ts";

/** `path` of a plan for a call that a peer brings; empty where it says nothing, or its word does not fit the proof. */
export function pathOfCall(request: Pick<IncomingRequest, "header">, proof: PathProof): readonly string[] {
  return pathOf((name) => request.header(name), sessionIdOf(request), proof);
}
