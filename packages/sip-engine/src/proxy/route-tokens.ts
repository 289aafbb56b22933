import { createHmac, timingSafeEqual } from "node:crypto";
import type { SipRequest } from "@mss/sip-message";
import { parseNameAddress, parseSipUri, splitList, tagOf } from "@mss/sip-message";

const PARAMETER = "call";
const TOKEN_LENGTH = 16; // 96 bits in base64url

/** What a request that may pass says of its way. */
export interface OwnRoute {
  /** Request-URI of the next hop. */
  readonly uri: string;
  /** Route entries that remain, as they were written. */
  readonly routes: readonly string[];
}

/**
 * Marks the Record-Route entries that the engine writes, so that it needs no memory of the calls it let through and yet
 * forwards nobody's requests but theirs: a forged To tag and a Route to us alone would make an open relay of it. The
 * mark is an HMAC of Call-ID and the caller's tag; its key comes from a secret that outlives a restart.
 */
export class RouteTokens {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = createHmac("sha256", secret).update("record-route").digest();
  }

  /** `;lr` and the mark, for a URI in a Record-Route of that request. */
  parametersFor(request: SipRequest): string {
    const callId = request.headers.get("Call-ID") ?? "";
    const fromTag = tagOf(request.headers.get("From") ?? "") ?? "";
    return `;lr;${PARAMETER}=${this.#tokenOf(callId, fromTag)}`;
  }

  /** Where a request goes on that came back along our Record-Route; undefined when its first Route is none of ours. RFC 3261 §16.4. */
  ownRouteOf(request: SipRequest): OwnRoute | undefined {
    const routes = request.headers.all("Route").flatMap((value) => splitList(value));
    if (routes.length === 0 && !request.uri.includes(`;${PARAMETER}=`)) {
      return undefined;
    }
    const valid = this.#validTokens(request);
    if (isMarked(request.uri, valid)) {
      return afterStrictRouter(routes); // the hop before us knows only the routing of RFC 2543
    }
    let own = 0;
    while (own < routes.length && isMarked(parseNameAddress(routes[own] ?? "")?.uri ?? "", valid)) {
      own += 1;
    }
    return own === 0 ? undefined : { uri: request.uri, routes: routes.slice(own) };
  }

  /** Of a dialog in either direction: the caller's tag stands in From or in To. */
  #validTokens({ headers }: SipRequest): readonly string[] {
    const callId = headers.get("Call-ID") ?? "";
    return ["From", "To"].map((name) => this.#tokenOf(callId, tagOf(headers.get(name) ?? "") ?? ""));
  }

  #tokenOf(callId: string, tag: string): string {
    return createHmac("sha256", this.#key).update(`${callId}\n${tag}`).digest("base64url").slice(0, TOKEN_LENGTH);
  }
}

function isMarked(uri: string, valid: readonly string[]): boolean {
  const token = parseSipUri(uri)?.parameters.get(PARAMETER);
  return token?.length === TOKEN_LENGTH && valid.some((other) => sameToken(token, other));
}

function afterStrictRouter(routes: readonly string[]): OwnRoute | undefined {
  const last = parseNameAddress(routes.at(-1) ?? "");
  return last === undefined ? undefined : { uri: last.uri, routes: routes.slice(0, -1) };
}

/** Both of one length in characters, which are bytes here. */
function sameToken(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(one, "latin1"), Buffer.from(other, "latin1"));
}
