import type { ChildProcess } from "node:child_process";
import type { Channel, Logger } from "@mss/runtime";
import { TOPICS, readRelayed } from "./topics.ts";
import { WorkerProcess } from "./worker-process.ts";
import type { StartOutcome } from "./worker-process.ts";
import { WORKER_TIMING } from "./worker-timing.ts";
import type { WorkerTiming } from "./worker-timing.ts";

export interface SupervisorOptions {
  readonly workers: number;
  /** Starts the process of a worker, with a channel. */
  readonly fork: (worker: number) => ChildProcess;
  readonly timing?: Partial<WorkerTiming>;
  readonly log: Logger;
}

/** What one worker has answered; undefined: it runs no more, or has not answered. */
export interface WorkerAnswer {
  readonly worker: number;
  readonly value: unknown;
}

/** Keeps the workers of one node running, and carries what they tell each other. */
export class Supervisor {
  readonly #workers: readonly WorkerProcess[];

  constructor({ workers, fork, timing, log }: SupervisorOptions) {
    this.#workers = Array.from(
      { length: workers },
      (_none, index) =>
        new WorkerProcess({
          worker: index + 1,
          fork,
          timing: { ...WORKER_TIMING, ...timing },
          log,
          onChannel: (channel, worker) => this.#relay(channel, worker),
        }),
    );
  }

  get statuses(): readonly WorkerProcess["status"][] {
    return this.#workers.map(({ status }) => status);
  }

  /**
   * The first worker alone, then the others together: what is wrong with all of them is told by one. When one fails all
   * are ended.
   */
  async start(): Promise<StartOutcome> {
    const [first, ...others] = this.#workers;
    const started = await first?.start();
    if (started?.kind === "failed") {
      return started;
    }
    const outcomes = await Promise.all(others.map((worker) => worker.start()));
    const failed = outcomes.find(({ kind }) => kind === "failed");
    if (failed !== undefined) {
      await this.kill();
      return failed;
    }
    return { kind: "up" };
  }

  tellAll(topic: string, value: unknown): void {
    for (const worker of this.#workers) {
      worker.tell(topic, value);
    }
  }

  /** Asks those that serve; `worker` alone when it is given. Never rejects. */
  ask(topic: string, value: unknown, worker?: number): Promise<readonly WorkerAnswer[]> {
    const asked = this.#workers.filter((each) => worker === undefined || each.worker === worker);
    return answersOf(asked, topic, value);
  }

  /** Resolves when all have ended, each when its calls have. */
  async drain(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop("drain")));
  }

  /** At once, with what they are doing. */
  async kill(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop("kill")));
  }

  #relay(channel: Channel, from: number): void {
    const others = (): readonly WorkerProcess[] => this.#workers.filter(({ worker }) => worker !== from);
    channel.onTold(TOPICS.others, (message) => {
      const relayed = readRelayed(message);
      if (relayed !== undefined) {
        others().forEach((worker) => worker.channel?.tell(relayed.topic, relayed.value));
      }
    });
    channel.onAsked(TOPICS.others, async (message) => {
      const relayed = readRelayed(message);
      const answers = relayed === undefined ? [] : await answersOf(others(), relayed.topic, relayed.value);
      return answers.map(({ value }) => value);
    });
  }
}

async function answersOf(
  workers: readonly WorkerProcess[],
  topic: string,
  value: unknown,
): Promise<readonly WorkerAnswer[]> {
  const answers = await Promise.all(
    workers.map(async ({ worker, channel }) => {
      try {
        return channel === undefined ? undefined : { worker, value: await channel.ask(topic, value) };
      } catch {
        return undefined; // it has ended, or is too busy: whoever asked goes on without it
      }
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}
