import type { SipMessage } from "@mss/sip-message";
import { tagOf } from "@mss/sip-message";
import type { History } from "./history.ts";
import {
  callIdOf,
  dialogOf,
  isStatus,
  isSuccess,
  methodOf,
  sequenceOf,
  titleOf,
  transactionOf,
  viaCount,
} from "./history.ts";

/** What must hold of everything that crossed the borders of an engine. Each gives what does not, in words. */
export type Oracle = (history: History) => readonly string[];

function isRequest(message: SipMessage): message is Extract<SipMessage, { kind: "request" }> {
  return message.kind === "request";
}

const MAKES_DIALOG: ReadonlySet<string> = new Set(["INVITE", "SUBSCRIBE"]);

function isStart(message: SipMessage): boolean {
  return tagOf(message.headers.get("To") ?? "") === undefined;
}

function unique(values: readonly string[]): ReadonlySet<string> {
  return new Set(values);
}

/** Calls that the engine proxies belong to others: it has no dialogs of them. */
export function proxiedCalls(history: History): ReadonlySet<string> {
  return unique(
    history
      .messages("out")
      .filter((message) => isRequest(message) && viaCount(message) > 1)
      .map(callIdOf),
  );
}

const nothingThrows: Oracle = ({ errors }) => errors.map((line) => `logged as an error: ${line}`);

/** 64*T1: a copy that comes later than that finds the transaction gone, by the book (RFC 3261 Timers H and J). */
const REMEMBERED_MS = 32_000;

const requestsAreSeenOnce: Oracle = (history) => {
  const seen = new Map<string, number>();
  const faults: string[] = [];
  for (const crossing of history.crossings) {
    if (crossing.kind !== "toApp" || crossing.frame.tokens[1] !== "sip" || crossing.frame.tokens[2] !== "network") {
      continue;
    }
    const { message } = crossing.frame;
    if (message !== undefined && isRequest(message)) {
      const key = `${transactionOf(message, message.method)} ${message.method === "ACK" ? sequenceOf(message) : ""}`;
      const before = seen.get(key);
      if (before !== undefined && crossing.atMs - before <= REMEMBERED_MS) {
        faults.push(`seen twice by applications: ${titleOf(message)}`);
      }
      seen.set(key, crossing.atMs);
    }
  }
  return faults;
};

/**
 * Beside INVITE and CANCEL a request may stay without an answer: nobody listens for a late one (RFC 4320). A refusal may
 * be forgotten and said again with another tag: when it could not be sent (RFC 3261 §17.2.4), and to a source that may
 * be false.
 */
const requestsAreAnsweredOnce: Oracle = (history) => {
  const finals = new Map<string, Map<string, number>>();
  const refused = new Set<string>();
  for (const crossing of history.crossings) {
    if (crossing.kind === "out" && isStatus(crossing.message, 200, 700)) {
      const { message } = crossing;
      const key = transactionOf(message, methodOf(message));
      const isForgotten = crossing.isRefused || (!history.isReachable && isStatus(message, 400, 700));
      if (isForgotten) {
        refused.add(key);
      } else {
        const known = finals.get(key) ?? new Map<string, number>();
        known.set(titleOf(message), known.get(titleOf(message)) ?? crossing.atMs);
        finals.set(key, known);
      }
    }
  }
  const faults: string[] = [];
  const proxied = proxiedCalls(history);
  const requests = history.messages("in").filter(isRequest);
  for (const request of requests.filter(({ method }) => method !== "ACK")) {
    const key = transactionOf(request, request.method);
    const answers = finals.get(key) ?? new Map<string, number>();
    const count = answers.size;
    const firsts = [...answers.values()];
    const isSoon = Math.max(...firsts) - Math.min(...firsts) <= REMEMBERED_MS;
    if (count > 1 && isSoon && !proxied.has(callIdOf(request))) {
      faults.push(`more than one final answer: ${[...answers.keys()].join("; ")}`);
    }
    const isOwed = request.method === "INVITE" || request.method === "CANCEL";
    if (isOwed && count === 0 && !refused.has(key)) {
      faults.push(`no final answer: ${titleOf(request)}`);
    }
  }
  return [...unique(faults)];
};

/** Babble aside, which has no id. */
const commandsAreAnsweredOnce: Oracle = (history) => {
  const answers = new Map<string, number>();
  for (const { tokens, connection } of history.frames("toApp")) {
    if (tokens[1] === "response" && tokens.at(-1) !== "continue") {
      const key = `${connection} ${tokens[2] ?? ""}`;
      answers.set(key, (answers.get(key) ?? 0) + 1);
    }
  }
  return history.frames("fromApp").flatMap(({ tokens, connection }) => {
    const count = answers.get(`${connection} ${tokens[0] ?? ""}`) ?? 0;
    return count > 1 ? [`command answered ${count} times: ${tokens.slice(0, 4).join("|")}`] : [];
  });
};

/** Each request of an application has one outcome: the final answer, or the one that the engine makes up. */
const sentRequestsHaveOneOutcome: Oracle = (history) => {
  const outcomes = new Map<string, string[]>();
  for (const { tokens, message, connection } of history.frames("toApp")) {
    if (tokens[1] === "sip" && message !== undefined && isStatus(message, 200, 700)) {
      const key = `${connection} ${tokens[8] ?? ""}`;
      outcomes.set(key, [...(outcomes.get(key) ?? []), titleOf(message)]);
    }
  }
  return [...outcomes.values()]
    .filter(({ length }) => length > 1)
    .map((all) => `more than one outcome: ${all.join("; ")}`);
};

/** The same once all timers have run and nobody has gone: each request has one, and each command an answer. */
export const everythingSentHasEnded = (history: History, connected: ReadonlySet<number>): readonly string[] => {
  const frames = history.frames("toApp").filter(({ connection }) => connected.has(connection));
  const ended = new Set<string>();
  const answered = new Set<string>();
  const started = new Map<string, string>();
  for (const { tokens, message, connection } of frames) {
    if (tokens[1] === "response") {
      answered.add(`${connection} ${tokens[2] ?? ""}`);
      if (tokens[3] === "OK" && message !== undefined && isRequest(message) && !/^(ACK|CANCEL)$/.test(message.method)) {
        started.set(`${connection} ${tokens[10] ?? ""}`, titleOf(message));
      }
    } else if (message !== undefined && isStatus(message, 200, 700)) {
      ended.add(`${connection} ${tokens[8] ?? ""}`);
    }
  }
  const commands = history.frames("fromApp").filter(({ connection }) => connected.has(connection));
  return [
    ...[...started].filter(([id]) => !ended.has(id)).map(([, title]) => `no outcome: ${title}`),
    ...commands
      .filter(({ tokens, connection }) => !answered.has(`${connection} ${tokens[0] ?? ""}`))
      .map(({ tokens }) => `no answer to the command ${tokens.slice(0, 4).join("|")}`),
  ];
};

/** Dialogs, by what any message has made of them so far. */
interface Seen {
  readonly dialogs: Set<string>;
  readonly ended: Set<string>;
  readonly byes: Set<string>;
}

/** An ACK and a BYE are for a dialog that there is, and nothing is ended twice. */
const acksAndByesBelong: Oracle = (history) => {
  const seen: Seen = { dialogs: new Set(), ended: new Set(), byes: new Set() };
  const proxied = proxiedCalls(history);
  const faults: string[] = [];
  for (const crossing of history.crossings) {
    if (crossing.kind !== "in" && crossing.kind !== "out") {
      continue;
    }
    const { message } = crossing;
    if (isStatus(message, 101, 300) && MAKES_DIALOG.has(methodOf(message))) {
      seen.dialogs.add(dialogOf(message));
    }
    if (crossing.kind === "out" && isRequest(message) && !proxied.has(callIdOf(message))) {
      faults.push(...faultsOf(message, seen));
    }
    const isEnd = isSuccess(message, "BYE") || (isStatus(message, 481, 482) && methodOf(message) === "BYE");
    if (isEnd && (crossing.kind === "in" || isSuccess(message))) {
      seen.ended.add(dialogOf(message));
    }
  }
  return [...unique(faults)];
};

function faultsOf(message: Extract<SipMessage, { kind: "request" }>, seen: Seen): readonly string[] {
  const dialog = dialogOf(message);
  if (message.method === "BYE") {
    const key = transactionOf(message, "BYE");
    const isRepeated = seen.byes.has(key);
    seen.byes.add(key);
    return [
      ...(seen.dialogs.has(dialog) ? [] : [`BYE of nothing: ${titleOf(message)}`]),
      ...(isRepeated || !seen.ended.has(dialog) ? [] : [`BYE of what has ended: ${titleOf(message)}`]),
    ];
  }
  // The ACK of a failure has the branch of its INVITE and may be for a tag that never was in a 1xx or 2xx.
  return [];
}

const acknowledgementsBelong: Oracle = (history) => {
  const answered = new Set<string>();
  const faults: string[] = [];
  const proxied = proxiedCalls(history);
  for (const crossing of history.crossings) {
    if (crossing.kind === "in" && isStatus(crossing.message, 200, 700) && methodOf(crossing.message) === "INVITE") {
      answered.add(`${dialogOf(crossing.message)} ${sequenceOf(crossing.message)}`);
    }
    const isAck = crossing.kind === "out" && isRequest(crossing.message) && crossing.message.method === "ACK";
    if (isAck && !proxied.has(callIdOf(crossing.message))) {
      const key = `${dialogOf(crossing.message)} ${sequenceOf(crossing.message)}`;
      faults.push(...(answered.has(key) ? [] : [`ACK of nothing: ${titleOf(crossing.message)}`]));
    }
  }
  return faults;
};

/** Each 2xx to an INVITE of the engine's, if it is the first outcome of it and no BYE came, gets its ACK in the end. */
export const successesAreAcknowledged: Oracle = (history) => {
  const acknowledged = unique(
    history
      .messages("out")
      .filter((message) => isRequest(message) && message.method === "ACK")
      .map((message) => `${dialogOf(message)} ${sequenceOf(message)}`),
  );
  const proxied = proxiedCalls(history);
  const over = new Set<string>();
  const owed = new Map<string, string>();
  const ended = unique(
    history
      .messages("in")
      .filter((message) => isRequest(message) && message.method === "BYE")
      .map(dialogOf),
  );
  for (const crossing of history.crossings) {
    if (crossing.kind === "toApp") {
      const { message } = crossing.frame;
      if (message !== undefined && isStatus(message, 200, 700)) {
        over.add(transactionOf(message, methodOf(message))); // a made-up 408, too
      }
    } else if (crossing.kind === "in" && methodOf(crossing.message) === "INVITE") {
      const { message } = crossing;
      const key = transactionOf(message, "INVITE");
      const isOver = over.has(key) || ended.has(dialogOf(message));
      if (isSuccess(message) && !isOver && !proxied.has(callIdOf(message))) {
        owed.set(`${dialogOf(message)} ${sequenceOf(message)}`, titleOf(message));
      }
      if (isStatus(message, 200, 700)) {
        over.add(key);
      }
    }
  }
  return [...owed].filter(([key]) => !acknowledged.has(key)).map(([, title]) => `never acknowledged: ${title}`);
};

/**
 * The dialogs that there must be when all timers have run: confirmed and not ended. Subscriptions end without a message
 * when their application has gone.
 */
export function livingDialogs(history: History): {
  readonly calls: readonly string[];
  readonly subscriptions: readonly string[];
} {
  const living = new Map<string, string>();
  const over = new Set<string>();
  const proxied = proxiedCalls(history);
  const ended = new Set<string>();
  const starts = unique(
    history
      .messages("in")
      .concat(history.messages("out"))
      .filter((message) => isRequest(message) && MAKES_DIALOG.has(message.method) && isStart(message))
      .map((message) => transactionOf(message, methodOf(message))),
  );
  for (const crossing of history.crossings) {
    if (crossing.kind === "toApp") {
      const { message } = crossing.frame;
      if (message === undefined) {
        continue;
      }
      if (isRequest(message) && message.method === "BYE") {
        ended.add(dialogOf(message));
      } else if (crossing.frame.tokens[1] === "sip" && isStatus(message, 300, 700)) {
        over.add(transactionOf(message, methodOf(message)));
      }
      continue;
    }
    if (crossing.kind === "fromApp") {
      continue;
    }
    const { message } = crossing;
    if (crossing.kind === "out" && isRequest(message) && message.method === "BYE") {
      ended.add(dialogOf(message));
    }
    if (crossing.kind === "out" && isSuccess(message, "BYE")) {
      ended.add(dialogOf(message));
    }
    const key = transactionOf(message, methodOf(message));
    const isCounted = isSuccess(message) && starts.has(key) && !over.has(key) && !proxied.has(callIdOf(message));
    if (isCounted) {
      living.set(dialogOf(message), methodOf(message));
    }
    if (isStatus(message, 200, 700)) {
      over.add(key);
    }
  }
  const left = [...living].filter(([dialog]) => !ended.has(dialog));
  const of = (wanted: string): readonly string[] =>
    left.filter(([, method]) => method === wanted).map(([dialog]) => dialog);
  return { calls: of("INVITE"), subscriptions: of("SUBSCRIBE") };
}

export const ALWAYS: Readonly<Record<string, Oracle>> = {
  nothingThrows,
  requestsAreSeenOnce,
  requestsAreAnsweredOnce,
  commandsAreAnsweredOnce,
  sentRequestsHaveOneOutcome,
  acksAndByesBelong,
  acknowledgementsBelong,
};
