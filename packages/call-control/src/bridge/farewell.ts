import type { SipHeaders } from "../drachtio/types.ts";
import type { DialogSide } from "./dialog-side.ts";

const FAREWELL_MS = 2_000; // most end points hang up by themselves when they hear that the call goes on without them

/** This end has nobody to talk to any more: it may hang up by itself, and is hung up when it does not. */
export function sayFarewell(side: DialogSide, headers: SipHeaders): void {
  if (side.isOver) {
    return;
  }
  side.listen((request) => {
    if (request.method === "BYE") {
      if (!request.fromEngine) {
        request.reply(200);
      }
      side.closed();
    } else if (request.method !== "ACK") {
      request.reply(481);
    }
  });
  setTimeout(() => side.bye(headers), FAREWELL_MS).unref();
}
