import { hostname, userInfo } from "node:os";
import path from "node:path";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createLog, silentLog } from "@mss/runtime";
import { connectRedis, readCallJournal } from "@mss/store";
import { createProgram } from "./program.ts";
import { readConfig } from "./config.ts";
import { withCredentials } from "./credentials.ts";
import { EXIT } from "./output.ts";
import { listenForReload } from "./reload-signal.ts";
import { listenForStop } from "./stop-signal.ts";
import { joinGroup, readPlace } from "./workers/worker-member.ts";

const DEMO_FILE = path.relative(process.cwd(), fileURLToPath(new URL("../../../topology/demo.yaml", import.meta.url)));

const DEPLOY_FOLDER = fileURLToPath(new URL("../../../deploy", import.meta.url));

/** Which worker of how many a process is: set by its supervisor. */
const PLACE_VARIABLE = "MSS_WORKER";

const output = {
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
};

// oxlint-disable-next-line no-process-env -- the one place where the environment is read
const environment = withCredentials(process.env);
const outcome = readConfig(environment);
if (outcome.kind === "faulty") {
  output.err(outcome.faults.map((fault) => `${fault}\n`).join(""));
  process.exitCode = EXIT.usage;
} else {
  const { redisUrl, logLevel } = outcome.config;
  const place = readPlace(environment[PLACE_VARIABLE]);
  const member = place && joinGroup(process, place, createLog({ level: logLevel ?? "info" }));
  const program = createProgram({
    config: outcome.config,
    environment,
    demoFile: DEMO_FILE,
    deployFolder: DEPLOY_FOLDER,
    user: `${environment["SUDO_USER"] ?? userInfo().username}@${hostname()}`,
    openStore: (federation) =>
      redisUrl === undefined ? undefined : connectRedis({ url: redisUrl, federation, log: silentLog() }),
    openJournal: (file) => readCallJournal({ file, log: silentLog() }),
    output,
    member,
    forkWorker: (text) =>
      // oxlint-disable-next-line no-process-env -- the environment of this process, for another one of it
      fork(fileURLToPath(import.meta.url), process.argv.slice(2), { env: { ...process.env, [PLACE_VARIABLE]: text } }),
    stopSignal: member?.stopSignal ?? listenForStop(),
    reloadSignal: member?.reloadSignal ?? listenForReload,
  });
  process.exitCode = await program(process.argv.slice(2));
  // Sockets that the operating system has not let go of yet must not keep a command that is done.
  process.exit();
}
