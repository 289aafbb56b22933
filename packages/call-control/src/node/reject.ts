import { ERRORS } from "../errors.ts";
import type { CallErrorCode } from "../errors.ts";
import type { Reply } from "../pipeline.ts";

/** Ends a pipeline with a row of the error table; `origin` when it is known who called. */
export function reject(code: CallErrorCode, origin?: string): Reply {
  return { kind: "reply", status: ERRORS[code].sip, code, ...(origin === undefined ? {} : { origin }) };
}
