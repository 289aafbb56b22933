import type { BridgeStep, CallTarget } from "@mss/call-control";
import { rewriteNumber } from "@mss/dial-plan";
import { sipUriOf } from "@mss/model";
import type { BindingStore, BranchSettings, GatewaySettings } from "@mss/model";
import { steadyNowMs } from "@mss/runtime";
import type { Caller } from "./caller.ts";
import type { CarrierPlan } from "./carrier/carrier-plan.ts";
import { phoneTarget } from "./phone-target.ts";

/** As long as a network lets it ring (RFC 3261 §16.6 Timer C): a call for help is not given up before. */
const EMERGENCY_RING_TIMEOUT_MS = 180_000;
/** A gateway that says nothing for so long is taken for dead and the next way is tried. */
const GATEWAY_FIRST_RESPONSE_TIMEOUT_MS = 2_000;

export interface EmergencyCall {
  /** The emergency number that was dialled. */
  readonly called: string;
  readonly caller: Extract<Caller, { kind: "extension" }>;
  readonly settings: BranchSettings;
  readonly bindings: BindingStore;
  readonly carrier: CarrierPlan;
}

/** The ways that a call for help takes, in the order of the settings: all of them are of the branch. */
export async function emergencySteps(call: EmergencyCall): Promise<readonly BridgeStep[]> {
  const { settings, bindings, caller } = call;
  const steps: BridgeStep[] = [];
  for (const way of settings.emergency?.to ?? []) {
    if (way.kind === "gateway") {
      steps.push({ targets: [gatewayTarget(way.gateway, call)] });
    } else if (way.kind === "carrier") {
      steps.push({ targets: call.carrier.emergency(way.line, call.called, caller).map(withEmergencyTimes) });
    } else if (way.number !== caller.number) {
      const contacts = await bindings.find(way.number, steadyNowMs());
      steps.push({
        targets: contacts.map((binding) => ({
          ...phoneTarget(binding, EMERGENCY_RING_TIMEOUT_MS),
          showsHiddenCaller: true,
        })),
      });
    }
  }
  return steps.filter(({ targets }) => targets.length > 0);
}

function withEmergencyTimes(target: CallTarget): CallTarget {
  return {
    ...target,
    showsHiddenCaller: true,
    firstResponseTimeoutMs: GATEWAY_FIRST_RESPONSE_TIMEOUT_MS,
    ringTimeoutMs: EMERGENCY_RING_TIMEOUT_MS,
  };
}

function gatewayTarget(
  { id, address, caller: rewrite }: GatewaySettings,
  { called, caller }: EmergencyCall,
): CallTarget {
  const { number, settings } = caller;
  const user = rewrite === undefined ? number : (rewriteNumber(number, rewrite) ?? number);
  return {
    label: `gateway:${id}`,
    uri: sipUriOf(address, called),
    callerId: { user, ...(settings.name === undefined ? {} : { displayName: settings.name }) },
    showsHiddenCaller: true, // who answers must be able to call back
    firstResponseTimeoutMs: GATEWAY_FIRST_RESPONSE_TIMEOUT_MS,
    ringTimeoutMs: EMERGENCY_RING_TIMEOUT_MS,
  };
}
