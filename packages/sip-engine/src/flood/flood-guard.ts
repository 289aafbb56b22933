import type { BlockList } from "node:net";
import type { Logger } from "@mss/runtime";
import type { SipRequest, SipResponse } from "@mss/sip-message";
import type { SourceTrust } from "../transaction/types.ts";
import { isListed } from "../transport/addresses.ts";
import { networksOf } from "../transport/own-addresses.ts";
import type { ConnectionAbuse, Flow, Verdict } from "../transport/types.ts";
import { AbuseLog } from "./abuse-log.ts";
import { verdictOnCredentials } from "./credentials-verdict.ts";
import { CredentialScore } from "./credential-score.ts";
import type { FloodLimits } from "./flood-limits.ts";
import { RecentMap } from "./recent-map.ts";
import { flowKey, hostKey } from "./source-key.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { Rate } from "./token-bucket.ts";
import type { FloodReason, FloodStats } from "./types.ts";

export interface FloodGuardOptions {
  readonly limits: FloodLimits;
  /** IP addresses and networks of peers whose names are known from the configuration: trunks, other nodes, gateways. */
  readonly trusted: readonly string[];
  readonly log: Logger;
  /** Monotonic milliseconds. */
  readonly now?: () => number;
}

/** What one source, or one phone of it, has left. */
interface Allowance {
  touchedAtMs: number;
  readonly messages: TokenBucket;
  readonly refusals: TokenBucket;
}

interface Source extends Allowance {
  readonly isTrusted: boolean;
  /** Until when it is sure that the address receives what we send to it. */
  reachableUntilMs: number;
}

interface KnownSource extends Allowance {
  untilMs: number;
}

interface Peer extends Allowance {
  holds: number;
}

const REACHABLE_MS = 300_000; // as long as a nonce
const CERTIFICATE_MS = 3_600_000; // then it is looked at again
const BAN_LINES: Rate = { perSecond: 0.1, burst: 20 }; // an attack must not fill the disk

const COUNTED = { drop: "dropped", refuse: "refused", close: "closed" } as const;

/**
 * Decides for each message, before anything is read of it, whether it may cost more than this. Unknown sources share
 * what is left for them together, so that an attack from any number of false addresses takes nothing from peers that
 * are trusted, that have shown credentials, or that the engine itself has business with.
 */
export class FloodGuard implements SourceTrust {
  readonly #limits: FloodLimits;
  readonly #trusted: BlockList;
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #sources: RecentMap<Source>;
  readonly #known: RecentMap<KnownSource>;
  readonly #peers = new Map<string, Peer>();
  readonly #together: TokenBucket;
  readonly #score: CredentialScore;
  readonly #abuse: AbuseLog;
  readonly #banLines: TokenBucket;
  readonly #counts = { dropped: 0, refused: 0, closed: 0 };
  readonly #reasons = { unknownSource: 0, unknownSources: 0, knownSource: 0, trustedSource: 0, banned: 0 };

  /** Throws ADDRESS_INVALID for an entry of `trusted` that is neither an address nor a network. */
  constructor(options: FloodGuardOptions) {
    const { limits } = options;
    this.#limits = limits;
    this.#trusted = networksOf(options.trusted);
    this.#log = options.log;
    this.#now = options.now ?? (() => performance.now());
    this.#sources = new RecentMap(limits.sources);
    this.#known = new RecentMap(2 * limits.sources); // each known phone is there by its flow and by its address
    this.#together = new TokenBucket(limits.unknownSources, this.#now());
    this.#score = new CredentialScore(limits);
    this.#abuse = new AbuseLog(options.log);
    this.#banLines = new TokenBucket(BAN_LINES, this.#now());
  }

  stop(): void {
    this.#abuse.stop();
  }

  /** A connection was refused or ended for a limit of the transport. */
  onAbuse(host: string, abuse: ConnectionAbuse): void {
    this.#abuse.note(host, abuse);
  }

  stats(): FloodStats {
    return {
      ...this.#counts,
      reasons: { ...this.#reasons },
      sources: this.#sources.size,
      known: this.#known.size,
      bans: this.#score.bans,
      banned: this.#score.banned(this.#now()),
    };
  }

  /** Takes one message, or one new connection, of a source into account. */
  admit(flow: Flow): Verdict {
    const nowMs = this.#now();
    const phone = this.#knownBy(flowKey(flow), nowMs) ?? this.#provenByCertificate(flow, nowMs);
    if (phone !== undefined) {
      return this.#spend(phone, "knownSource", flow, nowMs);
    }
    const host = hostKey(flow);
    const source = this.#sourceOf(host, flow, nowMs);
    if (source.isTrusted) {
      return this.#spend(source, "trustedSource", flow, nowMs);
    }
    const ban = this.#score.banOf(host, nowMs);
    if (ban === "certain") {
      return this.#count(flow.connection === undefined ? "drop" : "close", "banned", flow);
    }
    const peer = this.#peers.get(host) ?? this.#knownBy(host, nowMs);
    if (peer !== undefined) {
      return this.#spend(peer, "knownSource", flow, nowMs);
    }
    if (ban === "forgeable" && flow.transport === "udp") {
      return this.#count("drop", "banned", flow);
    }
    return this.#spendUnknown(source, flow, nowMs);
  }

  isReachable(flow: Flow): boolean {
    const nowMs = this.#now();
    return (
      flow.transport !== "udp" ||
      (this.#sources.get(hostKey(flow), nowMs)?.reachableUntilMs ?? 0) > nowMs ||
      this.isProven(flow)
    );
  }

  isProven(flow: Flow): boolean {
    const nowMs = this.#now();
    return (
      this.#sources.get(hostKey(flow), nowMs)?.isTrusted === true ||
      [flowKey(flow), hostKey(flow)].some((key) => this.#knownBy(key, nowMs) !== undefined)
    );
  }

  onEcho(flow: Flow): void {
    const nowMs = this.#now();
    this.#sourceOf(hostKey(flow), flow, nowMs).reachableUntilMs = nowMs + REACHABLE_MS;
  }

  hold(flow: Flow): () => void {
    const host = hostKey(flow);
    const peer = this.#peers.get(host) ?? { ...this.#allowance(this.#limits.knownSource, this.#now()), holds: 0 };
    this.#peers.set(host, peer);
    peer.holds += 1;
    let isHeld = true;
    return () => {
      if (isHeld) {
        isHeld = false;
        peer.holds -= 1;
        if (peer.holds === 0) {
          this.#peers.delete(host);
        }
      }
    };
  }

  onAnswer(request: SipRequest, response: SipResponse, flow: Flow): void {
    const verdict = verdictOnCredentials(request, response);
    if (verdict?.kind === "right") {
      this.onRightCredentials(flow, verdict.seconds);
    } else if (verdict?.kind === "wrong") {
      this.onWrongCredentials(flow);
    }
  }

  /** Credentials of the source were accepted, for so many seconds. */
  onRightCredentials(flow: Flow, seconds: number): void {
    const nowMs = this.#now();
    this.#score.clear(hostKey(flow));
    for (const key of [flowKey(flow), hostKey(flow)]) {
      this.#makeKnown(key, nowMs + seconds * 1000, nowMs);
    }
  }

  onWrongCredentials(flow: Flow): void {
    const nowMs = this.#now();
    const host = hostKey(flow);
    const isExempt = this.#knownBy(flowKey(flow), nowMs) !== undefined || isListed(this.#trusted, flow.remote.host);
    // What comes over UDP may have been sent by anybody in the name of that source.
    const isBanned =
      !isExempt && this.#score.onFailure(host, flow.transport === "udp" ? "forgeable" : "certain", nowMs);
    if (isBanned && this.#banLines.take(BAN_LINES, nowMs)) {
      const { remote: from, transport } = flow;
      const { banSeconds: seconds } = this.#limits;
      this.#log.warn({ from, transport, seconds }, "source banned for wrong credentials");
    }
  }

  #knownBy(key: string, nowMs: number): KnownSource | undefined {
    const known = this.#known.get(key, nowMs);
    if (known !== undefined && known.untilMs <= nowMs) {
      this.#known.delete(key);
      return undefined;
    }
    return known;
  }

  #makeKnown(key: string, untilMs: number, nowMs: number): KnownSource {
    const known = this.#known.get(key, nowMs) ?? { ...this.#allowance(this.#limits.knownSource, nowMs), untilMs: 0 };
    known.untilMs = Math.max(known.untilMs, untilMs);
    this.#known.set(key, known);
    return known;
  }

  /** Only this connection: who has a certificate need not be alone at its address. */
  #provenByCertificate(flow: Flow, nowMs: number): KnownSource | undefined {
    const isProven = flow.peerNames !== undefined && flow.peerNames.length > 0;
    return isProven ? this.#makeKnown(flowKey(flow), nowMs + CERTIFICATE_MS, nowMs) : undefined;
  }

  #sourceOf(host: string, flow: Flow, nowMs: number): Source {
    const found = this.#sources.get(host, nowMs);
    if (found !== undefined) {
      return found;
    }
    const isTrusted = isListed(this.#trusted, flow.remote.host);
    const rate = isTrusted ? this.#limits.trustedSource : this.#limits.unknownSource;
    const source: Source = { ...this.#allowance(rate, nowMs), isTrusted, reachableUntilMs: 0 };
    this.#sources.set(host, source);
    return source;
  }

  #allowance(rate: Rate, nowMs: number): Allowance {
    return {
      touchedAtMs: nowMs,
      messages: new TokenBucket(rate, nowMs),
      refusals: new TokenBucket(this.#limits.refusals, nowMs),
    };
  }

  #spend(allowance: Allowance, reason: "knownSource" | "trustedSource", flow: Flow, nowMs: number): Verdict {
    return allowance.messages.take(this.#limits[reason], nowMs)
      ? "pass"
      : this.#overLimit(allowance, reason, flow, nowMs);
  }

  #spendUnknown(source: Source, flow: Flow, nowMs: number): Verdict {
    const { unknownSource, unknownSources } = this.#limits;
    const isWithinOwn = source.messages.take(unknownSource, nowMs);
    if (isWithinOwn && this.#together.take(unknownSources, nowMs)) {
      return "pass";
    }
    const reason = isWithinOwn ? "unknownSources" : "unknownSource";
    // Its address may be false, and the answer would go to somebody who asked for nothing.
    return flow.transport === "udp" ? this.#count("drop", reason, flow) : this.#overLimit(source, reason, flow, nowMs);
  }

  #overLimit(allowance: Allowance, reason: FloodReason, flow: Flow, nowMs: number): Verdict {
    if (allowance.refusals.take(this.#limits.refusals, nowMs)) {
      return this.#count("refuse", reason, flow);
    }
    return this.#count(flow.transport === "udp" ? "drop" : "close", reason, flow);
  }

  #count(verdict: "drop" | "refuse" | "close", reason: FloodReason, flow: Flow): Verdict {
    this.#counts[COUNTED[verdict]] += 1;
    this.#reasons[reason] += 1;
    this.#abuse.note(flow.remote.host, reason);
    return verdict;
  }
}
