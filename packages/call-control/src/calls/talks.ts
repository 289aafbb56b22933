import type { DialogSide } from "../bridge/dialog-side.ts";
import type { ReplacedDialog } from "../bridge/refer-to.ts";
import type { Session } from "../bridge/session.ts";
import type { CallSlots } from "./call-slots.ts";

/** An answered call: its session, its id across nodes, and the slots that its trunk legs hold. */
export interface Talk {
  readonly session: Session;
  readonly sessionId: string;
  readonly slots: CallSlots;
}

interface Found {
  readonly talk: Talk;
  readonly side: DialogSide;
}

/** Every answered call of the node, found by its session or by one of its dialogs. */
export class Talks {
  readonly #bySession = new Map<Session, Talk>();
  readonly #byCallId = new Map<string, Found>();

  get size(): number {
    return this.#bySession.size;
  }

  /** Returns the function that takes it off. */
  add(talk: Talk): () => void {
    this.#bySession.set(talk.session, talk);
    for (const side of talk.session.sides) {
      this.#byCallId.set(side.ids.callId, { talk, side });
    }
    return () => this.#remove(talk);
  }

  of(session: Session): Talk | undefined {
    return this.#bySession.get(session);
  }

  /** The dialog that a Replaces names: Call-ID and both tags (RFC 3891 §3). */
  find({ callId, localTag, remoteTag }: ReplacedDialog): Found | undefined {
    const found = this.#byCallId.get(callId);
    const ids = found?.side.ids;
    return ids?.localTag === localTag && ids.remoteTag === remoteTag ? found : undefined;
  }

  /** A dialog that goes on in another call by now is not touched. */
  #remove(talk: Talk): void {
    this.#bySession.delete(talk.session);
    for (const { ids } of talk.session.sides) {
      if (this.#byCallId.get(ids.callId)?.talk === talk) {
        this.#byCallId.delete(ids.callId);
      }
    }
  }
}
