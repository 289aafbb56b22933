import type { EngineKind, StartOptions } from "./engines.ts";
import type { Rig } from "./rig.ts";

/** What an application on drachtio-srf sees, and what its peer sees on the wire, on any engine. */
export interface ConformanceCase extends StartOptions {
  readonly name: string;
  /** Passes on an engine that does as it should. */
  readonly run: (rig: Rig) => Promise<void>;
  /** Engines that do something else on purpose. */
  readonly differs?: Partial<Record<EngineKind, Difference>>;
  /** Engines that it cannot be run on, and why. */
  readonly skip?: Partial<Record<EngineKind, string>>;
}

export interface Difference {
  /** The row of the table in packages/sip-engine/README.md that says so: its first cell, or the beginning of it. */
  readonly row: string;
  /** Passes on that engine instead. */
  readonly run: (rig: Rig) => Promise<void>;
}
