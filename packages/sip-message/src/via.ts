import { TOKEN_OR_HOST } from "./characters.ts";
import { formatHostPort } from "./host-port.ts";
import { fieldListOf } from "./header-list.ts";
import { splitList } from "./list.ts";
import type { SipMessage } from "./message.ts";
import { formatParameters, parseParameters } from "./parameters.ts";
import { ViaEntry } from "./via-entry.ts";
import type { Via } from "./via-value.ts";

const entry = new ViaEntry();

/** Reads the first entry of a Via value; undefined when it is malformed or of another version than SIP/2.0. */
export function parseVia(value: string): Via | undefined {
  if (!entry.read(value, 0)) {
    return undefined;
  }
  const parameters = parseParameters(value.slice(entry.parametersStart, entry.end), 0, TOKEN_OR_HOST);
  const transport = value.slice(entry.transportStart, entry.transportEnd).toUpperCase();
  const host = value.slice(entry.hostStart, entry.hostEnd);
  return {
    transport,
    host,
    ...(entry.port === 0 ? {} : { port: entry.port }),
    parameters: parameters ?? new Map<string, string>(),
  };
}

/** The topmost Via, if there is one and it is well-formed. Read once for each header list. */
export function topVia(message: SipMessage): Via | undefined {
  const headers = fieldListOf(message.headers);
  if (headers.topVia === "unread") {
    const value = headers.get("via");
    headers.topVia = value === undefined ? undefined : parseVia(value);
  }
  return headers.topVia;
}

/** The message with another topmost Via, which is not read again; the entries below it stay, each in a field of its own. */
export function withTopVia<Message extends SipMessage>(message: Message, via: Via): Message {
  const [first = "", ...fields] = message.headers.all("via");
  const below = first.includes(",") ? splitList(first).slice(1) : [];
  const headers = fieldListOf(message.headers.with("Via", formatVia(via), ...below, ...fields));
  headers.topVia = via;
  return { ...message, headers };
}

export function formatVia(via: Via): string {
  return `SIP/2.0/${via.transport} ${formatHostPort(via)}${formatParameters(via.parameters)}`;
}

export function branchOf(via: Via): string | undefined {
  return via.parameters.get("branch");
}
