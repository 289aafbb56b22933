import type { ChildProcess } from "node:child_process";
import { Channel } from "@mss/runtime";
import type { Logger } from "@mss/runtime";
import type { WorkerFault, WorkerTiming } from "./worker-timing.ts";
import { TOPICS, readFault } from "./topics.ts";

export type WorkerState = "starting" | "up" | "down" | "stopped";

export interface WorkerProcessOptions {
  /** From 1. */
  readonly worker: number;
  readonly fork: (worker: number) => ChildProcess;
  readonly timing: WorkerTiming;
  readonly log: Logger;
  /** Sets up what this end of a new process's channel hears and answers. */
  readonly onChannel: (channel: Channel, worker: number) => void;
}

/** What became of a start: the process is up, or it said why not, or it just ended. */
export type StartOutcome = { readonly kind: "up" } | ({ readonly kind: "failed" } & WorkerFault);

/** One worker: a process, and after its end another one, until it is stopped. */
export class WorkerProcess {
  readonly worker: number;
  readonly #options: WorkerProcessOptions;
  #state: WorkerState = "down";
  #child: ChildProcess | undefined;
  #channel: Channel | undefined;
  #restarts = 0;
  #failures = 0;
  #upAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #onGone: () => void = () => undefined;

  constructor(options: WorkerProcessOptions) {
    this.worker = options.worker;
    this.#options = options;
  }

  get status(): {
    readonly worker: number;
    readonly state: WorkerState;
    readonly restarts: number;
    readonly pid?: number;
  } {
    const pid = this.#child?.pid;
    return { worker: this.worker, state: this.#state, restarts: this.#restarts, ...(pid === undefined ? {} : { pid }) };
  }

  /** Undefined while there is no process that serves. */
  get channel(): Channel | undefined {
    return this.#state === "up" ? this.#channel : undefined;
  }

  /** Starts it the first time; a start that fails is not tried again. */
  async start(): Promise<StartOutcome> {
    const outcome = await this.#run();
    if (outcome.kind === "failed") {
      this.#state = "stopped";
    }
    return outcome;
  }

  tell(topic: string, value: unknown): void {
    this.#channel?.tell(topic, value);
  }

  /** Resolves when its process has ended; `ask` says what is to be done about one that runs. */
  async stop(ask: "drain" | "kill"): Promise<void> {
    this.#state = "stopped";
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) {
      return;
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#onGone = () => resolve(undefined);
    if (ask === "kill") {
      child.kill("SIGKILL");
    } else {
      this.#channel?.tell(TOPICS.drain, undefined);
    }
    await promise;
  }

  /** Resolves when the process serves, or has ended before. */
  #run(): Promise<StartOutcome> {
    const { fork, onChannel, log } = this.#options;
    const { promise, resolve } = Promise.withResolvers<StartOutcome>();
    const child = fork(this.worker);
    const channel = new Channel({
      post: (message) => {
        if (child.connected) {
          child.send(message, () => undefined); // one that is gone is told by its exit
        }
      },
      onError: (err) => log.error({ err, worker: this.worker }, "message of a worker failed"),
    });
    let fault: WorkerFault | undefined;
    channel.onTold(TOPICS.fault, (value) => {
      fault = readFault(value);
    });
    channel.onTold(TOPICS.ready, () => {
      this.#onUp();
      resolve({ kind: "up" });
    });
    onChannel(channel, this.worker);
    this.#state = "starting";
    this.#child = child;
    this.#channel = channel;
    child.on("message", (message) => channel.receive(message));
    child.on("error", (err) => log.error({ err, worker: this.worker }, "worker process failed"));
    child.once("exit", (code, signal) => {
      channel.close();
      const ended = { text: `worker ${this.worker} ended while it started: ${signal ?? `status ${code}`}`, status: 1 };
      resolve({ kind: "failed", ...(fault ?? ended) });
      this.#onExit({ code, signal, ...(fault && { reason: fault.text }) });
    });
    return promise;
  }

  #onUp(): void {
    this.#state = this.#state === "stopped" ? "stopped" : "up";
    this.#upAt = performance.now();
    this.#watchOver();
    if (this.#restarts > 0) {
      this.#options.log.info({ worker: this.worker, restarts: this.#restarts }, "worker is up again");
    }
  }

  #onExit(how: Readonly<Record<string, unknown>>): void {
    const { log, timing } = this.#options;
    clearTimeout(this.#watch);
    this.#child = undefined;
    this.#channel = undefined;
    const wasUp = this.#state === "up";
    if (this.#state === "stopped" || (!wasUp && this.#restarts === 0 && this.#failures === 0)) {
      this.#onGone();
      return; // it was to end, or its first start has failed, which is told to who started it
    }
    this.#state = "down";
    this.#failures = wasUp && performance.now() - this.#upAt >= timing.steadyMs ? 1 : this.#failures + 1;
    const pauseMs = Math.min(timing.maxPauseMs, timing.minPauseMs * 2 ** (this.#failures - 1));
    log.error({ worker: this.worker, ...how, pauseMs }, "worker has ended, its calls are lost; it is started again");
    this.#timer = setTimeout(() => {
      this.#restarts += 1;
      void this.#run();
    }, pauseMs);
  }

  /** A process that answers nothing for long serves nobody. */
  #watchOver(): void {
    const { timing, log } = this.#options;
    let answeredAt = performance.now();
    const look = async (): Promise<void> => {
      const [child, channel] = [this.#child, this.#channel];
      try {
        await channel?.ask(TOPICS.ping, undefined);
        answeredAt = performance.now();
      } catch {
        // counted by the time since the last answer
      }
      if (child !== this.#child || child === undefined) {
        return;
      }
      if (performance.now() - answeredAt > timing.hangMs) {
        log.error({ worker: this.worker, ms: timing.hangMs }, "worker does not answer, it is ended");
        child.kill("SIGKILL");
        return;
      }
      this.#watch = setTimeout(() => void look(), timing.pingMs);
    };
    this.#watch = setTimeout(() => void look(), timing.pingMs);
  }
}
