/**
 * What one process of a node that runs in several tells the others, and asks them. Values are JSON and come from a process
 * of the same program; each of them may be gone at any time.
 */
export interface WorkerGroup {
  /** Which of them this process is, from 1. What one process has to do for all is done by the first. */
  readonly worker: number;
  readonly workers: number;
  /** To every other one that runs now; not kept for those that start later. */
  tell(topic: string, value: unknown): void;
  /** One listener for each topic. */
  onTold(topic: string, listener: (value: unknown) => void): void;
  /** The answers of those that have answered. Never rejects. */
  ask(topic: string, value: unknown): Promise<readonly unknown[]>;
  /** Answers other processes, and the one that supervises them; one answer for each topic. */
  onAsked(topic: string, answer: (value: unknown) => unknown): void;
}
