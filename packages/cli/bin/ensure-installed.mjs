// Plain JavaScript without dependencies: it runs before anything is installed, on Node 20 or newer.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** The first Node that runs TypeScript without a flag and has what we use of node:sqlite and node:test. */
const NODE_NEEDED = [24, 12];

/** Top folder of the checkout. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Says what is wrong and what to do, for people; the caller prints it without a stack. */
export class InstallError extends Error {}

/**
 * Installs the npm dependencies unless node_modules is what package-lock.json asks for; everything npm prints goes to
 * standard error. Returns the path of a Node that runs this project. Throws InstallError.
 */
export function ensureInstalled() {
  if (!isInstalled()) {
    install();
  }
  return findNode();
}

/** The environment of a child: V8's compiled code is kept between runs, which makes a cold start several times faster. */
export function childEnvironment() {
  return { NODE_COMPILE_CACHE: path.join(ROOT, "node_modules", ".cache", "node-compile"), ...process.env };
}

/** npm leaves in node_modules what it installed, so contents are compared, not times: a fresh checkout has odd times. */
function isInstalled() {
  const wanted = readPackages(path.join(ROOT, "package-lock.json"));
  const present = readPackages(path.join(ROOT, "node_modules", ".package-lock.json"));
  if (wanted === undefined) {
    throw new InstallError("package-lock.json is missing or damaged; restore it: git checkout -- package-lock.json");
  }
  return (
    present !== undefined &&
    Object.entries(wanted).every(([folder, entry]) => {
      const isThirdParty = folder.includes("node_modules/");
      return !isThirdParty || entry.optional === true || sameEntry(entry, present[folder]);
    })
  );
}

function sameEntry(wanted, present) {
  return present !== undefined && (wanted.link === true ? present.link === true : present.version === wanted.version);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

function install() {
  process.stderr.write("installing the npm dependencies (npm ci) …\n");
  // Under `npm run` the very npm that is running; its path is in the environment.
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith(".js") === true ? [process.execPath, [npm]] : ["npm", []];
  const result = spawnSync(command, [...first, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: ROOT,
    stdio: ["ignore", 2, 2],
    // An outer NODE_ENV=production would leave out the Node 24 that everything runs on.
    env: { ...process.env, NODE_ENV: "development", npm_config_omit: "" },
  });
  if (result.error?.code === "ENOENT") {
    throw new InstallError("npm was not found; install Node 20 or newer with npm, then run the command again");
  }
  if (result.status !== 0) {
    throw new InstallError(
      "npm ci failed (see above). It needs the npm registry once: check the network and npm's proxy settings,\n" +
        "then run `npm ci` in the top folder of the checkout",
    );
  }
}

function findNode() {
  if (isNewEnough(process.versions.node)) {
    return process.execPath;
  }
  const installed = path.join(ROOT, "node_modules", "node", "bin", "node");
  if (existsSync(installed)) {
    return installed;
  }
  throw new InstallError(
    `Node ${NODE_NEEDED.join(".")} or newer is needed; it comes with npm ci as the package "node", whose install script\n` +
      "did not run (ignore-scripts?). Run `npm rebuild node`, or put a newer Node on the path",
  );
}

function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > NODE_NEEDED[0] || (major === NODE_NEEDED[0] && minor >= NODE_NEEDED[1]);
}
