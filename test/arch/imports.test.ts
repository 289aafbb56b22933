import path from "node:path";
import { test } from "node:test";
import { assertNone } from "./assert-none.ts";
import { LEVELS, RESERVED, SAME_LEVEL, WITHOUT_DEPENDENCIES } from "./rules.ts";
import { ALL_SOURCES, PACKAGES, has, packageOf, readManifest } from "./workspace.ts";
import type { SourceFile, WorkspacePackage } from "./workspace.ts";

/** Folder name of an own package, undefined for all others. */
function ownPackage(specifier: string): string | undefined {
  return packageOf(specifier)?.match(/^@mss\/(.+)$/)?.[1];
}

test("every package has its level, and every level its packages", () => {
  const unknown = PACKAGES.filter(({ id }) => LEVELS[id] === undefined).map(({ id }) => id);
  assertNone(unknown, "add the package to LEVELS in test/arch/rules.ts:");
  const gone = Object.keys(LEVELS).filter((id) => !PACKAGES.some((entry) => entry.id === id));
  assertNone(gone, "named in LEVELS of test/arch/rules.ts, but there is no such package:");
});

test("imports between packages only go down", () => {
  const findings = PACKAGES.flatMap(({ id, sources }) =>
    sources.flatMap((file) =>
      file.imports
        .map(({ specifier }) => ownPackage(specifier))
        .filter((target) => target !== undefined)
        .filter((target) => !mayImport(id, target))
        .map((target) => `${file.path} imports @mss/${target}`),
    ),
  );
  assertNone(findings, "only a lower level may be imported (LEVELS and SAME_LEVEL in test/arch/rules.ts):");
});

function mayImport(from: string, target: string): boolean {
  return (LEVELS[target] ?? Infinity) < (LEVELS[from] ?? -1) || (SAME_LEVEL[from] ?? []).includes(target);
}

test("dial-plan and sip-message depend on nothing but node:", () => {
  const findings = PACKAGES.filter(({ id }) => WITHOUT_DEPENDENCIES.includes(id)).flatMap(({ sources }) =>
    sources.flatMap((file) =>
      file.imports
        .filter(({ specifier }) => packageOf(specifier) !== undefined)
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    ),
  );
  assertNone(findings, "dial-plan and sip-message are pure:");
});

test("store, sip-engine and drachtio-srf are imported where the architecture says, and nowhere else", () => {
  const findings = PACKAGES.flatMap(({ id, sources }) =>
    sources.flatMap((file) =>
      file.imports
        .filter(({ specifier, typeOnly }) => !typeOnly && isReserved(specifier, file, id))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    ),
  );
  assertNone(findings, "take it through a port instead (RESERVED in test/arch/rules.ts):");
});

function isReserved(specifier: string, file: SourceFile, id: string): boolean {
  const name = packageOf(specifier) ?? "";
  const allowed = RESERVED[name];
  return allowed !== undefined && name !== `@mss/${id}` && !allowed.some((pattern) => pattern.test(file.path));
}

test("nobody reaches into another package's files", () => {
  const findings = ALL_SOURCES.flatMap((file) =>
    file.imports
      .filter(({ specifier }) => !isPublic(specifier, file))
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
  assertNone(findings, "import what a package exports, by its name:");
});

function isPublic(specifier: string, file: SourceFile): boolean {
  if (specifier.startsWith(".")) {
    const target = path.posix.join(path.posix.dirname(file.path), specifier);
    return topFolderOf(target) === topFolderOf(file.path) || isInstaller(target);
  }
  const id = ownPackage(specifier);
  const owner = PACKAGES.find((entry) => entry.id === id);
  if (id === undefined) {
    return true;
  }
  return owner !== undefined && Object.hasOwn(owner.manifest.exports, `.${specifier.slice(`@mss/${id}`.length)}`);
}

function topFolderOf(file: string): string {
  return file
    .split("/")
    .slice(0, file.startsWith("packages/") ? 2 : 1)
    .join("/");
}

/** Runs before node_modules exists, when there are no package names yet. */
function isInstaller(file: string): boolean {
  return file === "packages/cli/bin/ensure-installed.mjs";
}

test("relative imports name the file, with its ending", () => {
  const findings = ALL_SOURCES.flatMap((file) =>
    file.imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .filter(({ specifier }) => !has(path.posix.join(path.posix.dirname(file.path), specifier)))
      .map(({ specifier }) => `${file.path} imports ${specifier}`),
  );
  assertNone(findings, "no such file:");
});

test("no import cycles, in files and in packages", () => {
  const files = new Map(
    ALL_SOURCES.map((file) => [
      file.path,
      file.imports
        .filter(({ specifier }) => specifier.startsWith("."))
        .map(({ specifier }) => path.posix.join(path.posix.dirname(file.path), specifier)),
    ]),
  );
  const packages = new Map(
    PACKAGES.map(({ id, sources }) => [
      id,
      sources
        .flatMap((file) => file.imports.map(({ specifier }) => ownPackage(specifier)))
        .filter((target) => target !== undefined && target !== id),
    ]),
  );
  assertNone([...cyclesOf(files), ...cyclesOf(packages)], "import cycle:");
});

/** One line per cycle found; an empty list means there is none. */
function cyclesOf(graph: ReadonlyMap<string, readonly (string | undefined)[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (node: string, trail: readonly string[]): void => {
    if (trail.includes(node)) {
      cycles.push([...trail.slice(trail.indexOf(node)), node].join(" → "));
      return;
    }
    if (done.has(node)) {
      return;
    }
    for (const next of graph.get(node) ?? []) {
      if (next !== undefined) {
        visit(next, [...trail, node]);
      }
    }
    done.add(node);
  };
  for (const node of graph.keys()) {
    visit(node, []);
  }
  return cycles;
}

/** Installed once for all packages, for tests and for types. */
const ROOT_DEV_DEPENDENCIES = Object.keys(readManifest("package.json").devDependencies);

test("package.json names what src imports, and nothing else", () => {
  assertNone(PACKAGES.flatMap(dependencyFaults), "dependencies and imports differ:");
});

function dependencyFaults({ id, folder, manifest, sources, tests }: WorkspacePackage): string[] {
  const self = `@mss/${id}`;
  const used = namesImported(sources).filter((name) => name !== self);
  const usedByTests = namesImported(tests).filter((name) => name !== self);
  const dependencies = Object.keys(manifest.dependencies);
  const devDependencies = Object.keys(manifest.devDependencies);
  const forTests = [...dependencies, ...devDependencies, ...ROOT_DEV_DEPENDENCIES];
  const say = (names: readonly string[], fault: string): string[] =>
    names.map((name) => `${folder}/package.json: ${name} ${fault}`);
  return [
    ...say(
      used.filter((name) => !dependencies.includes(name)),
      "is imported by src and not in dependencies",
    ),
    ...say(
      dependencies.filter((name) => !used.includes(name)),
      "is in dependencies and src does not import it",
    ),
    ...say(
      usedByTests.filter((name) => !forTests.includes(name)),
      "is imported by tests and in no dependencies",
    ),
    ...say(
      devDependencies.filter((name) => !usedByTests.includes(name)),
      "is in devDependencies and no test imports it",
    ),
  ];
}

function namesImported(files: readonly SourceFile[]): string[] {
  const names = files.flatMap((file) => file.imports.map(({ specifier }) => packageOf(specifier)));
  return [...new Set(names.filter((name) => name !== undefined))];
}
