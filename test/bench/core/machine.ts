import { cpus, loadavg, totalmem } from "node:os";

const GIGABYTE = 1_000_000_000;

/** Where a benchmark runs: belongs to each of its results. */
export function machine(): string {
  const [first, ...more] = cpus();
  const memory = (totalmem() / GIGABYTE).toFixed(0);
  return `Node ${process.version}, ${more.length + 1} × ${first?.model.trim() ?? "?"}, ${memory} GB, Linux`;
}

export function load(): string {
  return loadavg()[0]?.toFixed(1) ?? "?";
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(0)} MB`;
}
