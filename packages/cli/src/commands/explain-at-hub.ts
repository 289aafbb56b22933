import { readFile } from "node:fs/promises";
import path from "node:path";
import { formatExplanation } from "@mss/topology";
import type { Explanation, Topology } from "@mss/topology";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";

export interface HubQuestion {
  readonly topology: Topology;
  readonly hub: string;
  readonly query: Readonly<Record<string, string>>;
  readonly json: boolean;
  readonly output: Output;
}

const ANSWER_LIMIT_MS = 65_000;
/** What to connect to for a server that listens on all addresses. */
const LOOPBACK: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

type Answer = { readonly kind: "explained"; readonly explanation: Explanation } | Refused;
type Refused = { readonly kind: "refused"; readonly message: string };

/** `mss explain --hub`: asks the running hub, on its machine, with the token that it keeps for those who may read its data. */
export async function explainAtHub(question: HubQuestion): Promise<ExitStatus> {
  const { json, output } = question;
  const answer = await ask(question);
  if (answer.kind === "refused") {
    output.err(`error: ${answer.message}\n`);
    return EXIT.usage;
  }
  const { explanation } = answer;
  output.out(json ? `${JSON.stringify(explanation, undefined, 2)}\n` : formatExplanation(explanation));
  return explanation.outcome.kind === "refused" ? EXIT.failed : EXIT.ok;
}

async function ask({ topology, hub: id, query }: HubQuestion): Promise<Answer> {
  const hub = topology.hubs.find((each) => each.id === id);
  if (hub === undefined) {
    return refused(`there is no hub ${id}; the hubs are ${topology.hubs.map((each) => each.id).join(", ")}`);
  }
  if (hub.http === undefined) {
    return refused(`${id} cannot be asked: give it http: { listen: 127.0.0.1:8080 } and start it again`);
  }
  const file = path.join(hub.dataDirectory, `${id}.token`);
  const token = await readFile(file, "utf8").catch((error: unknown) => error);
  if (typeof token !== "string") {
    const why = token instanceof Error && "code" in token ? ` (${String(token.code)})` : "";
    return refused(`${file} cannot be read${why}: ask on the machine of ${id}, as its user or root, while it runs`);
  }
  const host = LOOPBACK[hub.http.host] ?? hub.http.host;
  const url = new URL(`http://${host.includes(":") ? `[${host}]` : host}:${hub.http.port}/explain`);
  url.search = new URLSearchParams(query).toString();
  return fetchExplanation(url, token.trim(), id);
}

async function fetchExplanation(url: URL, token: string, id: string): Promise<Answer> {
  let status: number;
  let body: unknown;
  try {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    ({ status } = response);
    body = await response.json();
  } catch {
    return refused(`${id} does not answer at ${url.origin}: is it running?`);
  }
  return isExplanation(body)
    ? { kind: "explained", explanation: body }
    : refused(`${id} answers ${status}: ${errorOf(body)}`);
}

/** What a hub of the same version sends, as opposed to why it does not. */
function isExplanation(body: unknown): body is Explanation {
  return typeof body === "object" && body !== null && "steps" in body && "outcome" in body;
}

function errorOf(body: unknown): string {
  return typeof body === "object" && body !== null && "error" in body ? String(body.error) : "no reason";
}

function refused(message: string): Refused {
  return { kind: "refused", message };
}
