import type { ActiveCall } from "../call-control-types.ts";
import type { CallErrorCode } from "../errors.ts";

/** A call that is being set up or is up, however it began. */
export interface LiveCall {
  readonly active: ActiveCall;
  /** Ends the call, whatever its state. */
  hangUp(code: CallErrorCode): void;
  /** The engine is away: nothing can be said to anybody. Returns the dialogs that may still be there when it is back. */
  abandon(): readonly string[];
}
