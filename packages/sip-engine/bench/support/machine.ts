import { cpus, loadavg } from "node:os";

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Where and how a benchmark runs: belongs to each of its results. */
export function printMachine(): void {
  const [first, ...more] = cpus();
  print(
    `node ${process.version}, ${more.length + 1} × ${first?.model ?? "?"}, load ${loadavg()[0]?.toFixed(1) ?? "?"}`,
  );
}

export function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KB`;
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
