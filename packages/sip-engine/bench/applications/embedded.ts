// node embedded.ts HOST TARGET: engine and minimal B2BUA in one process and one thread.
import { createLog } from "@mss/runtime";
import { createEngine } from "@mss/sip-engine";
import { attachB2bua } from "./b2bua.ts";

const SECRET = "benchmark";
const [host = "", target = ""] = process.argv.slice(2);
const engine = createEngine({
  listen: [{ transport: "udp", host, port: 5060 }],
  control: { host: "127.0.0.1", port: 0, secret: SECRET },
  trusted: ["127.0.0.0/8"], // one caller with the calls of thousands
  log: createLog({ level: "warn" }),
});
await engine.start();
const srf = attachB2bua(engine, SECRET, target);
srf.on("connect", () => process.send?.("ready"));
process.on("SIGTERM", () => process.exit()); // so that a profile is written
