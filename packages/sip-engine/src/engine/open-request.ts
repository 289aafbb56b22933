import type { ServerTransaction } from "../transaction/types.ts";
import type { ControlClient } from "../wire/control-client.ts";
import type { Answer } from "./answer.ts";
import type { AppDialog } from "./core.ts";
import type { ReliableSender } from "./reliable-sender.ts";

/** A request from the network that an application is to answer. */
export interface OpenRequest {
  readonly transaction: ServerTransaction;
  readonly client: ControlClient;
  /** The dialog it came in; undefined for one that starts something new. */
  readonly within: AppDialog | undefined;
  /** drachtio's name of the dialog it came in, or would make. */
  readonly wireId: string;
  /** Our To tag, from the first answer that has one. */
  localTag: string | undefined;
  /** The dialog of a provisional answer to a new INVITE. */
  early: AppDialog | undefined;
  reliable: ReliableSender | undefined;
  /** A 2xx that waits for the PRACK of what was said before it. */
  held: Answer | undefined;
}
