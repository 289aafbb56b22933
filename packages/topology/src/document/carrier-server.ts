import type { CarrierServer } from "@mss/model";
import { parseCertificateName, parseListen } from "./address.ts";
import type { InvalidAddress } from "./address.ts";

const URI = /^(udp|tcp|tls):\/\/([^:/[\]]+)(?::([0-9]{1,5}))?$/;
const SIPS_PORT = 5061;
const SIP_PORT = 5060;

/** Reads `udp://sip.carrier.example` or `tls://192.0.2.5:5061`: an address, with its standard port, or a name. */
export function parseCarrierServer(
  text: string,
): { readonly kind: "server"; readonly server: CarrierServer } | InvalidAddress {
  const match = URI.exec(text);
  const [, scheme = "", host = "", portText] = match ?? [];
  const name = match === null ? undefined : parseCertificateName(host);
  if (name?.kind === "name" && /[a-z]/.test(name.name)) {
    const port = portText === undefined ? undefined : Number(portText);
    const isPort = port === undefined || (port >= 1 && port <= 65_535);
    const transport = scheme === "tls" ? "tls" : scheme === "tcp" ? "tcp" : "udp";
    return isPort
      ? { kind: "server", server: { transport, host: name.name, ...(port === undefined ? {} : { port }) } }
      : invalid(`${port} is not a port`, "write a port from 1 to 65535");
  }
  const parsed = parseListen(text);
  if (parsed.kind === "invalid") {
    return { ...parsed, advice: parsed.advice.replace("udp://127.0.0.1:5060", "udp://sip.carrier.example") };
  }
  const { transport, host: address } = parsed.address;
  const isGiven = /:[0-9]+$/.test(text.replace(/\[[^\]]*\]/, ""));
  const port = isGiven ? parsed.address.port : transport === "tls" ? SIPS_PORT : SIP_PORT; // 6060 is of the federation
  return { kind: "server", server: { transport, host: address, port } };
}

function invalid(message: string, advice: string): InvalidAddress {
  return { kind: "invalid", code: "invalid-address", message, advice };
}
