import { randomUUID } from "node:crypto";
import { parseCSeq } from "@mss/sip-message";
import type { ClientTransaction } from "../transaction/types.ts";
import type { ListenAddress } from "../transport/types.ts";
import type { SipCommand } from "../wire/commands.ts";
import type { ControlClient } from "../wire/control-client.ts";
import { formatNotOk, formatRequestSent } from "../wire/notices.ts";
import { readAppHeaders } from "./app-headers.ts";
import { ownPath, textOf } from "./core.ts";
import { buildRequest } from "./message-builder.ts";

/** An INVITE of an application that has no final answer. */
export interface Cancellable {
  readonly client: ControlClient;
  readonly transaction: ClientTransaction;
  readonly own: ListenAddress;
  readonly onCancel?: () => void;
}

/** The INVITEs that applications may still cancel, by transaction id. */
export class Cancellables {
  readonly #byTransaction = new Map<string, Cancellable>();

  add(cancellable: Cancellable): void {
    this.#byTransaction.set(cancellable.transaction.id, cancellable);
  }

  remove(transactionId: string): void {
    this.#byTransaction.delete(transactionId);
  }

  /** Cancels for an application and tells it the CANCEL. Its 200 is not told, as with drachtio-server. */
  cancel(client: ControlClient, command: SipCommand): void {
    const cancellable = this.#byTransaction.get(command.transactionId);
    if (cancellable === undefined || cancellable.client !== client) {
      client.send(formatNotOk(command.id, `unable to cancel unknown transaction id: ${command.transactionId}`));
      return;
    }
    const { transaction } = cancellable;
    const { others } = readAppHeaders(command.message);
    cancellable.onCancel?.();
    transaction.cancel(others);
    const { headers, uri } = transaction.request;
    const cancel = buildRequest({
      method: "CANCEL",
      uri,
      from: headers.get("From") ?? "",
      to: headers.get("To") ?? "",
      callId: headers.get("Call-ID") ?? "",
      sequence: parseCSeq(headers.get("CSeq") ?? "")?.sequence ?? 0,
      others,
    });
    const text = textOf({ ...cancel, headers: cancel.headers.prepend("Via", headers.get("Via") ?? "") });
    const path = ownPath(cancellable.own);
    client.send(formatRequestSent(command.id, { path, transactionId: randomUUID(), dialogId: "", text }));
  }

  /** Cancels everything of an application that is gone. */
  dropClient(client: ControlClient): void {
    for (const cancellable of this.#byTransaction.values()) {
      if (cancellable.client === client) {
        cancellable.onCancel?.();
        cancellable.transaction.cancel();
      }
    }
  }
}
