import type { HeaderField, SipRequest } from "@mss/sip-message";
import { canonicalHeaderName } from "../engine/header-names.ts";

const MAX_FORWARDS = 70; // RFC 3261 §16.6 step 3

/** What no application changes in a request that it lets through: the transaction, the dialog and the body rest on it. */
const KEPT: ReadonlySet<string> = new Set([
  "Via",
  "Route",
  "Record-Route",
  "From",
  "To",
  "Call-ID",
  "CSeq",
  "Contact",
  "Max-Forwards",
  "Max-Breadth",
  "Content-Length",
  "Content-Type",
]);

/** What a copy of a request gets before it leaves. Via is put on by the transaction. */
export interface ForwardedParts {
  readonly uri: string;
  /** Of the next hops, in order. */
  readonly routes?: readonly string[];
  /** Ours, the one that faces the callee first; Path in a REGISTER. */
  readonly recordRoutes?: readonly string[];
  /** Of the application: each replaces what stands under its name. */
  readonly headers?: readonly HeaderField[];
  /** Branches that may run at once further on. RFC 5393 §5.3.3. */
  readonly breadth?: number | undefined;
}

/** How many hops are left after this one; undefined when the request has no Max-Forwards. */
export function hopsLeft(request: SipRequest): number | undefined {
  const value = request.headers.get("Max-Forwards");
  return value === undefined ? undefined : Number.parseInt(value, 10) - 1;
}

/** A copy of a received request for one target. RFC 3261 §16.6 steps 1 to 6. */
export function forwardedRequest(received: SipRequest, parts: ForwardedParts): SipRequest {
  const { uri, routes = [], recordRoutes = [], headers: given = [], breadth } = parts;
  let headers = received.headers.with("Max-Forwards", String(hopsLeft(received) ?? MAX_FORWARDS));
  headers = routes.length === 0 ? headers.without("Route") : headers.with("Route", ...routes);
  if (breadth !== undefined) {
    headers = headers.with("Max-Breadth", String(breadth));
  }
  for (const [name, values] of grouped(given)) {
    headers = headers.with(name, ...values);
  }
  if (recordRoutes.length > 0) {
    if (received.method === "REGISTER") {
      headers = headers.with("Path", ...recordRoutes, ...headers.all("Path")).append("Require", "path"); // RFC 3327
    } else {
      headers = headers.with("Record-Route", ...recordRoutes, ...headers.all("Record-Route"));
    }
  }
  return { ...received, uri, headers };
}

function grouped(fields: readonly HeaderField[]): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  for (const field of fields) {
    const name = canonicalHeaderName(field.name);
    if (!KEPT.has(name)) {
      byName.set(name, [...(byName.get(name) ?? []), field.value]);
    }
  }
  return byName;
}
