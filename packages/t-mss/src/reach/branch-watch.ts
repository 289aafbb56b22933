import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import { nodeName } from "@mss/certificates";
import { namedHopOf, sipUriOf } from "@mss/model";
import type { BranchId, BranchReach, HubSettings, TransportAddress } from "@mss/model";
import { pause } from "@mss/runtime";
import type { Logger, Part } from "@mss/runtime";

export interface BranchWatchTiming {
  /** A branch that asks us by OPTIONS again and again, and has not done so for this long, may be lost. */
  readonly silentMs: number;
  /** Until an OPTIONS of ours without an answer is a miss. */
  readonly answerMs: number;
  /** How often branches are looked at. */
  readonly lookMs: number;
}

export const DEFAULT_BRANCH_WATCH: BranchWatchTiming = { silentMs: 1_500, answerMs: 1_000, lookMs: 500 };

export interface BranchWatchOptions {
  readonly settings: () => Pick<HubSettings, "id" | "federation">;
  /** Where a branch is registered here now; undefined: nowhere. */
  readonly addressOf: (branch: BranchId) => TransportAddress | undefined;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  /** A branch is up, down, or not registered here any more. */
  readonly onChange: (branch: BranchId) => void;
  readonly log: Logger;
  readonly timing?: Partial<BranchWatchTiming> | undefined;
}

interface Watched {
  readonly branch: BranchId;
  state: BranchReach["state"];
  since: Date;
  by: BranchReach["by"];
  /** Of its last OPTIONS, monotonic; undefined for one that has never sent any, and of whose silence nothing follows. */
  heardAt: number | undefined;
  isAsked: boolean;
}

const MISSES = 2;
const ANSWERS = 2;
const ASK_PAUSE_MS = 100;

/**
 * Which of the branches that are registered here this hub reaches. A branch asks its hubs every second; one whose questions stay away,
 * or that did not answer a call, is asked by OPTIONS, and is lost when it misses two. Asking goes on until it answers two.
 */
export class BranchWatch implements Part {
  readonly #options: BranchWatchOptions;
  readonly #timing: BranchWatchTiming;
  readonly #watched = new Map<BranchId, Watched>();
  readonly #branchAt = new Map<string, Watched>();
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: BranchWatchOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_BRANCH_WATCH, ...options.timing };
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => this.#look(), this.#timing.lookMs).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
  }

  /** What is known of every branch that is registered here. */
  get view(): readonly BranchReach[] {
    return [...this.#watched.values()].map(({ branch, state, since, by }) => ({
      branch,
      state,
      since: since.toISOString(),
      by,
    }));
  }

  reachOf(branch: BranchId): BranchReach | undefined {
    return this.view.find((reach) => reach.branch === branch);
  }

  isDown(branch: BranchId): boolean {
    return this.#watched.get(branch)?.state === "down";
  }

  /** It is down, or about to be found so. */
  isDoubtful(branch: BranchId): boolean {
    const watched = this.#watched.get(branch);
    return watched !== undefined && (watched.state === "down" || watched.isAsked || this.#isSilent(watched));
  }

  /** The branch has registered, or has taken its registration back. */
  registered(branch: BranchId): void {
    const address = this.#options.addressOf(branch);
    const known = this.#watched.get(branch);
    if (address === undefined) {
      this.#forget(branch);
      return;
    }
    const watched = known ?? this.#add(branch);
    this.#branchAt.set(keyOf(address), watched);
    if (watched.state === "down") {
      this.#suspect(watched, "registration");
    }
  }

  /** A request has come from there. Nothing but attention follows from it: anybody may write any address. */
  heardFrom(address: TransportAddress): void {
    const watched = this.#branchAt.get(keyOf(address));
    if (watched !== undefined) {
      watched.heardAt = performance.now();
    }
  }

  /** A call to it was not answered at all. */
  wasSilent(branch: BranchId): void {
    const watched = this.#watched.get(branch);
    if (watched !== undefined) {
      this.#suspect(watched, "calls");
    }
  }

  #add(branch: BranchId): Watched {
    const since = new Date();
    const added: Watched = { branch, state: "up", since, by: "registration", heardAt: undefined, isAsked: false };
    this.#watched.set(branch, added);
    this.#options.onChange(branch);
    return added;
  }

  #forget(branch: BranchId): void {
    for (const [key, watched] of this.#branchAt) {
      if (watched.branch === branch) {
        this.#branchAt.delete(key);
      }
    }
    if (this.#watched.delete(branch)) {
      this.#options.onChange(branch);
    }
  }

  #look(): void {
    for (const watched of this.#watched.values()) {
      if (this.#options.addressOf(watched.branch) === undefined) {
        this.#forget(watched.branch);
      } else if (watched.state === "down" || this.#isSilent(watched)) {
        this.#suspect(watched, "options");
      }
    }
  }

  #isSilent({ heardAt }: Watched): boolean {
    return heardAt !== undefined && performance.now() - heardAt > this.#timing.silentMs;
  }

  #suspect(watched: Watched, by: BranchReach["by"]): void {
    if (!watched.isAsked && !this.#stopping.signal.aborted) {
      watched.isAsked = true;
      void this.#ask(watched, by)
        .catch((err: unknown) => this.#options.log.error({ err, branch: watched.branch }, "branch cannot be asked"))
        .finally(() => (watched.isAsked = false));
    }
  }

  async #ask(watched: Watched, by: BranchReach["by"]): Promise<void> {
    const { signal } = this.#stopping;
    const enough = watched.state === "up" ? 1 : ANSWERS;
    let [answers, misses] = [0, 0];
    while (answers < enough && misses < MISSES) {
      const isAnswered = await this.#isAnswered(watched.branch);
      if (signal.aborted || isAnswered === undefined) {
        return;
      }
      [answers, misses] = isAnswered ? [answers + 1, 0] : [0, misses + 1];
      await pause(ASK_PAUSE_MS, signal);
    }
    if (answers >= enough) {
      watched.heardAt = watched.heardAt === undefined ? undefined : performance.now();
    }
    this.#set(watched, answers >= enough ? "up" : "down", by);
  }

  /** Undefined: there is no address to ask at. Any status is an answer: the branch is there. */
  async #isAnswered(branch: BranchId): Promise<boolean | undefined> {
    const address = this.#options.addressOf(branch);
    if (address === undefined) {
      return undefined;
    }
    const { id, federation } = this.#options.settings();
    const proxy = namedHopOf(address, nodeName(branch, federation));
    const outcome = await this.#options.request({
      method: "OPTIONS",
      uri: sipUriOf(address),
      ...(proxy === undefined ? {} : { proxy }),
      headers: { From: `<sip:${id}@${federation}>` },
      timeoutMs: this.#timing.answerMs,
    });
    return outcome.kind === "answered";
  }

  #set(watched: Watched, state: BranchReach["state"], by: BranchReach["by"]): void {
    if (state !== watched.state && this.#watched.get(watched.branch) === watched) {
      watched.state = state;
      watched.since = new Date();
      watched.by = by;
      const { log, onChange } = this.#options;
      log[state === "up" ? "info" : "warn"](
        { peer: watched.branch, reason: by },
        state === "up" ? "branch answers again" : "branch does not answer",
      );
      onChange(watched.branch);
    }
  }
}

function keyOf({ transport, host, port }: TransportAddress): string {
  return `${transport} ${host} ${port}`;
}
