import type { BridgePlan, BridgeStep, Party, Step, TransferPolicy } from "@mss/call-control";
import { next } from "@mss/call-control";
import { reject } from "@mss/call-control/node";
import type { BranchSettings, TransportAddress } from "@mss/model";
import type { Caller } from "./caller.ts";
import { findExtension } from "./identify.ts";
import type { PlannedCall } from "./plan.ts";

export interface TransferPolicyOptions {
  readonly settings: BranchSettings;
  /** Where a call of an extension goes. */
  readonly plan: Step<PlannedCall, BridgePlan>;
}

/** The transferor's phone is in the call already; no other phone is meant. */
const NO_SOURCE: TransportAddress = { transport: "udp", host: "", port: 0 };

const EXTENSION_LABEL = "extension:";

function extensionOf(settings: BranchSettings, { label }: Party): Extract<Caller, { kind: "extension" }> | undefined {
  return label.startsWith(EXTENSION_LABEL) ? findExtension(settings, label.slice(EXTENSION_LABEL.length)) : undefined;
}

function withReferredBy(steps: readonly BridgeStep[], referredBy: string): BridgeStep[] {
  return steps.map(({ targets }) => ({
    targets: targets.map((target) => ({ ...target, headers: { ...target.headers, "Referred-By": referredBy } })),
  }));
}

/**
 * An extension of this branch may transfer its calls, to wherever it may call itself; the other end of a trunk may not:
 * it would have us call in its name.
 */
export function transferPolicy({ settings, plan }: TransferPolicyOptions): TransferPolicy {
  return {
    mayTransfer: (party) => extensionOf(settings, party) !== undefined,
    route: async ({ transferor, transferee, called }) => {
      const caller = extensionOf(settings, transferor);
      if (caller === undefined) {
        return reject("NOT_PERMITTED", transferor.label);
      }
      const verdict = await plan({ invite: { called, source: NO_SOURCE }, caller });
      if (verdict.kind === "reply") {
        return verdict;
      }
      const { number: user, displayName, isHidden = false } = transferee;
      return next({
        ...verdict.ctx,
        hidesCaller: isHidden,
        callerId: { user, ...(displayName === undefined ? {} : { displayName }) },
        steps: withReferredBy(verdict.ctx.steps, `<sip:${caller.number}@${settings.federation}>`), // RFC 3892
      });
    },
  };
}
