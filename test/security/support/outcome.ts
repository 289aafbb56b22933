import type { WireMessage } from "../../support/peer/message.ts";
import type { Peer, RequestParts } from "../../support/peer/peer.ts";

/** The final answer to a request without credentials; that of an INVITE is acknowledged. */
export async function outcome(peer: Peer, method: string, parts: RequestParts): Promise<WireMessage> {
  const request = peer.request(method, parts);
  const final = await peer.final(request);
  if (method === "INVITE") {
    peer.ofInvite("ACK", request, { to: final.get("To") });
  }
  return final;
}
