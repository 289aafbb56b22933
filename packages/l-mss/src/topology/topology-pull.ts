import type { HubId } from "@mss/model";
import { Rounds, pause, retry } from "@mss/runtime";
import type { Part } from "@mss/runtime";
import { branchToken } from "@mss/topology";
import { BranchError } from "../errors.ts";
import { apiServers } from "../hub-api/api-servers.ts";
import type { ApiServer } from "../hub-api/api-servers.ts";
import { HeldPart } from "./held-part.ts";
import type { HeldPartOptions } from "./held-part.ts";
import type { AskForPart } from "./part-client.ts";

export interface PullTiming {
  /** How long a hub may hold an answer back until there is something new. */
  readonly waitSeconds: number;
  /** Bounds of the growing, jittered pause while no hub has an answer. */
  readonly minRetryMs: number;
  readonly maxRetryMs: number;
}

const DEFAULT_TIMING: PullTiming = { waitSeconds: 25, minRetryMs: 1_000, maxRetryMs: 30_000 };
/** A hub that does not wait is not asked all the time. */
const MIN_ROUND_MS = 1_000;
/** As long as timers last. */
const UNTIL_CHANGED_MS = 2_147_483_647;

export interface TopologyPullOptions extends HeldPartOptions {
  readonly ask: AskForPart;
  readonly onRevision: (revision: number) => void;
  readonly timing?: Partial<PullTiming>;
}

/** By which topology a branch goes, and how it knows. */
export interface TopologyStatus {
  /** `file`: no hub has given it any yet. `copy`: from its disk, and no hub has been heard since. */
  readonly source: "file" | "copy" | "hub";
  readonly revision?: number;
  /** ISO 8601, UTC. */
  readonly publishedAt?: string;
  /** The hub that was heard last, and when it said that this is the present revision. ISO 8601, UTC. */
  readonly hub?: HubId;
  readonly confirmedAt?: string;
  /** Seconds since then, or since the start. */
  readonly ageSeconds: number;
  /** Why the last attempt failed, or what was offered is left out. */
  readonly problem?: string;
}

/**
 * Keeps the branch on the topology that its hubs have: asks one after the other, checks what it gets, goes by it at once
 * and keeps it on the disk. A revision never goes backwards. No call waits for any of it.
 */
export class TopologyPull implements Part {
  readonly #options: TopologyPullOptions;
  readonly #timing: PullTiming;
  readonly #held: HeldPart;
  readonly #rounds: Rounds;
  #source: TopologyStatus["source"] = "file";
  #heard: { readonly hub: HubId; readonly at: number } | undefined;
  #heardMs = performance.now();
  #problem: string | undefined;

  constructor(options: TopologyPullOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#held = new HeldPart(options);
    this.#rounds = new Rounds({
      round: (signal) => this.#round(signal),
      onFailed: (error) => options.log.error({ err: error }, "asking for the topology failed"),
      failurePauseMs: this.#timing.maxRetryMs,
    });
  }

  /** Resolves when the copy on the disk is in use, if there is one. Waits for no hub. */
  async start(): Promise<void> {
    if (this.#servers().length > 0 && (await this.#held.useCopy())) {
      this.#source = "copy";
    }
    this.#rounds.start();
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  /** The settings have changed: hubs are asked now, and signatures checked by the file as it is now. */
  refresh(): void {
    this.#held.trustFile();
    this.#rounds.again();
  }

  /** A hub takes calls again: where none could be asked before, they are asked now. */
  retryNow(): void {
    if (this.#problem !== undefined) {
      this.#rounds.again();
    }
  }

  status(): TopologyStatus {
    const { header } = this.#held;
    return {
      source: this.#source,
      ...(header && { revision: header.revision, publishedAt: header.publishedAt }),
      ...(this.#heard && { hub: this.#heard.hub, confirmedAt: new Date(this.#heard.at).toISOString() }),
      ageSeconds: Math.round((performance.now() - this.#heardMs) / 1_000),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
    };
  }

  /** Hubs that hand out topologies; the one that was heard last comes first. */
  #servers(): readonly ApiServer[] {
    return apiServers(this.#options.settings(), this.#heard?.hub);
  }

  async #round(signal: AbortSignal): Promise<void> {
    if (this.#servers().length === 0) {
      this.#problem = undefined;
      await pause(UNTIL_CHANGED_MS, signal);
      return;
    }
    const began = performance.now();
    const isNew = await retry(() => this.#askAll(signal), {
      retries: Infinity,
      minDelayMs: this.#timing.minRetryMs,
      maxDelayMs: this.#timing.maxRetryMs,
      signal,
      onFailedAttempt: (error) => this.#failed(error),
    });
    if (!isNew && performance.now() - began < MIN_ROUND_MS) {
      await pause(MIN_ROUND_MS * (1 + Math.random()), signal);
    }
  }

  /** One hub after the other until one says what is current: whether that was new. Rejects with why none did. */
  async #askAll(signal: AbortSignal): Promise<boolean> {
    let failure: unknown = new BranchError("TOPOLOGY_UNREACHABLE", { reason: "no hub hands it out" });
    for (const server of this.#servers()) {
      try {
        return await this.#askOne(server, signal);
      } catch (error) {
        if (signal.aborted || !(error instanceof BranchError)) {
          throw error;
        }
        failure = error;
      }
    }
    throw failure;
  }

  async #askOne({ id: hub, api: endpoint }: ApiServer, signal: AbortSignal): Promise<boolean> {
    const { federation, id: branch, trunk, tls } = this.#options.settings();
    const { tag } = this.#held;
    // One that has not been heard is asked for an answer at once: until it comes nobody knows whether ours is current.
    const isHeard = this.#heard?.hub === hub && this.#problem === undefined;
    const waitSeconds = isHeard ? this.#timing.waitSeconds : 0;
    const token = branchToken(trunk.secret, { federation, branch });
    const question = { endpoint, hub, federation, branch, token, tls, waitSeconds, ...(tag !== undefined && { tag }) };
    const reply = await this.#options.ask(question, signal);
    const isNew = reply.kind === "part" && this.#held.take(reply.texts, hub);
    this.#confirmed(hub);
    if (isNew) {
      await this.#save();
      this.#options.onRevision(this.#held.header?.revision ?? 0);
    }
    return isNew;
  }

  async #save(): Promise<void> {
    try {
      await this.#held.save();
    } catch (error) {
      this.#problem = "the topology in force is not on the disk";
      this.#options.log.error({ err: error }, "the topology could not be copied to the disk");
    }
  }

  #confirmed(hub: HubId): void {
    if (this.#problem !== undefined || this.#heard?.hub !== hub) {
      this.#options.log.info({ peer: hub, revision: this.#held.header?.revision }, "topology comes from this hub");
    }
    this.#source = "hub";
    this.#heard = { hub, at: Date.now() };
    this.#heardMs = performance.now();
    this.#problem = undefined;
  }

  /** Told once for each reason, not for each attempt. */
  #failed(error: Error): void {
    const given = error instanceof BranchError ? error.details["reason"] : undefined;
    const reason = typeof given === "string" ? given : error.message;
    if (reason !== this.#problem) {
      const fields = error instanceof BranchError ? { code: error.code, ...error.details } : { err: error };
      this.#options.log.warn(fields, "no newer topology can be had from a hub; the one in force stays");
    }
    this.#problem = reason;
  }
}
