import { isDeepStrictEqual } from "node:util";
import type { OutgoingRequest, RequestOutcome } from "@mss/call-control";
import type { BranchSettings, CarrierLineSettings } from "@mss/model";
import type { Logger, Part } from "@mss/runtime";
import { CarrierLine } from "./carrier-line.ts";
import type { CarrierLineState, CarrierLineStatus, CarrierTiming } from "./carrier-line.ts";
import { REGISTRATION_TIMING } from "./carrier-registration.ts";
import { CarrierSources } from "./carrier-sources.ts";

export interface CarrierLinesOptions {
  readonly settings: Pick<BranchSettings, "carrierLines">;
  readonly request: (request: OutgoingRequest) => Promise<RequestOutcome>;
  readonly timing?: {
    readonly registration?: Partial<CarrierTiming["registration"]> | undefined;
    readonly probe?: Partial<CarrierTiming["probe"]> | undefined;
  };
  readonly log: Logger;
  readonly onState: (line: string, state: CarrierLineState) => void;
}

const UNAVAILABLE = 503;
const [LOWEST, HIGHEST] = [200, 699];

/** Whether a carrier is there is told by any answer, also by one that refuses OPTIONS. */
const PROBE_TIMING: CarrierTiming["probe"] = {
  intervalMs: 30_000,
  timeoutMs: 2_000,
  downAfter: 2,
  upAfter: 1,
  goodStatuses: Array.from({ length: HIGHEST - LOWEST + 1 }, (_unused, index) => LOWEST + index).filter(
    (status) => status !== UNAVAILABLE,
  ),
};

/** The carrier lines of the branch: which of them take calls, and which of them bring one. Starting waits for no carrier. */
export class CarrierLines implements Part {
  readonly #options: CarrierLinesOptions;
  readonly #timing: CarrierTiming;
  readonly #ending = new Set<Promise<void>>();
  readonly #sources: CarrierSources;
  #lines: readonly CarrierLine[];
  #isRunning = false;

  constructor(options: CarrierLinesOptions) {
    this.#options = options;
    this.#timing = {
      registration: { ...REGISTRATION_TIMING, ...options.timing?.registration },
      probe: { ...PROBE_TIMING, ...options.timing?.probe },
    };
    this.#lines = (options.settings.carrierLines ?? []).map((line) => this.#lineOf(line));
    this.#sources = new CarrierSources({ lines: () => this.#lines.map(({ line }) => line), log: options.log });
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    this.#sources.start();
    for (const line of this.#lines) {
      line.start();
    }
  }

  /** Takes the registrations back. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await Promise.all([this.#sources.stop(), ...this.#lines.map((line) => line.stop()), ...this.#ending]);
  }

  /** Lines whose settings stay what they were go on undisturbed. */
  update({ carrierLines = [] }: Pick<BranchSettings, "carrierLines">): void {
    const before = this.#lines;
    this.#lines = carrierLines.map(
      (wanted) => before.find(({ line }) => isDeepStrictEqual(line, wanted)) ?? this.#lineOf(wanted),
    );
    const ended = before.filter((line) => !this.#lines.includes(line)).map((line) => this.#end(line));
    const added = this.#lines.filter((line) => !before.includes(line));
    this.#sources.refresh();
    if (this.#isRunning && added.length > 0) {
      void Promise.all(ended).then(() => this.#startAll(added)); // their contacts may be those of the old ones
    }
  }

  #startAll(lines: readonly CarrierLine[]): void {
    for (const line of lines.filter((each) => this.#isRunning && this.#lines.includes(each))) {
      line.start();
    }
  }

  /** Those that take calls now, in the order in which they are to be tried. */
  linesUp(): readonly CarrierLineSettings[] {
    return this.#lines.filter(({ state }) => state === "up").map(({ line }) => line);
  }

  states(): readonly CarrierLineStatus[] {
    return this.#lines.map(({ status }) => status);
  }

  /** The lines whose carrier sends from that address. */
  linesFrom(host: string): readonly CarrierLineSettings[] {
    return this.#lines.map(({ line }) => line).filter((line) => this.#sources.isOf(line, host));
  }

  /** Registers again now. */
  refresh(line: string): void {
    this.#lines.find((each) => each.line.id === line)?.refresh();
  }

  #lineOf(line: CarrierLineSettings): CarrierLine {
    const { request, log, onState } = this.#options;
    return new CarrierLine({ line, request, log, timing: this.#timing, onState: (state) => onState(line.id, state) });
  }

  #end(line: CarrierLine): Promise<void> {
    const ending = line.stop().catch((err: unknown) => {
      this.#options.log.warn({ err, line: line.line.id }, "registration at a carrier was not taken back");
    });
    this.#ending.add(ending);
    return ending.finally(() => this.#ending.delete(ending));
  }
}
