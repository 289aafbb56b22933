// `npm run package`: one archive with everything that a machine needs: the software, its libraries and Node itself. It is
// made from what `npm ci` has installed here, without the network, for machines of this kind (operating system, processor).
// Plain JavaScript without dependencies: it runs before anything is installed, on Node 20 or newer.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { readdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import { InstallError, ROOT, ensureInstalled } from "../packages/cli/bin/ensure-installed.mjs";

/** Top folder of the source: what runs, and what people read. */
const FILES = ["README.md", "CHANGELOG.md", "package.json", "package-lock.json", "deploy", "topology"];
/** Of each package. */
const PARTS = ["package.json", "README.md", "src", "bin"];
const EXECUTABLE = 0o755;

try {
  const node = ensureInstalled();
  const { version } = readJson("package.json");
  const name = `mss-federation-${version}-${process.platform}-${process.arch}`;
  const archive = path.resolve(process.argv[2] ?? path.join(ROOT, "dist", `${name}.tar.gz`));
  const digest = makeArchive(archive, name, node);
  process.stdout.write(`${archive}\nsha256 ${digest}\n`);
} catch (error) {
  if (!(error instanceof InstallError)) {
    throw error;
  }
  process.stderr.write(`npm run package: ${error.message}\n`);
  process.exitCode = 1;
}

/** Returns the SHA-256 of the archive, which is there whole or not at all. */
function makeArchive(archive, name, node) {
  mkdirSync(path.dirname(archive), { recursive: true });
  const work = mkdtempSync(`${archive}.`);
  try {
    const top = path.join(work, name);
    copySource(top);
    copyLibraries(top);
    mkdirSync(path.join(top, "bin"));
    cpSync(node, path.join(top, "bin", "node"), { dereference: true });
    cpSync(path.join(ROOT, "deploy", "mss"), path.join(top, "bin", "mss"));
    chmodSync(path.join(top, "bin", "mss"), EXECUTABLE);
    chmodSync(path.join(top, "bin", "node"), EXECUTABLE);
    chmodSync(top, EXECUTABLE);
    const made = path.join(work, "archive.tar.gz");
    pack(made, work, name);
    renameSync(made, archive);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return createHash("sha256").update(readFileSync(archive)).digest("hex");
}

function copySource(top) {
  for (const file of FILES) {
    cpSync(path.join(ROOT, file), path.join(top, file), { recursive: true });
  }
  for (const name of readdirSync(path.join(ROOT, "packages"))) {
    for (const part of PARTS) {
      const from = path.join(ROOT, "packages", name, part);
      if (existsSync(from)) {
        cpSync(from, path.join(top, "packages", name, part), { recursive: true });
      }
    }
  }
}

/** The libraries that the lock file does not call those of development; our own packages are links, as npm makes them. */
function copyLibraries(top) {
  for (const [folder, entry] of Object.entries(readJson("package-lock.json").packages)) {
    const isLibrary = folder.startsWith("node_modules/") && entry.dev !== true;
    if (!isLibrary || (entry.optional === true && !existsSync(path.join(ROOT, folder)))) {
      continue;
    }
    const to = path.join(top, folder);
    mkdirSync(path.dirname(to), { recursive: true });
    if (entry.link === true) {
      symlinkSync(path.relative(path.dirname(to), path.join(top, entry.resolved)), to);
    } else {
      const isNested = (file) => path.relative(path.join(ROOT, folder), file).split(path.sep).includes("node_modules");
      cpSync(path.join(ROOT, folder), to, { recursive: true, filter: (file) => !isNested(file) });
    }
  }
}

function pack(archive, folder, name) {
  const options = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=go+rX,go-w"];
  const { status, error } = spawnSync("tar", [...options, "-czf", archive, "-C", folder, name], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0) {
    throw new InstallError(`tar failed${error === undefined ? "" : `: ${error.message}`}; GNU tar is needed`);
  }
}

function readJson(file) {
  return JSON.parse(readFileSync(path.join(ROOT, file), "utf8"));
}
