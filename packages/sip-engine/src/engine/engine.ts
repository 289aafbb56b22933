import { serializeMessage } from "@mss/sip-message";
import { DEFAULT_TIMERS } from "../transaction/timers.ts";
import { createTransactionLayer } from "../transaction/layer.ts";
import type { TransactionLayerOptions } from "../transaction/layer.ts";
import { createTransportLayer } from "../transport/layer.ts";
import { FloodGuard } from "../flood/flood-guard.ts";
import { FLOOD_LIMITS } from "../flood/flood-limits.ts";
import type { AdmissionPolicy } from "../transport/admission-policy.ts";
import { createControlServer } from "../wire/control-server.ts";
import { EmbeddedEngine } from "./embedded-engine.ts";
import { METHODS } from "./methods.ts";
import type { Engine, EngineOptions } from "./types.ts";
import { ENGINE_LIMITS } from "./types.ts";

/** Builds an engine; nothing is opened before its start. Throws ADDRESS_INVALID for an entry of `trusted` that is none. */
export function createEngine(options: EngineOptions): Engine {
  const { listen, externalAddress, localNetworks, log, tls, dns } = options;
  const timers = { ...DEFAULT_TIMERS, ...options.timers };
  const sources = createSources(options);
  const transports = createTransportLayer({
    listen,
    log,
    ...(options.worker === undefined ? {} : { worker: options.worker }),
    ...(tls === undefined ? {} : { tls }),
    ...(externalAddress === undefined ? {} : { externalAddress }),
    ...(localNetworks === undefined ? {} : { localNetworks }),
    ...(dns === undefined ? {} : { dns }),
    ...(options.datagramBytes === undefined ? {} : { datagramBytes: options.datagramBytes }),
    ...(options.connectionLimits === undefined ? {} : { limits: options.connectionLimits }),
    policy: policyOf(options),
    ...(options.messageLimits === undefined ? {} : { messageLimits: options.messageLimits }),
    ...(options.flood === false ? {} : { limiter: (flow) => sources.admit(flow) }),
    onAbuse: (host, abuse) => sources.onAbuse(host, abuse),
  });
  const maxTransactions = options.limits?.transactions ?? ENGINE_LIMITS.transactions;
  const transactions = createTransactionLayer({
    transport: transports,
    timers,
    log,
    maxTransactions,
    sources: sources,
    ...cancelElsewhere(options),
  });
  const control = createControlServer({
    ...options.control,
    log,
    ...(options.controlLimits === undefined ? {} : { limits: options.controlLimits }),
  });
  return new EmbeddedEngine(options, { transports, transactions, sources, control });
}

function cancelElsewhere({ worker }: EngineOptions): Pick<TransactionLayerOptions, "cancelElsewhere"> {
  const ask = worker?.cancelElsewhere;
  return ask === undefined ? {} : { cancelElsewhere: (cancel, flow) => ask({ text: serializeMessage(cancel), flow }) };
}

function createSources({ flood, trusted, log }: EngineOptions): FloodGuard {
  return new FloodGuard({ limits: { ...FLOOD_LIMITS, ...flood }, trusted: trusted ?? [], log });
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
