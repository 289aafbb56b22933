import { type FieldList, fieldListOf } from "./header-list.ts";
import { type HeaderName, headerName, usualName } from "./header-name.ts";
import type { SipMessage } from "./message.ts";

/**
 * The same message in the one spelling that every reader sees alike: compact header names are written out, fields of
 * one name have one spelling, and names that are properties of JavaScript objects are left out. Values are collapsed
 * while they are read (`parseMessage`). Returns the message itself when nothing is to be changed, as with most.
 */
export function canonicalizeMessage<Message extends SipMessage>(message: Message): Message {
  const headers = fieldListOf(message.headers);
  return headers.hasOddNames ? { ...message, headers: canonicalFields(headers) } : message;
}

/** Read as keys of an object, these are what the object inherits. */
const INHERITED: ReadonlySet<string> = new Set(["__proto__", "constructor"]);

function canonicalFields(headers: FieldList): FieldList {
  const spellings = new Map<string, HeaderName>();
  return headers.renamed((name) => {
    if (INHERITED.has(name.key)) {
      return undefined;
    }
    const usual = name.isCompact ? headerName(usualName(name.key)) : name;
    const first = spellings.get(name.key);
    if (first === undefined) {
      spellings.set(name.key, usual);
    }
    return first ?? usual;
  });
}
