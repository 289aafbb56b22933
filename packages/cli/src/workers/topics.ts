import type { WorkerFault } from "./worker-timing.ts";

/** What supervisor and workers say to each other, beside what the node itself has to say. */
export const TOPICS = {
  /** A worker serves. */
  ready: "ready",
  /** A worker cannot start: `WorkerFault`. */
  fault: "fault",
  /** No new calls; end when the present ones have. */
  drain: "drain",
  /** Look for new certificates and settings. */
  reload: "reload",
  /** Are you there? */
  ping: "ping",
  /** For every other worker: `Relayed`. */
  others: "others",
} as const;

/** What a worker tells or asks the other ones. */
export interface Relayed {
  readonly topic: string;
  readonly value: unknown;
}

export function readRelayed(value: unknown): Relayed | undefined {
  return typeof value === "object" && value !== null && "topic" in value && typeof value.topic === "string"
    ? { topic: value.topic, value: "value" in value ? value.value : undefined }
    : undefined;
}

export function readFault(value: unknown): WorkerFault | undefined {
  return typeof value === "object" &&
    value !== null &&
    "text" in value &&
    typeof value.text === "string" &&
    "status" in value &&
    typeof value.status === "number"
    ? { text: value.text, status: value.status }
    : undefined;
}
