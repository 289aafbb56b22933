import { createSocket } from "node:dgram";
import { once } from "node:events";
import type { TestContext } from "node:test";
import packet from "dns-packet";
import type { Answer } from "dns-packet";

/** What the server does with a question: records to answer with, a code such as NXDOMAIN, or nothing at all. */
export type DnsReply = readonly Answer[] | "NXDOMAIN" | "SERVFAIL" | "SILENCE";

export interface DnsServer {
  /** For the option `servers`. */
  readonly address: string;
  /** By `TYPE name`; what is not here is NXDOMAIN. */
  readonly zone: Map<string, DnsReply>;
  /** Every question that came, as `TYPE name`. */
  readonly asked: string[];
}

const CODES = { NXDOMAIN: 3, SERVFAIL: 2 } as const;

/** A name server on a loopback address of its own, with what a test puts into its zone. */
export async function startDnsServer(t: TestContext, host = "127.14.9.1"): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const zone = new Map<string, DnsReply>();
  const asked: string[] = [];
  socket.on("message", (bytes, from) => {
    const { id, questions = [] } = packet.decode(bytes);
    const question = `${questions[0]?.type} ${questions[0]?.name.toLowerCase()}`;
    asked.push(question);
    const reply = zone.get(question) ?? "NXDOMAIN";
    if (reply === "SILENCE") {
      return;
    }
    const flags =
      packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (typeof reply === "string" ? CODES[reply] : 0);
    const answers = typeof reply === "string" ? [] : [...reply];
    const response = packet.encode({
      type: "response",
      ...(id === undefined ? {} : { id }),
      flags,
      questions,
      answers,
    });
    socket.send(response, from.port, from.address);
  });
  socket.bind(0, host);
  await once(socket, "listening");
  t.after(() => socket.close());
  return { address: `${host}:${socket.address().port}`, zone, asked };
}

export function a(name: string, data: string, ttl = 300): Answer {
  return { type: "A", name, ttl, data };
}

export function srv(name: string, data: { target: string; port: number; priority?: number; weight?: number }): Answer {
  return { type: "SRV", name, ttl: 300, data: { priority: 0, weight: 0, ...data } };
}

export interface NaptrData {
  readonly service: string;
  readonly replacement: string;
  readonly order?: number;
  readonly preference?: number;
  readonly flags?: string;
  readonly regexp?: string;
}

export function naptr(name: string, { service: services, ...data }: NaptrData): Answer {
  const rest = { order: 10, preference: 10, flags: "S", regexp: "", ...data };
  return { type: "NAPTR", name, ttl: 300, data: { ...rest, services } };
}
