import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { importsOf } from "./scan.ts";
import type { Import } from "./scan.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

export interface SourceFile {
  /** Relative to the top folder, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

export interface WorkspacePackage {
  /** Folder name, which is also the name behind `@mss/`. */
  readonly id: string;
  readonly folder: string;
  readonly manifest: Manifest;
  /** What runs in production: src and bin. */
  readonly sources: readonly SourceFile[];
  /** Tests, benchmarks, fuzzing, and the test kits that the package exports (src/testing). */
  readonly tests: readonly SourceFile[];
}

export function readText(relative: string): string {
  return readFileSync(path.join(ROOT, relative), "utf8");
}

export function has(relative: string): boolean {
  return existsSync(path.join(ROOT, relative));
}

/** Source files that match, sorted. */
export function sourceFiles(...patterns: readonly string[]): SourceFile[] {
  return globSync([...patterns], { cwd: ROOT, exclude: (name) => name === "node_modules" })
    .toSorted()
    .map((file) => {
      const text = readText(file);
      return { path: file.replaceAll(path.sep, "/"), text, imports: importsOf(text) };
    });
}

/** A package.json, as far as the rules look at it. */
export function readManifest(file: string): Manifest {
  const manifest: unknown = JSON.parse(readText(file));
  const part = (key: string): Record<string, string> => stringsIn(propertyOf(manifest, key));
  return {
    name: String(propertyOf(manifest, "name")),
    exports: part("exports"),
    dependencies: part("dependencies"),
    devDependencies: part("devDependencies"),
  };
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

function stringsIn(value: unknown): Record<string, string> {
  const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.map(([key, text]: [string, unknown]) => [key, String(text)]));
}

function readPackage(folder: string): WorkspacePackage {
  const all = sourceFiles(`${folder}/{src,bin}/**/*.{ts,mjs}`);
  const isTestKit = (file: SourceFile): boolean => file.path.startsWith(`${folder}/src/testing/`);
  return {
    id: path.basename(folder),
    folder,
    manifest: readManifest(`${folder}/package.json`),
    sources: all.filter((file) => !isTestKit(file)),
    tests: [...all.filter(isTestKit), ...sourceFiles(`${folder}/{test,bench,fuzz}/**/*.{ts,mjs}`)],
  };
}

export const PACKAGES: readonly WorkspacePackage[] = globSync("packages/*/package.json", { cwd: ROOT })
  .map((manifest) => path.dirname(manifest))
  .toSorted()
  .map(readPackage);

/** Every source file of the repository that is written by hand. */
export const ALL_SOURCES: readonly SourceFile[] = [
  ...PACKAGES.flatMap(({ sources, tests }) => [...sources, ...tests]),
  ...sourceFiles("test/**/*.{ts,mjs}", "deploy/**/*.{ts,mjs}"),
];

/** Package name of an import specifier: `@mss/store/testing` is of `@mss/store`; undefined for relative and `node:` ones. */
export function packageOf(specifier: string): string | undefined {
  if (specifier.startsWith(".") || specifier.startsWith("node:")) {
    return undefined;
  }
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
