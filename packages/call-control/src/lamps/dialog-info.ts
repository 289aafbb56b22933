/** What a lamp shows of a number. `unreachable`: the node or branch that knows is away. */
export type LampState = "idle" | "ringing" | "busy" | "not-registered" | "unreachable";

export interface DialogInfo {
  /** Whom it is about, as the watcher named it. */
  readonly entity: string;
  /** Counts up with each document of a subscription, from 0. */
  readonly version: number;
  readonly state: LampState;
}

export const DIALOG_INFO = "application/dialog-info+xml";

const MAX_DOCUMENT_LENGTH = 65_536;

/*
 * RFC 4235 §4.1.2. A number that cannot be called is a dialog that was refused, with the status that a call would get: so the
 * states are told apart without a word of our own. Who talks with whom is not told.
 */
const DIALOGS: Readonly<Record<LampState, string>> = {
  idle: "",
  ringing: '<dialog id="1" direction="recipient"><state>early</state></dialog>',
  busy: '<dialog id="1"><state>confirmed</state></dialog>',
  "not-registered": '<dialog id="1"><state event="rejected" code="480">terminated</state></dialog>',
  unreachable: '<dialog id="1"><state event="error" code="503">terminated</state></dialog>',
};

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
/** What XML 1.0 §2.2 has no place for, not even escaped; beyond ASCII the entity is percent-encoded anyway. */
const NOT_XML = /[^\x20-\x7e]/g;

function escaped(text: string): string {
  return text.replaceAll(NOT_XML, "?").replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? "");
}

/** A full document of the `dialog` event package. */
export function dialogInfo({ entity, version, state }: DialogInfo): string {
  const attributes = `xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="full"`;
  return `<?xml version="1.0"?>\r\n<dialog-info ${attributes} entity="${escaped(entity)}">${DIALOGS[state]}</dialog-info>\r\n`;
}

const STATE = /<(?:[\w.-]+:)?state((?:\s[^<>]*)?)>\s*([a-z]+)\s*<\//g;
const CODE = /\scode\s*=\s*["']([0-9]{3})["']/;
const BY_CODE: Readonly<Record<string, LampState>> = { "480": "not-registered", "503": "unreachable" };
const RANK: readonly LampState[] = ["idle", "unreachable", "not-registered", "ringing", "busy"];

function stateOf(attributes: string, text: string): LampState {
  if (text === "confirmed") {
    return "busy";
  }
  return text === "terminated" ? (BY_CODE[CODE.exec(attributes)?.[1] ?? ""] ?? "idle") : "ringing";
}

/** The state that a document tells: of several dialogs what says most. Undefined when it is none. */
export function lampStateOf(document: string): LampState | undefined {
  if (document.length > MAX_DOCUMENT_LENGTH || !/<(?:[\w.-]+:)?dialog-info[\s>]/.test(document)) {
    return undefined;
  }
  let most: LampState = "idle";
  for (const [, attributes = "", text = ""] of document.matchAll(STATE)) {
    const state = stateOf(attributes, text);
    most = RANK.indexOf(state) > RANK.indexOf(most) ? state : most;
  }
  return most;
}
