// node branch-process.ts HOST HUB_HOST DATA_DIRECTORY: a branch in a process of its own, to be killed. Says "up" when it serves.
import { startBranch } from "@mss/l-mss";
import { silentLog } from "@mss/runtime";
import { branchSettings } from "./settings.ts";

const [host = "", hubHost = "", dataDirectory = ""] = process.argv.slice(2);
await startBranch({
  settings: branchSettings(host, hubHost, { dataDirectory }),
  engine: { kind: "embedded" },
  log: silentLog(),
});
process.stdout.write("up\n");
