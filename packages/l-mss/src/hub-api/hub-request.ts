import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import { isCertificateOf, nodeName, readCredentials } from "@mss/certificates";
import type { Endpoint, TlsSettings } from "@mss/model";
import { BranchError } from "../errors.ts";
import type { BranchErrorCode } from "../errors.ts";

/** Who asks whom. */
export interface HubPeer {
  readonly endpoint: Endpoint;
  readonly hub: string;
  readonly federation: string;
  readonly branch: string;
  readonly token: string;
  readonly tls: TlsSettings | undefined;
}

export interface HubRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body?: string;
  /** For everything, from the connection to the end of the answer. */
  readonly limitMs: number;
  /** Code of the error where there is no answer. */
  readonly unreachable: BranchErrorCode;
}

export interface HubReply {
  readonly status: number;
  /** What was JSON; undefined for everything else. */
  readonly body: unknown;
}

const BODY_LIMIT_CHARACTERS = 8_000_000;

interface ClientTls {
  readonly ca: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Read anew for each question, so that new files need no notice. */
async function clientTls(tls: TlsSettings | undefined, unreachable: BranchErrorCode): Promise<ClientTls> {
  const found = tls === undefined ? undefined : await readCredentials(tls);
  if (found?.kind === "usable") {
    const { authority: ca, certificate: cert, key } = found.credentials;
    return { ca, cert, key };
  }
  try {
    return { ca: await readFile(tls?.authority ?? "", "utf8") }; // no certificate of its own: the token alone
  } catch (cause) {
    const advice = "copy the authority's certificate here, or name it in tls";
    throw new BranchError(unreachable, { reason: "no authority to know the hub by", advice }, { cause });
  }
}

/**
 * One request to the HTTPS of one hub, with the credentials of the branch. The hub has to prove its name by its certificate
 * before anything is sent. Rejects with the code `unreachable` where there is no answer.
 */
export async function askHub(peer: HubPeer, asked: HubRequest, signal: AbortSignal): Promise<HubReply> {
  const tls = await clientTls(peer.tls, asked.unreachable);
  const limit = AbortSignal.timeout(asked.limitMs);
  try {
    const response = await send(peer, asked, { tls, signal: AbortSignal.any([signal, limit]) });
    return { status: response.statusCode ?? 0, body: parseJson(await textOf(response)) };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new BranchError(asked.unreachable, { hub: peer.hub, reason }, { cause });
  }
}

/** What a hub says of why it refuses. */
export function saidIn(body: unknown): string {
  return typeof body === "object" && body !== null && "error" in body ? String(body.error).slice(0, 200) : "";
}

interface Sending {
  readonly tls: ClientTls;
  readonly signal: AbortSignal;
}

function send(peer: HubPeer, { method, path, headers, body }: HubRequest, { tls, signal }: Sending) {
  const { endpoint, hub, federation, branch, token } = peer;
  const name = nodeName(hub, federation);
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request({
    host: endpoint.host,
    port: endpoint.port,
    method,
    path,
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
      ...(body === undefined
        ? {}
        : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)) }),
      ...headers,
    },
  });
  asked.once("response", resolve);
  asked.once("error", reject);
  asked.end(body);
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
