import type { SipRequest } from "@mss/sip-message";
import type { Flow, Target } from "../transport/types.ts";
import type { DialogState } from "./dialog-state.ts";
import { dialogKey } from "./dialog-state.ts";
import type { Session } from "./session.ts";

/** An ACK as it was sent: sent again, byte for byte, for each repetition of the 2xx. RFC 3261 §13.2.2.4. */
export interface SentAck {
  readonly sequence: number;
  readonly request: SipRequest;
  readonly target: Target;
}

/** Something that waits for the other side and must be called off when the dialog ends. */
export interface Pending {
  stop(): void;
}

/** A dialog of the table, with what the engine must remember beside the state of RFC 3261. */
export interface Dialog<Owner> {
  /** drachtio's name: `Call-ID;from-tag=…`, the tag of who sent the first request; see `forkWireIdOf`. */
  readonly wireId: string;
  readonly method: "INVITE" | "SUBSCRIBE";
  /** The application; undefined when it has gone. */
  owner: Owner | undefined;
  /** The kind of application that may take the dialog over, while it has no owner. */
  heirs: string | undefined;
  state: DialogState;
  /** Where the peer was heard last. */
  flow: Flow | undefined;
  /** The peer's Contact is no address that it can be reached at: requests go to where it was heard. */
  behindNat: boolean;
  /** Lets go of the connection of `flow`, which is kept open for the dialog. */
  releaseFlow: (() => void) | undefined;
  /** CSeq number of our INVITE whose 2xx the application has not acknowledged yet. */
  unacknowledged: number | undefined;
  /** The INVITE was cancelled before its 2xx came: the ACK is followed by BYE. */
  endAfterAck: boolean;
  sentAck: SentAck | undefined;
  /** Our 2xx that waits for its ACK. */
  awaitedAck: (Pending & { readonly sequence: number; readonly transactionId: string }) | undefined;
  /** An INVITE of ours within the dialog that has no final answer. */
  ownInvite: { cancel(): void } | undefined;
  /** An UPDATE of ours that offers something and has no final answer. RFC 3311 §5.2. */
  ownUpdate: boolean;
  /** The peer's UPDATE that the application has not answered. */
  peerUpdate: boolean;
  /** The peer's re-INVITE that the application has not answered. */
  peerInvite: boolean;
  /** Undefined while no session timer runs. */
  session: Session | undefined;
  /** RSeq of the last reliable provisional response we took: RFC 3262 §4. */
  reliableSequence: number | undefined;
  /** The Contact the application gave for this dialog. */
  localContact: string | undefined;
  /** BYE is under way: the dialog is kept only to answer what still comes. */
  ending: boolean;
  /** It has left the table: what still arrives for it changes nothing, and nothing more is kept for it. */
  ended: boolean;
}

/** drachtio's name of a dialog. */
export function wireIdOf(callId: string, fromTag: string): string {
  return `${callId};from-tag=${fromTag}`;
}

/**
 * The name of a further early dialog of one INVITE: its forks ring at the same time, and an application must be able to
 * acknowledge and update each. drachtio-srf takes the name as it comes. The one that is answered has the plain name.
 */
export function forkWireIdOf(wireId: string, remoteTag: string): string {
  return `${wireId};to-tag=${remoteTag}`;
}

export function createDialog<Owner>(
  state: DialogState,
  options: {
    readonly method: "INVITE" | "SUBSCRIBE";
    readonly owner: Owner | undefined;
    /** In the place of the name that follows from Call-ID and tags. */
    readonly wireId?: string;
  },
): Dialog<Owner> {
  return {
    wireId: options.wireId ?? wireIdOf(state.callId, state.role === "uac" ? state.localTag : state.remoteTag),
    method: options.method,
    owner: options.owner,
    heirs: undefined,
    state,
    flow: undefined,
    behindNat: false,
    releaseFlow: undefined,
    unacknowledged: undefined,
    endAfterAck: false,
    sentAck: undefined,
    awaitedAck: undefined,
    ownInvite: undefined,
    ownUpdate: false,
    peerUpdate: false,
    peerInvite: false,
    session: undefined,
    reliableSequence: undefined,
    localContact: undefined,
    ending: false,
    ended: false,
  };
}

/**
 * All dialogs of an engine. Found from the network by all three identifiers of RFC 3261 §12; from an application by the
 * wire id, which names one dialog at a time.
 */
export class DialogTable<Owner> {
  readonly #byKey = new Map<string, Dialog<Owner>>();
  readonly #byWireId = new Map<string, Dialog<Owner>>();

  get size(): number {
    return this.#byKey.size;
  }

  /** Makes the dialog known to the network side. */
  add(dialog: Dialog<Owner>): void {
    const { callId, localTag, remoteTag } = dialog.state;
    this.#byKey.set(dialogKey(callId, localTag, remoteTag), dialog);
  }

  /** Makes the dialog the one that its wire id means to the application. */
  name(dialog: Dialog<Owner>): void {
    this.#byWireId.set(dialog.wireId, dialog);
  }

  /** The application cannot reach the dialog any more. */
  unname(dialog: Dialog<Owner>): void {
    if (this.#byWireId.get(dialog.wireId) === dialog) {
      this.#byWireId.delete(dialog.wireId);
    }
  }

  find(callId: string, localTag: string, remoteTag: string): Dialog<Owner> | undefined {
    return this.#byKey.get(dialogKey(callId, localTag, remoteTag));
  }

  named(wireId: string): Dialog<Owner> | undefined {
    return this.#byWireId.get(wireId);
  }

  /** Calls off what waits, and forgets the dialog. */
  remove(dialog: Dialog<Owner>): void {
    dialog.ended = true;
    const { callId, localTag, remoteTag } = dialog.state;
    const key = dialogKey(callId, localTag, remoteTag);
    if (this.#byKey.get(key) === dialog) {
      this.#byKey.delete(key);
    }
    this.unname(dialog);
    dialog.awaitedAck?.stop();
    dialog.awaitedAck = undefined;
    dialog.session?.stop();
    dialog.session = undefined;
    dialog.releaseFlow?.();
    dialog.releaseFlow = undefined;
  }

  [Symbol.iterator](): IterableIterator<Dialog<Owner>> {
    return this.#byKey.values();
  }
}
