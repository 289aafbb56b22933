// node fleet-process.ts: many phones with an address each, in a process of its own. Told over IPC: fleet.ts says what.
import { createHash, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { percentile } from "../core/percentile.ts";
import type { FleetCommand, FleetFigures, FleetPlace } from "./fleet.ts";

const T1_MS = 500;
const T2_MS = 4_000;
const EXPIRES_SECONDS = 3_600;
const LIMIT_MS = 120_000;

interface Phone {
  readonly number: string;
  readonly host: string;
  readonly socket: Socket;
  callId: string;
  sequence: number;
  nonce: { readonly text: string; count: number } | undefined;
  /** The request that is out. */
  request: Buffer;
  waitMs: number;
  timer: NodeJS.Timeout | undefined;
  sentAt: number;
  onDone: (status: number) => void;
}

const figures = { repeated: 0, refused: 0 };
let place: FleetPlace | undefined;
let phones: readonly Phone[] = [];

function placeOf(): FleetPlace {
  if (place === undefined) {
    throw new Error("the fleet has no place yet");
  }
  return place;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function credentials(phone: Phone): string {
  const { server, realm, password } = placeOf();
  if (phone.nonce === undefined) {
    return "";
  }
  phone.nonce.count += 1;
  const { text, count } = phone.nonce;
  const [nc, cnonce, uri] = [count.toString(16).padStart(8, "0"), randomBytes(6).toString("hex"), `sip:${server.host}`];
  const [ha1, ha2] = [sha256(`${phone.number}:${realm}:${password}`), sha256(`REGISTER:${uri}`)];
  const response = sha256(`${ha1}:${text}:${nc}:${cnonce}:auth:${ha2}`);
  return (
    `Authorization: Digest username="${phone.number}", realm="${realm}", nonce="${text}", uri="${uri}", ` +
    `response="${response}", algorithm=SHA-256, cnonce="${cnonce}", qop=auth, nc=${nc}\r\n`
  );
}

function requestOf(phone: Phone, method: string): Buffer {
  const { server } = placeOf();
  const { number, host } = phone;
  phone.sequence += 1;
  const registration =
    method === "REGISTER"
      ? `Contact: <sip:${number}@${host}:5060>\r\nExpires: ${EXPIRES_SECONDS}\r\n${credentials(phone)}`
      : "";
  return Buffer.from(
    `${method} sip:${server.host} SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP ${host}:5060;branch=z9hG4bK${randomBytes(6).toString("hex")};rport\r\nMax-Forwards: 70\r\n` +
      `From: <sip:${number}@${server.host}>;tag=${number}\r\nTo: <sip:${number}@${server.host}>\r\n` +
      `Call-ID: ${phone.callId}\r\nCSeq: ${phone.sequence} ${method}\r\nUser-Agent: desk phone\r\n` +
      `${registration}Content-Length: 0\r\n\r\n`,
  );
}

function transmit(phone: Phone): void {
  const { server } = placeOf();
  phone.socket.send(phone.request, server.port, server.host);
  phone.timer = setTimeout(() => {
    figures.repeated += 1;
    phone.waitMs = Math.min(phone.waitMs * 2, T2_MS); // Timer E
    transmit(phone);
  }, phone.waitMs);
}

function start(phone: Phone, method: string): void {
  clearTimeout(phone.timer);
  phone.request = requestOf(phone, method);
  phone.waitMs = T1_MS;
  transmit(phone);
}

function onMessage(phone: Phone, text: string): void {
  const sequence = /^CSeq: (\d+)/m.exec(text)?.[1];
  const status = Number(/^SIP\/2.0 (\d+)/.exec(text)?.[1] ?? 0);
  if (status < 200 || Number(sequence) !== phone.sequence) {
    return;
  }
  clearTimeout(phone.timer);
  if (status === 401) {
    phone.nonce = { text: /nonce="([^"]+)"/.exec(text)?.[1] ?? "", count: 0 };
    start(phone, "REGISTER");
  } else if (status === 503) {
    figures.refused += 1;
    const seconds = Number(/^Retry-After: (\d+)/m.exec(text)?.[1] ?? 5);
    phone.timer = setTimeout(() => start(phone, "REGISTER"), seconds * 1000);
  } else {
    phone.onDone(status);
  }
}

async function openPhone(index: number): Promise<Phone> {
  const { firstNumber, network } = placeOf();
  const host = `127.${network}.${Math.floor(index / 200)}.${1 + (index % 200)}`;
  const socket = createSocket("udp4");
  socket.bind(5060, host);
  await once(socket, "listening");
  const phone: Phone = {
    number: String(firstNumber + index),
    host,
    socket,
    callId: randomBytes(8).toString("hex"),
    sequence: 0,
    nonce: undefined,
    request: Buffer.alloc(0),
    waitMs: T1_MS,
    timer: undefined,
    sentAt: 0,
    onDone: () => undefined,
  };
  socket.on("message", (bytes) => onMessage(phone, bytes.toString("latin1")));
  return phone;
}

/** Resolves with the milliseconds until the final answer; NaN when that is no success. */
function ask(phone: Phone, method: string): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  phone.sentAt = performance.now();
  phone.onDone = (status) => resolve(status === 200 ? performance.now() - phone.sentAt : Number.NaN);
  start(phone, method);
  return promise;
}

function figuresOf(times: readonly number[], startedAt: number): FleetFigures {
  const good = times.filter((time) => !Number.isNaN(time));
  return {
    done: good.length,
    failed: times.length - good.length,
    seconds: (performance.now() - startedAt) / 1000,
    p50: percentile(good, 0.5),
    p99: percentile(good, 0.99),
    slowest: percentile(good, 1),
    ...figures,
  };
}

/** One phone after the other, so many at a time, as fast as the other side can. */
async function inTurn(count: number, atOnce: number, isFresh: boolean): Promise<readonly number[]> {
  const times: number[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const phone = phones[next % phones.length];
      next += 1;
      if (phone !== undefined) {
        phone.nonce = isFresh ? undefined : phone.nonce;
        times.push(await ask(phone, "REGISTER"));
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return times;
}

/** All of them, as after a power cut: new Call-IDs, no nonce, each at a time of its own within the spread. */
function allAtOnce(spreadMs: number): Promise<readonly number[]> {
  return Promise.all(
    phones.map(async (phone) => {
      phone.callId = randomBytes(8).toString("hex");
      phone.nonce = undefined;
      await sleep(Math.random() * spreadMs);
      return await ask(phone, "REGISTER");
    }),
  );
}

/** Every phone asks once in each interval. */
async function probe(seconds: number, intervalMs: number): Promise<readonly number[]> {
  const rounds = await Promise.all(
    phones.map(async (phone) => {
      const times: number[] = [];
      await sleep(Math.random() * intervalMs);
      const end = performance.now() + seconds * 1000;
      while (performance.now() < end) {
        const time = await ask(phone, "OPTIONS");
        times.push(time);
        await sleep(Math.max(0, intervalMs - (Number.isNaN(time) ? 0 : time)));
      }
      return times;
    }),
  );
  return rounds.flat();
}

async function obey(command: FleetCommand): Promise<FleetFigures> {
  Object.assign(figures, { repeated: 0, refused: 0 });
  const startedAt = performance.now();
  switch (command.kind) {
    case "open": {
      place = command.place;
      phones = await Promise.all(Array.from({ length: command.place.phones }, (_unused, index) => openPhone(index)));
      return figuresOf([], startedAt);
    }
    case "inTurn": {
      return figuresOf(await inTurn(command.count, command.atOnce, command.isFresh), startedAt);
    }
    case "allAtOnce": {
      const late = sleep(LIMIT_MS, undefined, { ref: false }).then((): readonly number[] => []);
      return figuresOf(await Promise.race([allAtOnce(command.spreadMs), late]), startedAt);
    }
    case "probe": {
      return figuresOf(await probe(command.seconds, command.intervalMs), startedAt);
    }
  }
}

async function answer(command: FleetCommand): Promise<void> {
  process.send?.(await obey(command));
}

process.on("message", (command: FleetCommand) => {
  void answer(command);
});
process.send?.("ready");
