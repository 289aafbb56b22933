// node load.ts: caller and callee of the benchmarks, so many at a time. Asked over IPC: README.md says what.
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { CALLEE, CALLER, EMBEDDED } from "../support/addresses.ts";
import { answer } from "../support/ask.ts";
import type { Numbers } from "../support/ask.ts";
import type { Address } from "../support/sip-text.ts";
import { headerOf, requestText, responseText } from "../support/sip-text.ts";

const BUFFER_BYTES = 4_194_304;
const REPEAT_MS = 1_000; // a datagram that was lost
const REPEATS_MAX = 20;

/** One exchange of the caller: a request that is out, and what comes after its answer. */
interface Exchange {
  readonly callId: string;
  text: string;
  method: string;
  repeats: number;
  timer: NodeJS.Timeout | undefined;
  /** True when the caller has nothing more to ask. */
  onFinal(exchange: Exchange, response: string): boolean;
}

async function open({ host, port }: Address): Promise<Socket> {
  const socket = createSocket({ type: "udp4", recvBufferSize: BUFFER_BYTES, sendBufferSize: BUFFER_BYTES });
  socket.bind(port, host);
  await once(socket, "listening");
  return socket;
}

const caller = await open(CALLER);
const callee = await open(CALLEE);
callee.on("message", (bytes, from) => {
  const request = bytes.toString("latin1");
  if (!request.startsWith("ACK ") && !request.startsWith("SIP/2.0")) {
    if (request.startsWith("INVITE ")) {
      callee.send(responseText(request, "180 Ringing", CALLEE), from.port, from.address);
    }
    callee.send(responseText(request, "200 OK", CALLEE), from.port, from.address);
  }
});

const exchanges = new Map<string, Exchange>();
const standing = new Map<string, string>();
let created = 0;
let failed = 0;
let repeated = 0;
let onFree = (): void => undefined;

function send(text: string): void {
  caller.send(text, EMBEDDED.port, EMBEDDED.host);
}

function start(exchange: Exchange): void {
  exchange.repeats = 0;
  exchanges.set(exchange.callId, exchange);
  repeat(exchange);
}

function repeat(exchange: Exchange): void {
  clearTimeout(exchange.timer);
  send(exchange.text);
  exchange.timer = setTimeout(() => {
    exchange.repeats += 1;
    repeated += 1;
    if (exchange.repeats > REPEATS_MAX) {
      failed += 1;
      finish(exchange);
    } else {
      repeat(exchange);
    }
  }, REPEAT_MS);
}

function finish(exchange: Exchange): void {
  clearTimeout(exchange.timer);
  exchanges.delete(exchange.callId);
  onFree();
}

/** The ACK of a 2xx is a request of its own; of a failure it has the branch of its INVITE. */
function acknowledge(exchange: Exchange, response: string): void {
  const isSuccess = response.startsWith("SIP/2.0 2");
  const branch = /branch=([^;\r]+)/.exec(exchange.text)?.[1] ?? "";
  send(
    requestText({
      method: "ACK",
      server: EMBEDDED,
      own: CALLER,
      callId: exchange.callId,
      sequence: 1,
      to: headerOf(response, "To"),
      ...(isSuccess ? {} : { branch }),
    }),
  );
}

caller.on("message", (bytes, from) => {
  const text = bytes.toString("latin1");
  if (!text.startsWith("SIP/2.0")) {
    if (!text.startsWith("ACK")) {
      caller.send(responseText(text, "200 OK", CALLER), from.port, from.address);
    }
    return;
  }
  const exchange = exchanges.get(headerOf(text, "Call-ID"));
  const isMine = exchange !== undefined && headerOf(text, "CSeq").endsWith(exchange.method);
  if (!isMine || text.startsWith("SIP/2.0 1")) {
    return;
  }
  if (exchange.method === "INVITE") {
    acknowledge(exchange, text);
  }
  if (exchange.onFinal(exchange, text)) {
    finish(exchange);
  } else {
    start(exchange);
  }
});

function newExchange(method: string, onFinal: Exchange["onFinal"]): Exchange {
  created += 1;
  const callId = `${process.pid}-${created}`;
  const text = requestText({ method, server: EMBEDDED, own: CALLER, callId, sequence: 1 });
  return { callId, text, method, repeats: 0, timer: undefined, onFinal };
}

function byeOf(callId: string, to: string): string {
  return requestText({ method: "BYE", server: EMBEDDED, own: CALLER, callId, sequence: 2, to });
}

function fails(): true {
  failed += 1;
  return true;
}

/** INVITE, 200, ACK, BYE, 200. */
function call(): Exchange {
  return newExchange("INVITE", (exchange, response) => {
    if (exchange.method === "BYE") {
      return true;
    }
    if (!response.startsWith("SIP/2.0 200")) {
      return fails();
    }
    exchange.method = "BYE";
    exchange.text = byeOf(exchange.callId, headerOf(response, "To"));
    return false;
  });
}

/** A call that stands until it is hung up. */
function standingCall(): Exchange {
  return newExchange("INVITE", ({ callId }, response) => {
    if (!response.startsWith("SIP/2.0 200")) {
      return fails();
    }
    standing.set(callId, headerOf(response, "To"));
    return true;
  });
}

/** A request whose answer is all that is wanted. */
function lone(method: string): Exchange {
  return newExchange(method, () => true);
}

function hangUpOne(): Exchange {
  const [callId = "", to = ""] = standing.entries().next().value ?? [];
  standing.delete(callId);
  return { callId, text: byeOf(callId, to), method: "BYE", repeats: 0, timer: undefined, onFinal: () => true };
}

/** So many, never more than `atOnce` at the same time: as fast as the other side can. */
async function run(count: number, atOnce: number, make: () => Exchange): Promise<Numbers> {
  failed = 0;
  repeated = 0;
  const startedAt = performance.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = count;
  onFree = () => {
    while (left > 0 && exchanges.size < atOnce) {
      left -= 1;
      start(make());
    }
    if (left === 0 && exchanges.size === 0) {
      resolve();
    }
  };
  onFree();
  await promise;
  onFree = () => undefined;
  return { count, failed, repeated, seconds: (performance.now() - startedAt) / 1000 };
}

answer({}, async ([kind = "", count = "", atOnce = "", method = ""]) => {
  const makers: Readonly<Record<string, () => Exchange>> = {
    calls: call,
    stand: standingCall,
    hangUp: hangUpOne,
    requests: () => lone(method),
  };
  const make = makers[kind];
  return make === undefined ? {} : await run(Number(count), Number(atOnce), make);
});
process.once("SIGTERM", () => process.exit());
