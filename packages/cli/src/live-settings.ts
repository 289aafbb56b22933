import type { Logger, Part } from "@mss/runtime";
import { FileWatch } from "./file-watch.ts";
import type { LoadedNodes } from "./load-nodes.ts";
import type { NodeSet, RunningNodes } from "./nodes.ts";

export interface LiveSettingsOptions {
  readonly nodes: Pick<RunningNodes, "update" | "onRevision">;
  /** Those that the nodes were started with. */
  readonly first: NodeSet;
  readonly load: () => Promise<LoadedNodes>;
  readonly log: Logger;
}

/**
 * Reads the topology files and their secrets again when a revision is published, when the file of a secret changes, and when
 * asked to: then running nodes go by them. Files with a fault change nothing, and the log says what is wrong.
 */
export class LiveSettings implements Part {
  readonly #options: LiveSettingsOptions;
  readonly #watch: FileWatch;
  #secretFiles: readonly string[];
  #reading: Promise<void> | undefined;
  #isAgain = false;
  #off: () => void = () => undefined;

  constructor(options: LiveSettingsOptions) {
    this.#options = options;
    this.#secretFiles = options.first.secretFiles;
    this.#watch = new FileWatch(
      () => this.#secretFiles,
      () => this.read("the file of a secret has changed"),
    );
  }

  async start(): Promise<void> {
    this.#off = this.#options.nodes.onRevision(() => this.read("another topology is in force"));
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    this.#off();
    await this.#watch.stop();
    await this.#reading;
  }

  /** While the files are read this only has them read once more. */
  read(reason: string): void {
    if (this.#reading !== undefined) {
      this.#isAgain = true;
      return;
    }
    this.#reading = this.#read(reason).finally(() => {
      this.#reading = undefined;
      if (this.#isAgain) {
        this.#isAgain = false;
        this.read(reason);
      }
    });
  }

  async #read(reason: string): Promise<void> {
    const { load, nodes, log } = this.#options;
    try {
      const loaded = await load();
      if (loaded.kind === "faulty") {
        log.error({ reason, faults: loaded.text }, "topology files have faults, the settings from before stay");
        return;
      }
      this.#secretFiles = loaded.nodes.secretFiles;
      nodes.update(loaded.nodes);
      log.info({ reason }, "settings read again");
    } catch (error) {
      log.error({ err: error, reason }, "settings could not be read again, those from before stay");
    }
  }
}
