import { randomBytes } from "node:crypto";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const SDP =
  "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0 8 101\r\n" +
  "a=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n";

/** The first value of a header; the messages of a benchmark have no compact forms and no folds. */
export function headerOf(text: string, name: string): string {
  const start = text.indexOf(`\r\n${name}: `);
  const from = start + name.length + 4;
  return start < 0 ? "" : text.slice(from, text.indexOf("\r\n", from));
}

export interface RequestParts {
  readonly method: string;
  readonly server: Address;
  readonly own: Address;
  readonly callId: string;
  readonly sequence: number;
  /** Of the answer, for what is within a dialog. */
  readonly to?: string;
  readonly uri?: string;
  readonly branch?: string;
}

export function requestText(parts: RequestParts): string {
  const { method, server, own, callId, sequence } = parts;
  const body = method === "INVITE" ? SDP : "";
  const uri = parts.uri ?? `sip:service@${server.host}:${server.port}`;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/UDP ${own.host}:${own.port};branch=${parts.branch ?? `z9hG4bK${randomBytes(8).toString("hex")}`}`,
    "Max-Forwards: 70",
    `From: <sip:caller@${own.host}:${own.port}>;tag=${callId}`,
    `To: ${parts.to ?? `<sip:service@${server.host}:${server.port}>`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${sequence} ${method}`,
    `Contact: <sip:caller@${own.host}:${own.port}>`,
    ...(body === "" ? [] : ["Content-Type: application/sdp"]),
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}

export function responseText(request: string, status: string, own: Address): string {
  const to = headerOf(request, "To");
  const body = status === "200 OK" && request.startsWith("INVITE") ? SDP : "";
  return [
    `SIP/2.0 ${status}`,
    ...request.split("\r\n").filter((line) => line.startsWith("Via: ")),
    `From: ${headerOf(request, "From")}`,
    `To: ${to.includes(";tag=") ? to : `${to};tag=callee`}`,
    `Call-ID: ${headerOf(request, "Call-ID")}`,
    `CSeq: ${headerOf(request, "CSeq")}`,
    `Contact: <sip:callee@${own.host}:${own.port}>`,
    ...(body === "" ? [] : ["Content-Type: application/sdp"]),
    `Content-Length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
}
