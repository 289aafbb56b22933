// node application.ts HOST PORT SECRET TARGET: the minimal B2BUA in a process of its own, on any drachtio server.
import { startB2bua } from "./b2bua.ts";

const [host = "", port, secret = "", target = ""] = process.argv.slice(2);
startB2bua({ host, port: Number(port), secret }, target);
process.send?.("ready");
