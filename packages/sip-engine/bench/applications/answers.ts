// node answers.ts PORT SECRET: an application that answers OPTIONS with 200 and INVITE with 486.
import Srf from "drachtio-srf";
import { answer } from "../support/ask.ts";

type Handler = (request: unknown, response: { send(status: number): void }) => void;

const [port, secret = ""] = process.argv.slice(2);
const srf: Srf & { options?(handler: Handler): void } = new Srf(); // its own types lack it
srf.on("error", (error) => process.stderr.write(`application: ${String(error)}\n`));
srf.on("connect", () => answer({}, () => Promise.resolve({})));
void srf.connect({ host: "127.0.0.1", port: Number(port), secret });
srf.options?.((_request, response) => response.send(200));
srf.invite((_request, response) => response.send(486));
process.once("SIGTERM", () => process.exit());
