import { DESK_PHONE_INVITE } from "@mss/sip-message/testing";

/** As many INVITEs with SDP, each a call of its own. */
export function datagrams(count: number, round: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const text = DESK_PHONE_INVITE.replace("hash4", `hash4${round}x${index}`).replace(
      "Call-ID: ",
      `Call-ID: ${round}x${index}`,
    );
    return Buffer.from(text, "latin1");
  });
}
