import { isIP } from "node:net";
import type { X509Certificate } from "node:crypto";

/** The name of a node in its certificate and as a TLS peer: `hk.acme`. Names are compared in lower case. */
export function nodeName(id: string, federation: string): string {
  return `${id}.${federation}`.toLowerCase();
}

/** One entry of the text that Node makes of a subjectAltName: values with special characters stand in quotes. */
const ENTRY = /(?:^|, )([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,]*)/gy;
/** RFC 5922 §7.1: a SIP domain as a URI has neither a user part nor anything else. */
const SIP_DOMAIN = /^sips?:([^@:;?[\]]+)$/i;
const MAX_NAMES = 32;

/** What a certificate says it belongs to, from its subjectAltName alone: the common name counts for nothing. */
export interface SubjectNames {
  /** DNS names and the hosts of sip URIs, in lower case, each once. */
  readonly domains: readonly string[];
  readonly addresses: readonly string[];
}

export function subjectNamesOf(certificate: Pick<X509Certificate, "subjectAltName">): SubjectNames {
  const byKind = new Map<string, string[]>();
  for (const [, kind = "", text = ""] of (certificate.subjectAltName ?? "").matchAll(ENTRY)) {
    const value = unquoted(text);
    if (value !== undefined) {
      byKind.set(kind, [...(byKind.get(kind) ?? []), value]);
    }
  }
  const uris = (byKind.get("URI") ?? []).flatMap((uri) => SIP_DOMAIN.exec(uri)?.[1] ?? []);
  // RFC 5922 §7.1: where there are sip URIs, the DNS names are there for other protocols.
  const domains = uris.length > 0 ? uris : (byKind.get("DNS") ?? []);
  return {
    domains: [...new Set(domains.map(canonical))].slice(0, MAX_NAMES),
    addresses: (byKind.get("IP Address") ?? []).slice(0, MAX_NAMES),
  };
}

/** Node writes a value that could be taken for more than one as a JSON string. */
function unquoted(text: string): string | undefined {
  if (!text.startsWith('"')) {
    return text;
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

function canonical(domain: string): string {
  return domain.toLowerCase().replace(/\.$/, "");
}

/**
 * Whether a certificate is that peer's: whole names only, no wildcards, no common name (RFC 5922 §7.2). A peer that is
 * known by an IP address needs that address in its certificate.
 */
export function isCertificateOf(
  certificate: Pick<X509Certificate, "subjectAltName" | "checkIP">,
  peer: string,
): boolean {
  return isIP(peer) === 0
    ? subjectNamesOf(certificate).domains.includes(canonical(peer))
    : certificate.checkIP(peer) !== undefined;
}
