import { SipPhone } from "@mss/call-control/testing";
import type { IncomingCall, PhoneAnswer } from "@mss/call-control/testing";
import type { CarrierLineSettings } from "@mss/model";
import { digestHa1, digestResponse, formatDigestChallenge, parseDigestCredentials } from "@mss/sip-message";
import type { DigestAlgorithm, SipRequest } from "@mss/sip-message";

export interface CarrierOptions {
  readonly host: string;
  /** Where the branch is. */
  readonly server: { readonly host: string; readonly port: number };
  readonly algorithm?: DigestAlgorithm;
}

export const ACCOUNT = { username: "85221230000", secret: "of-the-carrier", realm: "carrier.example" };

/** A line to a carrier at that address, with its account. */
export function lineTo(host: string, overrides: Partial<CarrierLineSettings> = {}): CarrierLineSettings {
  return {
    id: "pccw",
    server: { transport: "udp", host, port: 5060 },
    sources: [],
    domain: "carrier.example",
    account: ACCOUNT,
    register: { expiresSeconds: 600 },
    probe: false,
    caller: { unified: false, asserted: false },
    internationalPrefix: "+",
    ...overrides,
  };
}

/** What a telephone carrier does: asks for the account's password at REGISTER and INVITE, and takes or brings calls. */
export class TestCarrier {
  readonly peer: SipPhone;
  readonly #algorithm: DigestAlgorithm;
  #nonce = 0;
  /** Every REGISTER that came. */
  readonly registers: SipRequest[] = [];
  /** Instead of what is right for a REGISTER. */
  registerAnswer: ((request: SipRequest) => PhoneAnswer | undefined) | undefined;

  private constructor(peer: SipPhone, algorithm: DigestAlgorithm) {
    this.peer = peer;
    this.#algorithm = algorithm;
    peer.answerTo = (request) => this.#answer(request);
  }

  static async open({ host, server, algorithm = "MD5" }: CarrierOptions): Promise<TestCarrier> {
    const peer = await SipPhone.open({ username: "carrier", password: "none", host, port: 5060, server });
    return new TestCarrier(peer, algorithm);
  }

  close(): Promise<void> {
    return this.peer.close();
  }

  challenge(realm: string = ACCOUNT.realm, stale?: boolean): string {
    this.#nonce += 1;
    return formatDigestChallenge({
      realm,
      nonce: `nonce-${this.#nonce}`,
      algorithm: this.#algorithm,
      qop: ["auth"],
      ...(stale === undefined ? {} : { stale }),
    });
  }

  /** Whether a request has the password in it, bound to itself. */
  isProven(request: SipRequest): boolean {
    const value = request.headers.get("Authorization") ?? request.headers.get("Proxy-Authorization");
    const credentials = value === undefined ? undefined : parseDigestCredentials(value);
    if (credentials === undefined) {
      return false;
    }
    const { algorithm, username, realm, uri, nonce, nc = "", cnonce = "" } = credentials;
    const ha1 = digestHa1({ algorithm, username, realm, password: ACCOUNT.secret });
    const wanted = digestResponse({ algorithm, ha1, method: request.method, uri, nonce, nc, cnonce, qop: "auth" });
    return (
      credentials.response === wanted && uri === request.uri && username === ACCOUNT.username && realm === ACCOUNT.realm
    );
  }

  /** The next call, challenged first. */
  async nextProvenCall(): Promise<IncomingCall> {
    const first = await this.peer.nextCall();
    if (this.isProven(first.request)) {
      return first;
    }
    first.refuse(407, [{ name: "Proxy-Authenticate", value: this.challenge() }]);
    const second = await this.peer.nextCall();
    if (!this.isProven(second.request)) {
      throw new Error("the call has no right credentials");
    }
    return second;
  }

  #answer(request: SipRequest): PhoneAnswer | undefined {
    if (request.method !== "REGISTER") {
      return undefined;
    }
    this.registers.push(request);
    const told = this.registerAnswer?.(request);
    if (told !== undefined) {
      return told;
    }
    if (!this.isProven(request)) {
      return { status: 401, headers: [{ name: "WWW-Authenticate", value: this.challenge() }] };
    }
    return { status: 200, headers: [{ name: "Expires", value: request.headers.get("Expires") ?? "600" }] };
  }
}
