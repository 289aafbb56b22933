// `npm test`: installs what is missing, then runs every test in stages under Node 24.
// `npm test -- packages/store test/e2e/hold.e2e.test.ts` runs what is at these paths only.
// `npm run chaos` is this with `--chaos`: load through every fault instead of tests; `npm run bench` with `--bench`.
// Plain JavaScript without dependencies: it runs before anything is installed, on Node 20 or newer.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { InstallError, ROOT, childEnvironment, ensureInstalled } from "../packages/cli/bin/ensure-installed.mjs";

/** What the tests use besides npm packages: Debian's name of each, and the variable that tells tests to skip, and why. */
const TOOLS = [
  { command: "redis-server", debianPackage: "redis-server", skipVariable: "MSS_SKIP_REDIS" },
  { command: "sipp", debianPackage: "sip-tester", skipVariable: "MSS_SKIP_SIPP" },
  { command: "openssl", debianPackage: "openssl", skipVariable: "MSS_SKIP_OPENSSL" },
  { command: "baresip", debianPackage: "baresip-core", skipVariable: "MSS_SKIP_BARESIP" },
];

/** What else is run in the same surroundings, by the flag that package.json gives. */
const INSTEAD = { "--chaos": "chaos/main.ts", "--bench": "bench/main.ts" };

try {
  const node = ensureInstalled();
  const skips = ensureTools();
  const [first, ...others] = process.argv.slice(2);
  const runner = INSTEAD[first];
  const [file, args] = runner === undefined ? ["support/run-stages.ts", process.argv.slice(2)] : [runner, others];
  const flags = ["--disable-warning=ExperimentalWarning"];
  const result = spawnSync(node, [...flags, path.join(ROOT, "test", file), ...args], {
    cwd: ROOT,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...childEnvironment(), ...skips },
  });
  process.exitCode = result.status ?? 1;
} catch (error) {
  if (!(error instanceof InstallError)) {
    throw error;
  }
  process.stderr.write(`npm test: ${error.message}\n`);
  process.exitCode = 1;
}

/** Environment variables that say which tests cannot run here, and why. */
function ensureTools() {
  const missing = TOOLS.filter(({ command }) => !isOnPath(command));
  if (missing.length === 0) {
    return {};
  }
  const packages = missing.map(({ debianPackage }) => debianPackage);
  if (isDebian() && process.getuid?.() === 0) {
    process.stderr.write(`installing ${packages.join(" and ")} from Debian …\n`);
    const script = path.join(ROOT, "test", "support", "install-debian-tools.sh");
    spawnSync("bash", [script, ...packages], { stdio: ["ignore", 2, 2] });
  }
  const stillMissing = missing.filter(({ command }) => !isOnPath(command));
  if (stillMissing.length > 0) {
    const install = stillMissing.map(({ debianPackage }) => debianPackage).join(" ");
    process.stderr.write(
      `${stillMissing.map(({ command }) => command).join(" and ")} not found: the tests that need it are skipped.\n` +
        `On Debian: sudo apt-get install ${install}\n`,
    );
  }
  return Object.fromEntries(
    stillMissing.map(({ command, debianPackage, skipVariable }) => [
      skipVariable,
      `${command} is not installed (Debian package ${debianPackage})`,
    ]),
  );
}

function isOnPath(command) {
  const folders = (process.env.PATH ?? "").split(path.delimiter);
  return folders.some((folder) => existsSync(path.join(folder, command)));
}

function isDebian() {
  try {
    return /^ID(?:_LIKE)?=.*debian/m.test(readFileSync("/etc/os-release", "utf8"));
  } catch {
    return false;
  }
}
