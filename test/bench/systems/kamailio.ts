import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { isBound } from "../../support/udp-sockets.ts";
import { PAIRS, addressOf, pairOf } from "../core/places.ts";
import { ProcessGroup } from "../core/processes.ts";
import { NO_CREDENTIALS } from "../core/system.ts";
import type { System } from "../core/system.ts";

const MODULES = ["/usr/lib/x86_64-linux-gnu/kamailio/modules/", "/usr/lib/aarch64-linux-gnu/kamailio/modules/"];
const SUBNET = 1;
const WORKERS = 2;

/** The least that a stateful proxy with record-route needs: where a call goes is in its text. Errors only in its log. */
function configuration(modules: string): string {
  const { host, port } = addressOf(SUBNET, 1);
  const routes = Array.from({ length: PAIRS }, (_unused, index) => {
    const { callee } = pairOf(SUBNET, index);
    return `  if ($rU == "${callee.number}") { $ru = "sip:${callee.number}@${callee.host}:${callee.port}"; }`;
  });
  return `#!KAMAILIO
debug=0
log_stderror=yes
fork=yes
children=${WORKERS}
disable_tcp=yes
auto_aliases=no
listen=udp:${host}:${port}
mpath="${modules}"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "textops.so"
loadmodule "siputils.so"
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (has_totag()) {
    if (loose_route()) { t_relay(); exit; }
    if (is_method("ACK")) { if (t_check_trans()) { t_relay(); } exit; }
    sl_send_reply("404", "Not Found");
    exit;
  }
  if (is_method("CANCEL")) { if (t_check_trans()) { t_relay(); } exit; }
  t_check_trans();
  record_route();
${routes.join("\n")}
  if (!t_relay()) { sl_reply_error(); }
}
`;
}

/** Kamailio as Debian has it; undefined where it is not installed. */
export function kamailio(): System | undefined {
  const modules = MODULES.find((folder) => existsSync(folder));
  const version = /version: kamailio (\S+)/.exec(spawnSync("kamailio", ["-v"], { encoding: "utf8" }).stdout ?? "")?.[1];
  if (modules === undefined || version === undefined) {
    return undefined;
  }
  return {
    name: "kamailio",
    what: `Kamailio ${version}, stateful proxy with record-route, ${WORKERS} workers`,
    subnet: SUBNET,
    async start() {
      const processes = await ProcessGroup.create();
      const file = path.join(processes.folder, "kamailio.cfg");
      await writeFile(file, configuration(modules));
      processes.spawn("kamailio", ["-DD", "-E", "-f", file, "-m", "512", "-M", "32"]);
      const { host, port } = addressOf(SUBNET, 1);
      await processes.until("kamailio", () => isBound(host, port));
      return { processes, headersFor: () => Promise.resolve(NO_CREDENTIALS) };
    },
  };
}
