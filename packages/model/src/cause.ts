/** Q.850 cause values that we write into Reason headers (RFC 3326) and call records, with the SIP status of RFC 4497. */
export const CAUSES = {
  unallocatedNumber: { q850: 1, sip: 404, text: "Unallocated number" },
  normalClearing: { q850: 16, sip: 200, text: "Normal call clearing" },
  userBusy: { q850: 17, sip: 486, text: "User busy" },
  noAnswer: { q850: 19, sip: 480, text: "No answer from user" },
  absent: { q850: 20, sip: 480, text: "Subscriber absent" },
  rejected: { q850: 21, sip: 603, text: "Call rejected" },
  exchangeRoutingError: { q850: 25, sip: 482, text: "Exchange routing error" },
  noCircuit: { q850: 34, sip: 503, text: "No circuit available" },
  networkOutOfOrder: { q850: 38, sip: 503, text: "Network out of order" },
  temporaryFailure: { q850: 41, sip: 503, text: "Temporary failure" },
  notPermitted: { q850: 57, sip: 403, text: "Bearer capability not authorized" },
  interworking: { q850: 127, sip: 500, text: "Interworking, unspecified" },
} as const satisfies Record<string, { readonly q850: number; readonly sip: number; readonly text: string }>;

export type Cause = keyof typeof CAUSES;

/** The value of a Reason header for a cause, e.g. `Q.850;cause=17;text="User busy"`. RFC 3326 §2. */
export function reasonHeader(cause: Cause, text: string = CAUSES[cause].text): string {
  return `Q.850;cause=${CAUSES[cause].q850};text="${text}"`;
}
