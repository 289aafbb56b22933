import { Channel } from "@mss/runtime";
import type { Logger, WorkerGroup } from "@mss/runtime";
import type { ReloadSignal } from "../reload-signal.ts";
import type { StopSignal } from "../stop-signal.ts";
import { TOPICS } from "./topics.ts";
import type { WorkerFault } from "./worker-timing.ts";

/** This process as one of several of a node: what the supervisor wants of it, and what it says to it. */
export interface WorkerMember {
  readonly group: WorkerGroup;
  readonly stopSignal: StopSignal;
  readonly reloadSignal: ReloadSignal;
  /** The supervisor is gone, and with it whoever would start this process again. */
  isAlone(): boolean;
  /** This process serves. */
  ready(): void;
  /** It cannot start. Resolves when that is on its way. */
  failed(fault: WorkerFault): Promise<void>;
}

/** The process of a worker, as far as it matters here. */
export type MemberProcess = Pick<NodeJS.Process, "on" | "send">;

/** The supervisor has all of these, too, and says what they mean: a terminal and systemd send them to every process. */
const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;
/** Longer than the supervisor waits for the others. */
const ANSWER_LIMIT_MS = 3_000;

/** `text`: what the supervisor says in the environment of a worker, `2/4`. Undefined for anything else. */
export function readPlace(text: string | undefined): { readonly worker: number; readonly workers: number } | undefined {
  const [, worker, workers] = /^([1-9]\d?)\/([1-9]\d?)$/.exec(text ?? "") ?? [];
  return worker === undefined ? undefined : { worker: Number(worker), workers: Number(workers) };
}

/** Takes this process into its node. Without its supervisor it ends its calls and itself. */
export function joinGroup(
  process: MemberProcess,
  place: { readonly worker: number; readonly workers: number },
  log: Logger,
): WorkerMember {
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  let isDraining = false;
  let isAlone = false;
  const channel = new Channel({
    post: (message) => process.send?.(message),
    answerLimitMs: ANSWER_LIMIT_MS,
    onError: (err) => log.error({ err }, "message of another worker failed"),
  });
  process.on("message", (message) => channel.receive(message));
  process.on("disconnect", () => {
    channel.close();
    isAlone = true;
    (isDraining ? second : first).resolve("end of the supervisor");
  });
  for (const signal of SIGNALS) {
    process.on(signal, () => undefined);
  }
  channel.onTold(TOPICS.drain, () => {
    isDraining = true;
    first.resolve("drain");
  });
  channel.onAsked(TOPICS.ping, () => true);
  return {
    group: {
      ...place,
      tell: (topic, value) => channel.tell(TOPICS.others, { topic, value }),
      onTold: (topic, listener) => channel.onTold(topic, listener),
      ask: (topic, value) => askOthers(channel, topic, value),
      onAsked: (topic, answer) => channel.onAsked(topic, answer),
    },
    stopSignal: { first: first.promise, second: second.promise },
    isAlone: () => isAlone,
    reloadSignal: (listener) => channel.onTold(TOPICS.reload, listener),
    ready: () => channel.tell(TOPICS.ready, undefined),
    async failed(fault) {
      channel.tell(TOPICS.fault, fault);
      // A question that is answered has come after what was told before it.
      await channel.ask(TOPICS.others, undefined).catch(() => undefined);
    },
  };
}

async function askOthers(channel: Channel, topic: string, value: unknown): Promise<readonly unknown[]> {
  try {
    const answers: unknown = await channel.ask(TOPICS.others, { topic, value });
    const list: readonly unknown[] = Array.isArray(answers) ? answers : [];
    return list;
  } catch {
    return []; // the supervisor is too busy, or gone
  }
}
