import { toBytes } from "../../byte-text.ts";

/**
 * A message as byte text, from a template that begins with a line break: lines end in CR LF, backslashes are
 * themselves, letters beyond ASCII become UTF-8. Values put in may hold any byte text.
 */
export function wire(template: TemplateStringsArray, ...values: readonly string[]): string {
  return template.raw
    .map((text, index) => toBytes(text.replaceAll("\n", "\r\n")) + (values[index] ?? ""))
    .join("")
    .slice("\r\n".length);
}

export interface SdpOptions {
  readonly address?: string;
  /** Of the `c=` line, when it differs. */
  readonly connection?: string;
  readonly time?: string;
  readonly audio?: string;
  readonly video?: readonly string[];
}

/** The session description that most messages of RFC 4475 carry. */
export function sdp(options: SdpOptions = {}): string {
  const { address = "192.0.2.1", connection = address, time = "0 0", audio = "49217 RTP/AVP 0 12" } = options;
  const { video = ["m=video 3227 RTP/AVP 31", "a=rtpmap:31 LPC"] } = options;
  const lines = ["v=0", `o=mhandley 29739 7272939 IN IP4 ${address}`, "s=-", `c=IN IP4 ${connection}`];
  return [...lines, `t=${time}`, `m=audio ${audio}`, ...video, ""].join("\r\n");
}
