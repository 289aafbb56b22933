import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Address } from "../core/places.ts";
import { endWithUs } from "../core/processes.ts";

/** Where the phones are and who they are: numbers in turn from the first one, addresses in 127.<network>.0.0/16. */
export interface FleetPlace {
  readonly server: Address;
  readonly realm: string;
  readonly password: string;
  readonly firstNumber: number;
  readonly network: number;
  readonly phones: number;
}

export type FleetCommand =
  | { readonly kind: "open"; readonly place: FleetPlace }
  /** So many registrations; a fresh one has no nonce from before and is challenged. */
  | { readonly kind: "inTurn"; readonly count: number; readonly atOnce: number; readonly isFresh: boolean }
  | { readonly kind: "allAtOnce"; readonly spreadMs: number }
  /** OPTIONS about the server itself. */
  | { readonly kind: "probe"; readonly seconds: number; readonly intervalMs: number };

const figuresSchema = z.object({
  done: z.number(),
  failed: z.number(),
  seconds: z.number(),
  /** Requests that were sent again since no answer came in time. */
  repeated: z.number(),
  /** Answers 503, obeyed. */
  refused: z.number(),
  /** Milliseconds from the first request to the final answer; null when there was none. */
  p50: z.number().nullable(),
  p99: z.number().nullable(),
  slowest: z.number().nullable(),
});

export type FleetFigures = z.infer<typeof figuresSchema>;

/** Many phones with a socket each, in a process of their own. */
export class Fleet {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(place: FleetPlace): Promise<Fleet> {
    const file = fileURLToPath(new URL("fleet-process.ts", import.meta.url));
    const child = fork(file, { execArgv: ["--disable-warning=ExperimentalWarning"] });
    endWithUs(child);
    await once(child, "message");
    const fleet = new Fleet(child);
    await fleet.tell({ kind: "open", place });
    return fleet;
  }

  /** One command at a time; resolves when it is done. */
  async tell(command: FleetCommand): Promise<FleetFigures> {
    const answer = once(this.#child, "message");
    const gone = once(this.#child, "exit").then(() => Promise.reject(new Error("the process of the phones ended")));
    this.#child.send(command);
    const told: readonly unknown[] = await Promise.race([answer, gone]);
    return figuresSchema.parse(told[0]);
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    await gone;
  }
}
