import { randomUUID } from "node:crypto";

/** Where a message came from or went to, as the frames tell it. */
export interface MessagePath {
  readonly protocol: string;
  readonly address: string;
  readonly port: number;
}

/** A message and what identifies it, for a frame to an application. Empty ids are left empty on the wire. */
export interface MessageNotice {
  readonly path: MessagePath;
  readonly transactionId: string;
  readonly dialogId: string;
  /** The whole message, byte text. */
  readonly text: string;
}

const FRAME_ID_PREFIX = randomUUID().slice(0, 24);
const FRAME_ID_DIGITS = 12;
let framesMade = 0;

/** Names a frame in logs of both sides and proves nothing, so that it may be counted: a random one for each costs more. */
function nextFrameId(): string {
  framesMade += 1;
  return FRAME_ID_PREFIX + framesMade.toString(16).padStart(FRAME_ID_DIGITS, "0");
}

const MICROSECONDS_PER_SECOND = 1_000_000;
const MILLISECONDS_PER_SECOND = 1000;
let lastSecond = -1;
let lastSecondText = "";

/** `HH:MM:SS.uuuuuu` in UTC; the text of a second is made once. */
function clockText(): string {
  const now = performance.timeOrigin + performance.now();
  const second = Math.floor(now / MILLISECONDS_PER_SECOND);
  if (second !== lastSecond) {
    lastSecond = second;
    lastSecondText = new Date(second * MILLISECONDS_PER_SECOND).toISOString().slice(11, 19);
  }
  const micro = Math.floor((now - second * MILLISECONDS_PER_SECOND) * MILLISECONDS_PER_SECOND);
  return `${lastSecondText}.${String(MICROSECONDS_PER_SECOND + micro).slice(1)}`;
}

function describe(source: "application" | "network", notice: MessageNotice): string {
  const { path, text } = notice;
  return `${source}|${text.length}|${path.protocol}|${path.address}|${path.port}|${clockText()}`;
}

/** `OK` to a command, with details in the order the command's answer has them. */
export function formatOk(commandId: string, ...details: readonly string[]): string {
  const tail = details.length === 0 ? "" : `|${details.join("|")}`;
  return `${nextFrameId()}|response|${commandId}|OK${tail}`;
}

/** The command was understood and could not be carried out. */
export function formatNotOk(commandId: string, reason: string): string {
  return `${nextFrameId()}|response|${commandId}|NOK|${reason}`;
}

/** The command itself is refused: drachtio-server says `NO` here and `NOK` for what failed on the way. */
export function formatRefused(commandId: string, reason: string): string {
  return `${nextFrameId()}|response|${commandId}|NO|${reason}`;
}

/** The application's request left, as in `notice.text`. */
export function formatRequestSent(commandId: string, notice: MessageNotice): string {
  const described = describe("application", notice);
  return `${nextFrameId()}|response|${commandId}|OK|${described}|${notice.transactionId}|Msg sent:|\r\n${notice.text}`;
}

/** The application's answer left, as in `notice.text`. */
export function formatResponseSent(commandId: string, notice: MessageNotice): string {
  const ids = `${notice.transactionId}|${notice.dialogId}`;
  return `${nextFrameId()}|response|${commandId}|OK|${describe("application", notice)}|${ids}||Msg sent:|\r\n${notice.text}`;
}

/** A final response that a branch of a proxied request got; `done` or another one follows. */
export function formatProxyResponse(commandId: string, notice: MessageNotice): string {
  return `${nextFrameId()}|response|${commandId}|OK|${describe("network", notice)}|||continue\r\n${notice.text}`;
}

/** `event` with what is told of it, and the message that caused it. */
export function formatCallRecord(
  event: string,
  [source, ...details]: readonly [string, ...(string | undefined)[]],
  text: string,
): string {
  return `${nextFrameId()}|${[event, source, clockText(), ...details].join("|")}\r\n${text}`;
}

/** A request that starts something new; `local` is the address it came in on. */
export function formatNewRequest(
  notice: MessageNotice,
  local: { readonly host: string; readonly port: number },
): string {
  const ids = `${notice.transactionId}|${notice.dialogId}`;
  const described = describe("network", notice);
  return `${nextFrameId()}|sip|${described}|${ids}|${local.host}|${local.port}|\r\n${notice.text}`;
}

/** A response, or a request that belongs to something the application knows. */
export function formatFromNetwork(notice: MessageNotice): string {
  const ids = `${notice.transactionId}|${notice.dialogId}`;
  return `${nextFrameId()}|sip|${describe("network", notice)}|${ids}|\r\n${notice.text}`;
}

/** A request that the engine itself sent within the application's dialog: the application is told, and answers nothing. */
export function formatUnsolicited(notice: MessageNotice): string {
  const described = describe("application", notice);
  return `${nextFrameId()}|sip|${described}|unsolicited|${notice.dialogId}|\r\n${notice.text}`;
}
