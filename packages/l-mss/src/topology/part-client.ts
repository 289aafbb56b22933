import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import { isCertificateOf, nodeName, readCredentials } from "@mss/certificates";
import { partTextsSchema } from "@mss/model";
import type { Endpoint, PartTexts, TlsSettings } from "@mss/model";
import { BranchError } from "../errors.ts";

/** One question to a hub: what is the branch's part of the topology? */
export interface PartQuestion {
  readonly endpoint: Endpoint;
  readonly hub: string;
  readonly federation: string;
  readonly branch: string;
  readonly token: string;
  readonly tls: TlsSettings | undefined;
  /** Of the part that is known; absent: none is. */
  readonly tag?: string;
  /** How long the hub may wait for something new. */
  readonly waitSeconds: number;
}

export type PartReply = { readonly kind: "part"; readonly texts: PartTexts } | { readonly kind: "unchanged" };

export type AskForPart = (question: PartQuestion, signal: AbortSignal) => Promise<PartReply>;

const ANSWER_LIMIT_MS = 10_000;
const BODY_LIMIT_CHARACTERS = 8_000_000;

interface ClientTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Read anew for each question, so that new files need no notice. */
async function clientTls(tls: TlsSettings | undefined): Promise<ClientTls> {
  const found = tls === undefined ? undefined : await readCredentials(tls);
  if (found?.kind === "usable") {
    const { authority: ca, certificate: cert, key } = found.credentials;
    return { ca, cert, key };
  }
  try {
    return { ca: await readFile(tls?.authority ?? "", "utf8") }; // no certificate of its own: the token alone
  } catch (cause) {
    const advice = "copy the authority's certificate here, or name it in tls";
    throw new BranchError("TOPOLOGY_UNREACHABLE", { reason: "no authority to know the hub by", advice }, { cause });
  }
}

/**
 * Asks one hub over HTTPS. The hub has to prove its name by its certificate before anything is sent. Rejects with
 * `TOPOLOGY_UNREACHABLE` where there is no answer, and with `TOPOLOGY_REFUSED` for one that is none of the two.
 */
export const askForPart: AskForPart = async (question, signal) => {
  const tls = await clientTls(question.tls);
  const limit = AbortSignal.timeout(question.waitSeconds * 1_000 + ANSWER_LIMIT_MS);
  let response: IncomingMessage;
  let body: string;
  try {
    response = await send(question, { tls, signal: AbortSignal.any([signal, limit]) });
    body = await textOf(response);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BranchError("TOPOLOGY_UNREACHABLE", { hub: question.hub, reason }, { cause });
  }
  return replyOf(response.statusCode ?? 0, body, question.hub);
};

interface Sending {
  readonly tls: ClientTls;
  readonly signal: AbortSignal;
}

function send(question: PartQuestion, { tls, signal }: Sending): Promise<IncomingMessage> {
  const { endpoint, hub, federation, branch, token, tag, waitSeconds } = question;
  const name = nodeName(hub, federation);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request({
    host: endpoint.host,
    port: endpoint.port,
    path: `/topology/branches/${encodeURIComponent(branch)}`,
    agent: false,
    signal,
    ...tls,
    servername: name,
    minVersion: "TLSv1.2",
    checkServerIdentity: (_host, certificate) =>
      isCertificateOf(new X509Certificate(certificate.raw), name)
        ? undefined
        : new Error(`its certificate is not that of ${name}`),
    headers: {
      Accept: "application/json",
      Authorization: `Basic ${Buffer.from(`${branch}:${token}`).toString("base64")}`,
      ...(tag === undefined ? {} : { "If-None-Match": tag, Prefer: `wait=${waitSeconds}` }),
    },
  });
  asked.once("response", resolve);
  asked.once("error", reject);
  asked.end();
  return promise;
}

function textOf(response: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let text = "";
  response.setEncoding("utf8");
  response.on("data", (chunk: string) => {
    text += chunk;
    if (text.length > BODY_LIMIT_CHARACTERS) {
      response.destroy(new Error("its answer is too large"));
    }
  });
  response.once("end", () => resolve(text));
  response.once("error", reject);
  return promise;
}

function replyOf(status: number, body: string, hub: string): PartReply {
  if (status === 304) {
    return { kind: "unchanged" };
  }
  const value = parseJson(body);
  const parsed = status === 200 ? partTextsSchema.safeParse(value) : undefined;
  if (parsed?.success === true) {
    return { kind: "part", texts: parsed.data };
  }
  const said = typeof value === "object" && value !== null && "error" in value ? String(value.error).slice(0, 200) : "";
  throw new BranchError("TOPOLOGY_REFUSED", {
    hub,
    status,
    reason: said === "" ? "its answer has another form" : said,
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
