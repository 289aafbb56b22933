import { defaultTls } from "../default-tls.ts";
import type { DefaultTls } from "../default-tls.ts";
import type { NodeFacts } from "../document/facts.ts";
import type { FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";
import { isReachable } from "./check-external-address.ts";

/** TLS where it is asked for, and nowhere against what is said. */
export function checkTls(nodes: readonly NodeFacts[], collector: FaultCollector): void {
  const defaults = defaultTls(nodes);
  const isClear = collector.faults.every(({ code }) => code !== "address-in-use"); // else the same is said twice
  for (const node of nodes) {
    checkContradiction(node, collector);
    warnOfTakenPorts(node, isClear ? defaults.get(node) : undefined, collector);
    checkRequiredCertificate(node, { nodes, defaults }, collector);
    checkDirect(node, defaults, collector);
  }
}

function checkContradiction({ node, tlsByDefault, listen }: NodeFacts, collector: FaultCollector): void {
  const named = listen.find(({ value }) => value.transport === "tls");
  const key = node.entries.get("tls")?.entries.get("listen");
  if (!tlsByDefault && named !== undefined && key !== undefined) {
    const message = `listen: false changes nothing: a tls:// address is named (${formatPlace(named.place)})`;
    const advice = "take one of the two out";
    collector.fault(key.keyPlace, { code: "no-effect", path: key.path, message, advice, other: named.place });
  }
}

function warnOfTakenPorts(node: NodeFacts, tls: DefaultTls | undefined, collector: FaultCollector): void {
  for (const { socket, by, owner } of tls?.taken ?? []) {
    const { place, path, text } = socket;
    const message = `${node.id} has no TLS by default: ${text} is taken by ${owner} (${formatPlace(by.place)})`;
    const advice = "name a tls:// address with another port in its listen, or write tls: { listen: false }";
    collector.warn(place, { code: "tls-port-taken", path, message, advice, other: by.place });
  }
}

interface TlsContext {
  readonly nodes: readonly NodeFacts[];
  readonly defaults: ReadonlyMap<NodeFacts, DefaultTls>;
}

/** A trunk that asks for certificates needs TLS on both sides. */
function checkRequiredCertificate(branch: NodeFacts, { nodes, defaults }: TlsContext, collector: FaultCollector): void {
  const asked = branch.requireCertificate;
  if (asked?.value !== true) {
    return;
  }
  const wanted = branch.trunkHubs.map(({ value }) => value);
  const hubs = nodes.filter(({ role, id }) => role === "hub" && (wanted.length === 0 || wanted.includes(id)));
  const without = [branch, ...hubs].find((node) => !hasTls(node, defaults));
  if (without !== undefined) {
    const message = `the trunk of ${branch.id} asks for certificates, and ${without.id} has no TLS`;
    const advice = `add a tls:// address to ${without.id}, or take requireCertificate out`;
    const { place, path } = asked;
    collector.fault(place, { code: "certificate-without-tls", path, message, advice, other: without.node.keyPlace });
  }
}

/** Branches that call each other straight do so over TLS, at addresses that the others know. */
function checkDirect(branch: NodeFacts, defaults: TlsContext["defaults"], collector: FaultCollector): void {
  const { direct, listen } = branch;
  if (direct?.value !== true) {
    return;
  }
  const { place, path } = direct;
  if (!hasTls(branch, defaults)) {
    const message = `${branch.id} is to be called straight by other branches, and has no TLS`;
    const advice = "add a tls:// address to its listen, or take direct out";
    collector.fault(place, { code: "certificate-without-tls", path, message, advice });
    return;
  }
  const secure = [...listen.map(({ value }) => value), ...(defaults.get(branch)?.listen ?? [])].filter(
    ({ transport }) => transport === "tls",
  );
  if (secure.length > 0 && !secure.some(({ host }) => isReachable(branch, host))) {
    const message = `${branch.id} has TLS on all addresses alone: other branches would not know where to call it`;
    const advice = "write its own address in listen, or externalAddress";
    collector.fault(place, { code: "unreachable-branch", path, message, advice });
  }
}

function hasTls(node: NodeFacts, defaults: TlsContext["defaults"]): boolean {
  const named = node.listen.some(({ value }) => value.transport === "tls");
  return named || (defaults.get(node)?.listen.length ?? 0) > 0 || node.listen.length === 0; // none that could be read
}
