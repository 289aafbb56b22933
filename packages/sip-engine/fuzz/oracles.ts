import { DEFAULT_LIMITS, createResponse, createStreamFramer, parseMessage, serializeMessage } from "@mss/sip-message";
import type { SipMessage } from "@mss/sip-message";
import type { Random } from "@mss/sip-message/testing";
import { METHODS } from "../src/engine/methods.ts";
import { Admission } from "../src/transport/admission.ts";
import type { Admitted } from "../src/transport/admission.ts";
import { stampRequest } from "../src/transport/ingress.ts";
import { responseTarget } from "../src/transport/response-target.ts";
import type { Flow } from "../src/transport/types.ts";
import { drachtioView, ownView, readAllByDrachtio, readByDrachtio } from "./views.ts";

const ADMISSION = new Admission(DEFAULT_LIMITS, { methods: METHODS, checksHops: true, proxyOptionTags: [] });

/** An answer repeats what was too long. */
const WIDE = { ...DEFAULT_LIMITS, lineBytes: DEFAULT_LIMITS.streamBytes, headerCount: 1_000 };

const FLOW: Flow = {
  transport: "tcp",
  local: { host: "127.0.0.1", port: 5060 },
  remote: { host: "127.0.0.2", port: 40_000 },
  connection: "c",
};

/** What became of a message: `passed`, `dropped`, or the status of the refusal. */
export type Outcome = "passed" | "dropped" | number;

/** Admits a message as the engine does. Throws AssertionError-like Errors that say which oracle it failed. */
export function judge(text: string): Outcome {
  const admitted = ADMISSION.framed(text);
  if (admitted.kind === "refused") {
    return judgeRefusal(admitted);
  }
  const message = stamped(admitted.message);
  const written = serializeMessage(message);
  requireSameView(message, written);
  requireFixedPoint(written);
  return "passed";
}

function stamped(message: SipMessage): SipMessage {
  return message.kind === "request" ? stampRequest(message, FLOW) : message;
}

/** An answer can be written, sent somewhere, and read as a SIP response. */
function judgeRefusal({ refusal }: Extract<Admitted, { kind: "refused" }>): Outcome {
  const { status, reason, answerable, headers = [] } = refusal;
  if (answerable === undefined) {
    return "dropped";
  }
  const request = stampRequest(answerable, FLOW);
  responseTarget(request, FLOW);
  const written = serializeMessage(createResponse(request, status, { reason, toTag: "t", headers }));
  const read = parseMessage(written, WIDE);
  require(read.kind === "message" && read.message.kind === "response", "the answer cannot be read", written);
  return status;
}

function requireSameView(message: SipMessage, written: string): void {
  const own = ownView(message);
  const parsed = readByDrachtio(written);
  readAllByDrachtio(parsed, own);
  const theirs = drachtioView(parsed, own);
  for (const [key, value] of Object.entries(own)) {
    require(theirs[key] ===
      value, `two views of ${key}`, `ours ${JSON.stringify(value)}, drachtio-srf's ${JSON.stringify(theirs[key])}`);
  }
}

function requireFixedPoint(written: string): void {
  const again = ADMISSION.framed(written);
  require(again.kind === "passed", "what was written is refused", written);
  const twice = again.kind === "passed" ? serializeMessage(stamped(again.message)) : "";
  require(twice === written, "no fixed point", `${JSON.stringify(written)} became ${JSON.stringify(twice)}`);
}

/** A framer gives the same items whole and cut at random, and what it cuts out is admitted like a message by itself. */
export function judgeStream(text: string, random: Random): void {
  const whole = summary(createStreamFramer().push(text));
  const framer = createStreamFramer();
  const items: ReturnType<typeof framer.push>[number][] = [];
  for (let at = 0; at < text.length;) {
    const end = at + 1 + random.below(random.oneIn(2) ? 4 : 400);
    items.push(...framer.push(text.slice(at, end)));
    at = end;
  }
  require(summary(items) === whole, "the cut of the stream matters", `${whole} became ${summary(items)}`);
}

function summary(items: ReturnType<ReturnType<typeof createStreamFramer>["push"]>): string {
  return JSON.stringify(items.map((item) => (item.kind === "broken" ? [item.fault.status, item.fault.reason] : item)));
}

/** Milliseconds that admission and drachtio-srf take for one message, its typed accessors included. */
export function costOf(text: string): { readonly ownMs: number; readonly drachtioMs: number } {
  const start = performance.now();
  const admitted = ADMISSION.framed(text);
  const middle = performance.now();
  if (admitted.kind === "refused") {
    return { ownMs: middle - start, drachtioMs: 0 };
  }
  const written = serializeMessage(stamped(admitted.message));
  const own = ownView(stamped(admitted.message));
  const beforeDrachtio = performance.now();
  readAllByDrachtio(readByDrachtio(written), own);
  return { ownMs: middle - start, drachtioMs: performance.now() - beforeDrachtio };
}

export class OracleError extends Error {
  readonly oracle: string;

  constructor(oracle: string, details: string) {
    super(`${oracle}: ${details}`);
    this.name = "OracleError";
    this.oracle = oracle;
  }
}

function require(isTrue: boolean, oracle: string, details: string): void {
  if (!isTrue) {
    throw new OracleError(oracle, details);
  }
}
