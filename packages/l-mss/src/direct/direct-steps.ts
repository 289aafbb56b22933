import type { BridgeStep, CallTarget } from "@mss/call-control";
import { branchLabel } from "@mss/call-control/node";
import { nodeName } from "@mss/certificates";
import { namedHopOf, sipUriOf } from "@mss/model";
import type { BranchSettings, DirectPeerSettings } from "@mss/model";

/** With the look-up of the hubs before it a caller hears within 1.5 s that nobody can be reached. */
const DIRECT_FIRST_RESPONSE_TIMEOUT_MS = 1_400;

export interface DirectCall {
  /** As it was dialled: the other branch goes by the same rules. */
  readonly called: string;
  readonly settings: Pick<BranchSettings, "federation">;
  readonly ringTimeoutMs: number;
}

/** Straight to another branch: it proves its name before anything is sent to it, and we ours. */
export function directStep({ id, addresses }: DirectPeerSettings, call: DirectCall): BridgeStep {
  const { called, settings, ringTimeoutMs } = call;
  const [address] = addresses;
  const proxy = address && namedHopOf(address, nodeName(id, settings.federation));
  const targets: readonly CallTarget[] =
    address === undefined || proxy === undefined
      ? []
      : [
          {
            label: branchLabel(id),
            uri: sipUriOf(address, called),
            proxy,
            trusted: true,
            pathProof: { kind: "proven" },
            firstResponseTimeoutMs: DIRECT_FIRST_RESPONSE_TIMEOUT_MS,
            ringTimeoutMs,
          },
        ];
  // A full trunk is no hub that is away: calls at once are counted there, and not to be got around.
  return { targets, skipAfter: ["TRUNK_FULL"] };
}
