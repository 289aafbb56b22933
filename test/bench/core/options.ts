/** What every benchmark is told by the command line. */
export interface BenchOptions {
  /** Names of systems or of parts; all when absent. */
  readonly only?: readonly string[];
  /** Rungs of the ladder in calls a second; the benchmark's own when absent. */
  readonly rates?: readonly number[];
  /** Of each step; the benchmark's own when absent. */
  readonly seconds?: number;
  /** A tenth of the work: whether everything runs, not a result. Writes nothing. */
  readonly quick: boolean;
  /** Calls, phones or branches at most; the benchmark's own when absent. */
  readonly count?: number;
  /** Where `--cpu-prof` of our processes goes. */
  readonly profiles?: string;
  /** A drachtio-server to compare with. */
  readonly drachtio?: string;
  /** Without Redis the hubs keep everything in memory. */
  readonly withRedis: boolean;
  /** As it was typed, for the README. */
  readonly command: string;
}

/** One benchmark: prints as it goes; what it resolves with is for the README. */
export interface Bench {
  readonly name: string;
  /** One line for `--help`. */
  readonly about: string;
  run(options: BenchOptions): Promise<Result>;
}

export interface Result {
  /** Markdown: the figures. */
  readonly text: string;
  /** SVG by the name of its file without ending. */
  readonly plots?: Readonly<Record<string, string>>;
}

/** Flags for our node processes. */
export function profileFlags({ profiles }: BenchOptions): readonly string[] {
  return profiles === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`];
}
