import type { SipRequest } from "@mss/sip-message";
import type { ClientTransaction } from "../transaction/types.ts";
import type { ListenAddress } from "../transport/types.ts";
import type { ControlClient } from "../wire/control-client.ts";
import type { MessagePath } from "../wire/notices.ts";
import type { AppDialog } from "./core.ts";

/** A request of an application outside any dialog, and the dialogs that its answers made. */
export interface OutgoingCall {
  readonly client: ControlClient;
  readonly transaction: ClientTransaction;
  /** As it was built, without Via. */
  readonly request: SipRequest;
  readonly sequence: number;
  /** Empty for methods that make no dialog: drachtio-server tells no dialog id for them. */
  readonly dialogId: string;
  readonly own: ListenAddress;
  /** Where it went, for the answers that the engine makes up when none came. */
  readonly path: MessagePath;
  /** The Contact the application gave, as it was sent. */
  readonly localContact: string | undefined;
  cancelled: boolean;
  /** The dialog of the first 2xx. */
  answered: AppDialog | undefined;
  /** Dialogs of provisional responses, one per fork. */
  readonly early: AppDialog[];
}
