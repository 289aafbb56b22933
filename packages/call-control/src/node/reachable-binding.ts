import type { Binding } from "@mss/model";
import { parseSipUri } from "@mss/sip-message";
import { isSameHost } from "./same-host.ts";

/**
 * A registration as a process can use it that has not received it. What came over TCP or TLS came on a connection, which only
 * the process has that accepted it: the others dial where the Contact says, if that is the host it came from and the same
 * transport. Over UDP the source does.
 */
export function reachableFromElsewhere(binding: Binding): Binding {
  const { source, contact } = binding;
  const uri = source.transport === "udp" ? undefined : parseSipUri(contact);
  const named = uri?.parameters.get("transport")?.toLowerCase();
  return uri?.port !== undefined && named === source.transport && isSameHost(uri.host, source.host)
    ? { ...binding, source: { ...source, port: uri.port } }
    : binding;
}
