/** A SIP message as it stood on the wire; read with nothing of the code under test. */
export interface WireMessage {
  readonly text: string;
  readonly startLine: string;
  /** Of a request. */
  readonly method: string | undefined;
  /** Of a response. */
  readonly status: number | undefined;
  readonly body: string;
  /** Value of the first header of that name, as written; empty when there is none. */
  get(name: string): string;
  /** Values of all headers of that name, in order; a header with several values counts as one. */
  all(name: string): readonly string[];
}

const COMPACT_NAMES: Readonly<Record<string, string>> = {
  c: "content-type",
  f: "from",
  i: "call-id",
  k: "supported",
  l: "content-length",
  m: "contact",
  t: "to",
  v: "via",
};

function longName(name: string): string {
  const lower = name.trim().toLowerCase();
  return COMPACT_NAMES[lower] ?? lower;
}

export function readMessage(text: string): WireMessage {
  const end = text.indexOf("\r\n\r\n");
  const [startLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line): readonly [string, string] => {
    const colon = line.indexOf(":");
    return [longName(line.slice(0, colon)), line.slice(colon + 1).trim()];
  });
  const all = (name: string): readonly string[] =>
    headers.filter(([key]) => key === longName(name)).map(([, value]) => value);
  const isResponse = startLine.startsWith("SIP/2.0 ");
  return {
    text,
    startLine,
    method: isResponse ? undefined : (startLine.split(" ")[0] ?? ""),
    status: isResponse ? Number(startLine.split(" ")[1]) : undefined,
    body: text.slice(end + 4),
    get: (name) => all(name)[0] ?? "",
    all,
  };
}

/** Cuts the first whole message off a stream; undefined while it has not come to its end. */
export function cutMessage(stream: string): { readonly message: string; readonly rest: string } | undefined {
  const text = stream.replace(/^(?:\r\n)+/, ""); // keepalive
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) {
    return undefined;
  }
  const length = end + 4 + Number(readMessage(text.slice(0, end + 4)).get("Content-Length"));
  return text.length < length ? undefined : { message: text.slice(0, length), rest: text.slice(length) };
}

/** What stands in angle brackets, or the value without its parameters. */
export function uriOf(headerValue: string): string {
  return /<([^>]*)>/.exec(headerValue)?.[1] ?? headerValue.split(";")[0] ?? "";
}

/** The parameter of a header, outside of the angle brackets. */
export function parameterOf(headerValue: string, name: string): string | undefined {
  const parameters = headerValue.slice(headerValue.indexOf(">") + 1).split(/[;,]/);
  const found = parameters.find((parameter) => parameter.trim().startsWith(`${name}=`));
  return found?.trim().slice(name.length + 1);
}

export function tagOf(headerValue: string): string {
  return parameterOf(headerValue, "tag") ?? "";
}

export function sequenceOf(message: WireMessage): number {
  return Number.parseInt(message.get("CSeq"), 10);
}
