#!/usr/bin/env node
// The `mss` command for any Node from 20 on: installs what is missing, then runs src/main.ts under Node 24.
import { spawn } from "node:child_process";
import path from "node:path";
import { InstallError, ROOT, childEnvironment, ensureInstalled } from "./ensure-installed.mjs";

const START_FAILED = 1;

try {
  run(ensureInstalled());
} catch (error) {
  if (!(error instanceof InstallError)) {
    throw error;
  }
  process.stderr.write(`mss: ${error.message}\n`);
  process.exitCode = START_FAILED;
}

function run(node) {
  const main = path.join(ROOT, "packages", "cli", "src", "main.ts");
  // node:sqlite still announces itself as experimental; the warning would stand in front of every command's output.
  // V8's own size of the young generation, 32 MB, makes it stop calls for some 20 ms four times a second under load; this for 6 ms.
  const flags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=16"];
  const child = spawn(node, [...flags, main, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"], // by its channel the child sees the end of this process, whatever ends it
    env: childEnvironment(),
  });

  const forward = (signal) => {
    // A Ctrl-C at a terminal reaches the whole foreground group: the child has it already, and twice means "at once".
    const fromTerminal = signal === "SIGINT" && process.stdin.isTTY === true;
    if (!fromTerminal) {
      child.kill(signal);
    }
  };
  const forwarded = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"];
  for (const signal of forwarded) {
    process.on(signal, forward);
  }
  child.on("error", (error) => {
    process.stderr.write(`mss: cannot run ${node}: ${error.message}\n`);
    process.exitCode = START_FAILED;
  });
  child.on("exit", (code, signal) => {
    for (const name of forwarded) {
      process.off(name, forward);
    }
    if (signal === null) {
      process.exitCode = code ?? START_FAILED;
    } else {
      process.kill(process.pid, signal); // end the same way as the child, as a shell expects
    }
  });
}
