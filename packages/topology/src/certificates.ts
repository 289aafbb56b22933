import { certificatesOf, daysLeft, expiryOf, isCertificateOf, nodeName, readCredentials } from "@mss/certificates";
import type { TlsCredentials } from "@mss/certificates";
import { FaultCollector } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { Topology, TopologyBranch, TopologyHub } from "./topology.ts";

export interface CertificateCheckOptions {
  /** Only those of this hub or branch. Default: those of all nodes. */
  readonly node?: string;
  /** Wall clock, in milliseconds. */
  readonly now?: () => number;
}

const WARN_DAYS = 30;

/**
 * Looks at the certificates as the nodes would on this machine. A node that names a TLS address has a fault when it cannot
 * speak TLS; one that has TLS by default goes without it, with a warning if only a part of the files is there.
 */
export async function checkCertificates(
  topology: Topology,
  { node: only, now = Date.now }: CertificateCheckOptions = {},
): Promise<{ readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] }> {
  const collector = new FaultCollector();
  for (const node of [...topology.hubs, ...topology.branches]) {
    if (only === undefined || node.id === only) {
      await checkNode(node, { collector, topology, nowMs: now() });
    }
  }
  return { faults: collector.faults, warnings: collector.warnings };
}

interface NodeContext {
  readonly collector: FaultCollector;
  readonly topology: Topology;
  readonly nowMs: number;
}

/** Whether TLS of a node is wanted in words, so that it must not start without: by an address, by HTTPS or by a trunk. */
function asksForTls({ branches }: Topology, node: TopologyHub | TopologyBranch): boolean {
  const { id, listen } = node;
  const servesHttps = "api" in node && node.api !== undefined;
  const isNamed = servesHttps || listen.some(({ transport }) => transport === "tls");
  return (
    isNamed ||
    branches.some(
      (branch) => branch.trunk.requireCertificate && [branch.id, ...branch.trunk.hubs].some((end) => end === id),
    )
  );
}

async function checkNode(node: TopologyHub | TopologyBranch, context: NodeContext): Promise<void> {
  const { tls } = node;
  const isAsked = asksForTls(context.topology, node);
  if (!isAsked && tls.defaultListen.length === 0) {
    return;
  }
  const outcome = await readCredentials(tls);
  if (outcome.kind === "usable") {
    checkUsable(node, outcome.credentials, context);
    return;
  }
  const { part, file, problem, advice, isMissing } = outcome.fault;
  if (!isAsked && isMissing && part === "certificate") {
    return; // TLS by default begins with a certificate
  }
  const { place, path } = tls;
  const text = {
    code: "unusable-certificate",
    path,
    message: `${node.id}: the ${part} file ${file} ${problem}`,
    advice,
  } as const;
  if (isAsked) {
    context.collector.fault(place, text);
  } else {
    context.collector.warn(place, { ...text, message: `${text.message}, so there is no TLS` });
  }
}

function checkUsable(
  { id, tls }: TopologyHub | TopologyBranch,
  credentials: TlsCredentials,
  context: NodeContext,
): void {
  const { collector, topology, nowMs } = context;
  const { place, path, certificate: file } = tls;
  const name = nodeName(id, topology.federation);
  const own = certificatesOf(credentials.certificate)?.[0];
  if (own !== undefined && !isCertificateOf(own, name)) {
    const message = `${id}: the certificate ${file} does not hold the name ${name}: its hubs and branches will refuse it`;
    collector.warn(place, {
      code: "certificate-name",
      path,
      message,
      advice: `make one: mss cert --node ${id} --force`,
    });
  }
  const expiry = expiryOf(credentials);
  const days = expiry === undefined ? undefined : daysLeft(expiry.at, nowMs);
  if (expiry !== undefined && days !== undefined && days <= WARN_DAYS) {
    const what = expiry.isAuthority ? `the authority of ${file}` : `the certificate ${file}`;
    const message = `${id}: ${what} ${days < 0 ? "has expired" : `expires in ${days} days`}`;
    const advice = expiry.isAuthority ? "make a new one: mss cert --new-authority" : "renew it: mss cert --renew";
    collector.warn(place, { code: "certificate-expires", path, message, advice });
  }
}
