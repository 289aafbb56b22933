import type { BridgePlan, Party } from "../bridge/types.ts";
import type { Step } from "../pipeline.ts";

/** A transfer that was asked for: who asks, who is to be put through, and to which number. */
export interface TransferRequest {
  /** The side that sent REFER. */
  readonly transferor: Party;
  /** The other side of its call, which is put through. */
  readonly transferee: Party;
  /** As the transferor dialled it. */
  readonly called: string;
}

/** What a node does with REFER. Without it every REFER is answered 501. */
export interface TransferPolicy {
  /** Whether this side may transfer its calls: a phone of ours, say, and not the trunk. Refused with 403 otherwise. */
  mayTransfer(transferor: Party): boolean;
  /** Where the new call goes. It is the transferor's, with its rights; the transferee is shown as the caller. */
  readonly route: Step<TransferRequest, BridgePlan>;
}
