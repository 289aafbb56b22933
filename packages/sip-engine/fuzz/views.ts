import { createRequire } from "node:module";
import { branchOf, parseCSeq, parseNameAddressList, tagOf, toText, topVia } from "@mss/sip-message";
import type { SipMessage } from "@mss/sip-message";

/** What decides where a message belongs and what it does, as text, so that two readers can be compared. */
export type View = Readonly<Record<string, string>>;

export function ownView(message: SipMessage): View {
  const { headers, body } = message;
  const via = topVia(message);
  const sequence = parseCSeq(headers.get("cseq") ?? "");
  return {
    start: message.kind === "request" ? `${message.method} ${toText(message.uri)}` : String(message.status),
    callId: toText(headers.get("call-id") ?? ""),
    fromTag: tagText(tagOf(headers.get("from") ?? "")),
    toTag: tagText(tagOf(headers.get("to") ?? "")),
    sequence: sequence === undefined ? "none" : `${sequence.sequence} ${sequence.method}`,
    contacts: contactsOf(headers.all("contact")),
    branch: via === undefined ? "none" : via.host.includes(":") ? "beyond IPv6" : tagText(branchOf(via)),
    contentLength: String(body.length),
    body: toText(body),
    ...headerView(message),
  };
}

function tagText(tag: string | undefined): string {
  return tag === undefined ? "none" : `=${toText(tag)}`;
}

function contactsOf(values: readonly string[]): string {
  const uris = values.flatMap((value) =>
    value === "*" ? ["*"] : (parseNameAddressList(value) ?? []).map(({ uri }) => uri),
  );
  return toText(uris.join(" "));
}

/**
 * Every header as one value, for a reader that joins fields with commas. White space beyond ASCII at its beginning is
 * left out, as drachtio-srf does; Content-Length is compared by itself, since it is written anew.
 */
function headerView({ headers }: SipMessage): View {
  const view: Record<string, string> = {};
  for (const { name } of headers) {
    const key = name.toLowerCase();
    if (key !== "content-length") {
      view[`header ${key}`] = headers
        .all(name)
        .map((value) => toText(value).trimStart())
        .join(",");
    }
  }
  return view;
}

interface Parsed {
  readonly method?: string;
  readonly uri?: string;
  readonly status?: number;
  readonly body?: string;
  get(name: string): string | undefined;
  getParsedHeader(name: string): unknown;
}

type ParsedClass = new (text: string) => Parsed;

function isClass(value: unknown): value is ParsedClass {
  return typeof value === "function";
}

// By file: the class is not among the public names of drachtio-srf.
const loaded: unknown = createRequire(import.meta.url)("drachtio-srf/lib/sip-parser/message.js");
if (!isClass(loaded)) {
  throw new TypeError("drachtio-srf has another message class than the one compared here");
}
const DrachtioMessage = loaded;

/** What an application sees: bytes of the control connection, decoded as drachtio-srf does. Throws what that throws. */
export function readByDrachtio(byteText: string): Parsed {
  return new DrachtioMessage(Buffer.from(byteText, "latin1").toString("utf8"));
}

/** `own` says which headers to look up and whether the Via can be compared at all. */
export function drachtioView(parsed: Parsed, own: View): View {
  const view: Record<string, string> = {
    start: parsed.method === undefined ? String(parsed.status) : `${parsed.method} ${parsed.uri}`,
    callId: parsed.get("call-id") ?? "",
    fromTag: tagText(parameterOf(parsed.getParsedHeader("from"), "tag")),
    toTag: tagText(parameterOf(parsed.getParsedHeader("to"), "tag")),
    sequence: `${textAt(parsed.getParsedHeader("cseq"), "seq")} ${textAt(parsed.getParsedHeader("cseq"), "method")}`,
    contacts:
      parsed.get("contact") === undefined
        ? ""
        : itemsOf(parsed.getParsedHeader("contact"))
            .map((item) => textAt(item, "uri"))
            .join(" "),
    // drachtio-srf cannot read an IPv6 sent-by, nor anything after it.
    branch:
      own["branch"] === "beyond IPv6"
        ? "beyond IPv6"
        : tagText(parameterOf(itemsOf(parsed.getParsedHeader("via"))[0], "branch")),
    contentLength: parsed.get("content-length") ?? "",
    body: parsed.body ?? "",
  };
  for (const key of Object.keys(own)) {
    if (key.startsWith("header ")) {
      view[key] = parsed.get(key.slice("header ".length)) ?? "absent";
    }
  }
  return view;
}

const TYPED = [
  [
    "to",
    "from",
    "contact",
    "route",
    "record-route",
    "path",
    "cseq",
    "content-length",
    "via",
    "refer-to",
    "referred-by",
  ],
  ["www-authenticate", "proxy-authenticate", "authorization", "proxy-authorization", "authentication-info"],
  ["p-asserted-identity", "remote-party-id"],
].flat();

/** Asks drachtio-srf for every typed header, as an application may: for its cost and for what it throws. */
export function readAllByDrachtio(parsed: Parsed, own: View): void {
  for (const name of TYPED) {
    if (Object.hasOwn(own, `header ${name}`)) {
      parsed.getParsedHeader(name);
    }
  }
}

function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function textAt(value: unknown, name: string): string {
  return String(propertyOf(value, name));
}

function parameterOf(value: unknown, name: string): string | undefined {
  const parameters = propertyOf(value, "params");
  const isThere = typeof parameters === "object" && parameters !== null && Object.hasOwn(parameters, name);
  return isThere ? String(propertyOf(parameters, name)) : undefined;
}
