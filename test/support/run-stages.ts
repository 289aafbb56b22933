import { existsSync, globSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import type { TestEvent } from "node:test/reporters";
import { fileURLToPath } from "node:url";

interface Stage {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly without?: string;
  /** Files at the same time. */
  readonly concurrency: number;
  readonly testLimitMs: number;
  /** Ends a file that hangs after its tests, with everything else of the stage. */
  readonly stageLimitMs: number;
}

/** In this order: what fails fastest first. Two cores: end-to-end files run whole federations and SIPp beside them. */
const STAGES: readonly Stage[] = [
  {
    name: "architecture",
    patterns: ["test/arch/**/*.test.ts"],
    concurrency: 2,
    testLimitMs: 30_000,
    stageLimitMs: 60_000,
  },
  {
    name: "unit",
    patterns: ["packages/*/test/**/*.test.ts"],
    without: "packages/*/test/**/*.int.test.ts",
    concurrency: 2,
    testLimitMs: 60_000,
    stageLimitMs: 480_000,
  },
  {
    name: "integration",
    patterns: [
      "packages/*/test/**/*.int.test.ts",
      "test/support/**/*.test.ts",
      "test/chaos/**/*.test.ts",
      "test/bench/**/*.test.ts",
    ],
    concurrency: 2,
    testLimitMs: 60_000,
    stageLimitMs: 480_000,
  },
  {
    name: "security",
    patterns: ["test/security/**/*.test.ts"],
    concurrency: 2,
    testLimitMs: 60_000,
    stageLimitMs: 480_000,
  },
  {
    name: "conformance",
    patterns: ["test/conformance/**/*.test.ts"],
    concurrency: 1,
    testLimitMs: 120_000,
    stageLimitMs: 180_000,
  },
  {
    name: "end to end",
    patterns: ["test/e2e/**/*.test.ts"],
    concurrency: 2,
    testLimitMs: 90_000,
    stageLimitMs: 480_000,
  },
];

const COUNTS = ["tests", "suites", "passed", "failed", "cancelled", "skipped", "todo"] as const;
type Counts = Record<(typeof COUNTS)[number], number>;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const FIXED_SEED = new URL("fixed-seed.ts", import.meta.url).href;

interface Outcome {
  readonly counts: Counts;
  readonly skipped: string[];
  success: boolean;
}

/** Files of a stage at or below one of the paths asked for, sorted; all of them when none was. */
function filesOf(stage: Stage, paths: readonly string[]): string[] {
  const excluded = new Set(stage.without === undefined ? [] : globSync(stage.without, { cwd: ROOT }));
  return globSync([...stage.patterns], { cwd: ROOT })
    .filter((file) => !excluded.has(file))
    .map((file) => path.join(ROOT, file))
    .filter((file) => paths.length === 0 || paths.some((asked) => file === asked || file.startsWith(asked + path.sep)))
    .toSorted();
}

/** The events of one stage for the reporter; totals and skips go to `outcome`, to be told once for the whole run. */
async function* eventsOf(stage: Stage, files: readonly string[], outcome: Outcome): AsyncGenerator<TestEvent> {
  const stream = run({
    files: [...files],
    cwd: ROOT,
    execArgv: ["--disable-warning=ExperimentalWarning", "--import", FIXED_SEED],
    concurrency: stage.concurrency,
    timeout: stage.testLimitMs,
    signal: AbortSignal.timeout(stage.stageLimitMs),
  });
  for await (const event of stream as AsyncIterable<TestEvent>) {
    if (event.type === "test:summary" && event.data.file === undefined) {
      addCounts(outcome.counts, event.data.counts);
      outcome.success &&= event.data.success;
    }
    if (event.type === "test:pass" && typeof event.data.skip === "string") {
      const file = path.relative(ROOT, event.data.file ?? "");
      outcome.skipped.push(`${file}: ${event.data.name} (${event.data.skip})`);
    }
    const isTotal = event.type === "test:diagnostic" && event.data.nesting === 0 && event.data.file === undefined;
    if (!isTotal) {
      yield event;
    }
  }
}

function addCounts(total: Counts, more: Readonly<Record<string, number>>): void {
  for (const name of COUNTS) {
    total[name] += more[name] ?? 0;
  }
}

async function runStages(paths: readonly string[]): Promise<Outcome> {
  const outcome: Outcome = {
    counts: { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 },
    skipped: [],
    success: true,
  };
  for (const stage of STAGES) {
    const files = filesOf(stage, paths);
    if (files.length === 0) {
      continue;
    }
    process.stdout.write(`\n== ${stage.name}: ${files.length} ${files.length === 1 ? "file" : "files"}\n`);
    await pipeline(eventsOf(stage, files, outcome), new spec(), process.stdout, { end: false });
  }
  return outcome;
}

/** What was skipped and why, then the totals as `node --test` prints them, last. */
function printTotals({ counts, skipped }: Outcome, startedAt: number): void {
  if (skipped.length > 0) {
    process.stdout.write(`\nSkipped:\n${skipped.map((line) => `  ${line}\n`).join("")}`);
  }
  const lines = [
    `tests ${counts.tests}`,
    `suites ${counts.suites}`,
    `pass ${counts.passed}`,
    `fail ${counts.failed}`,
    `cancelled ${counts.cancelled}`,
    `skipped ${counts.skipped}`,
    `todo ${counts.todo}`,
    `duration_ms ${Math.round(performance.now() - startedAt)}`,
  ];
  process.stdout.write(`\n${lines.map((line) => `ℹ ${line}\n`).join("")}`);
}

const paths = process.argv.slice(2).map((asked) => path.resolve(ROOT, asked));
const missing = paths.filter((asked) => !existsSync(asked));
const startedAt = performance.now();
const outcome = await runStages(paths);
printTotals(outcome, startedAt);
if (missing.length > 0) {
  process.stdout.write(`No such path: ${missing.join(", ")}\n`);
}
const nothingRan = outcome.counts.tests === 0;
if (nothingRan) {
  process.stdout.write("No test was run.\n");
}
process.exitCode = outcome.success && !nothingRan && missing.length === 0 ? 0 : 1;
