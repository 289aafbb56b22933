/**
 * A fixed audio offer or answer (RFC 4566) for a phone without media: one PCMU line that is never sent to.
 * `number` only makes the two sides of a call tell-tale apart.
 */
export function sessionDescription(number: string, host: string): string {
  return [
    "v=0",
    `o=${number} 1 1 IN IP4 ${host}`,
    "s=demo",
    `c=IN IP4 ${host}`,
    "t=0 0",
    "m=audio 4000 RTP/AVP 0",
    "a=rtpmap:0 PCMU/8000",
    "a=inactive",
    "",
  ].join("\r\n");
}
