import { DEFAULT_TIMERS } from "../transaction/timers.ts";
import { createTransactionLayer } from "../transaction/layer.ts";
import { createTransportLayer } from "../transport/layer.ts";
import type { AdmissionPolicy } from "../transport/admission-policy.ts";
import { EmbeddedEngine } from "./embedded-engine.ts";
import { METHODS } from "./methods.ts";
import type { Engine, EngineOptions } from "./types.ts";
import { ENGINE_LIMITS } from "./types.ts";

/** Builds an engine; nothing is opened before its start. */
export function createEngine(options: EngineOptions): Engine {
  const { listen, externalAddress, localNetworks, log, tls, dns } = options;
  const timers = { ...DEFAULT_TIMERS, ...options.timers };
  const transports = createTransportLayer({
    listen,
    log,
    ...(tls === undefined ? {} : { tls }),
    ...(externalAddress === undefined ? {} : { externalAddress }),
    ...(localNetworks === undefined ? {} : { localNetworks }),
    ...(dns === undefined ? {} : { dns }),
    ...(options.connectionLimits === undefined ? {} : { limits: options.connectionLimits }),
    policy: policyOf(options),
    ...(options.messageLimits === undefined ? {} : { messageLimits: options.messageLimits }),
  });
  const maxTransactions = options.limits?.transactions ?? ENGINE_LIMITS.transactions;
  const transactions = createTransactionLayer({ transport: transports, timers, log, maxTransactions });
  return new EmbeddedEngine(options, { transports, transactions });
}

function policyOf({ optionTags, inviteTypes }: EngineOptions): AdmissionPolicy {
  return {
    methods: METHODS,
    checksHops: true,
    proxyOptionTags: optionTags ?? [],
    ...(optionTags === undefined ? {} : { optionTags }),
    ...(inviteTypes === undefined ? {} : { inviteTypes }),
  };
}
