import type { OpenJournal } from "./cdr/open-journal.ts";
import type { Config } from "./config.ts";
import type { Output } from "./output.ts";
import type { ReloadSignal } from "./reload-signal.ts";
import type { StopSignal } from "./stop-signal.ts";
import type { ForkWorker } from "./workers/run-workers.ts";
import type { WorkerMember } from "./workers/worker-member.ts";
import type { OpenStore } from "./topology/federation-store.ts";

/** What the command line needs of its process. */
export interface ProgramOptions {
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of the demo's topology file. */
  readonly demoFile: string;
  /** The folder `deploy` of the software. */
  readonly deployFolder: string;
  /** Who runs the command: author of what it publishes. */
  readonly user: string;
  readonly openStore: OpenStore;
  readonly openJournal: OpenJournal;
  readonly output: Output;
  /** This process as one of several of a node; undefined: whoever ran the command started it. */
  readonly member?: WorkerMember | undefined;
  readonly forkWorker: ForkWorker;
  readonly stopSignal: StopSignal;
  readonly reloadSignal: ReloadSignal;
}
