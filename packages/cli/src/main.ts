import { hostname, userInfo } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "@mss/runtime";
import { connectRedis, readCallJournal } from "@mss/store";
import { createProgram } from "./program.ts";
import { readConfig } from "./config.ts";
import { withCredentials } from "./credentials.ts";
import { EXIT } from "./output.ts";
import { listenForReload } from "./reload-signal.ts";
import { listenForStop } from "./stop-signal.ts";

const DEMO_FILE = path.relative(process.cwd(), fileURLToPath(new URL("../../../topology/demo.yaml", import.meta.url)));

const DEPLOY_FOLDER = fileURLToPath(new URL("../../../deploy", import.meta.url));

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
  const { redisUrl } = outcome.config;
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
    stopSignal: listenForStop(),
    reloadSignal: listenForReload,
  });
  process.exitCode = await program(process.argv.slice(2));
  // Sockets that the operating system has not let go of yet must not keep a command that is done.
  process.exit();
}
