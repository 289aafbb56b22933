import { canonicalValue } from "./canonical-value.ts";
import { FieldList, fieldListOf } from "./header-list.ts";
import { type HeaderName, headerName, usualName } from "./header-name.ts";
import type { SipMessage } from "./message.ts";

/**
 * The same valid message in the one spelling that every reader sees alike: compact header names are written out, fields
 * of one name have one spelling, names that are properties of JavaScript objects are left out, and so are credentials
 * and challenges that cannot be read; addresses and Via that drachtio-srf would take for others get the quotes, brackets
 * and capitals that they lack. White space is collapsed while reading (`parseMessage`). Returns the message itself when
 * nothing is to be changed, as with most.
 */
export function canonicalizeMessage<Message extends SipMessage>(message: Message): Message {
  const headers = fieldListOf(message.headers);
  return headers.isCanonical || isCanonical(headers) ? message : { ...message, headers: canonicalFields(headers) };
}

function isCanonical(headers: FieldList): boolean {
  for (let index = 0; index < headers.length; index += 1) {
    const name = headers.headerNameAt(index);
    if (name === undefined || name.isOdd || canonicalValueAt(headers, index) !== headers.valueAt(index)) {
      return false;
    }
  }
  return true;
}

function canonicalValueAt(headers: FieldList, index: number): string | undefined {
  return canonicalValue(headers.valueAt(index), headers.headerNameAt(index)?.rule, headers);
}

/** Read as keys of an object, these are what the object inherits. */
const INHERITED: ReadonlySet<string> = new Set(["__proto__", "constructor"]);

function canonicalFields(headers: FieldList): FieldList {
  const spellings = new Map<string, HeaderName>();
  const names: HeaderName[] = [];
  const values: string[] = [];
  for (let index = 0; index < headers.length; index += 1) {
    const name = headers.headerNameAt(index);
    const value = canonicalValueAt(headers, index);
    if (name !== undefined && value !== undefined && !INHERITED.has(name.key)) {
      const spelling = spellings.get(name.key) ?? (name.isCompact ? headerName(usualName(name.key)) : name);
      spellings.set(name.key, spelling);
      names.push(spelling);
      values.push(value);
    }
  }
  return new FieldList(names, values, headers.safe);
}
