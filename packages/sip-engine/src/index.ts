export { createEngine } from "./engine/engine.ts";
export { ENGINE_ERRORS, EngineError } from "./engine/errors.ts";
export type { EngineErrorCode } from "./engine/errors.ts";
export { ENGINE_LIMITS } from "./engine/types.ts";
export type { RequestHandler, RoutingDecision } from "./engine/request-handlers.ts";
export type {
  Engine,
  EngineLimits,
  EngineOptions,
  EngineStats,
  HandedCancel,
  SessionTimerSettings,
  WorkerOptions,
} from "./engine/types.ts";
export { FLOOD_LIMITS } from "./flood/flood-limits.ts";
export type { FloodLimits } from "./flood/flood-limits.ts";
export type { Rate } from "./flood/token-bucket.ts";
export type { FloodReason, FloodStats } from "./flood/types.ts";
export { createTransactionLayer } from "./transaction/layer.ts";
export type { TransactionLayerOptions } from "./transaction/layer.ts";
export { DEFAULT_TIMERS } from "./transaction/timers.ts";
export type {
  ClientTransaction,
  ClientTransactionHandlers,
  ServerTransaction,
  TimerSettings,
  TransactionLayer,
  TransactionUser,
} from "./transaction/types.ts";
export { TRANSPORT_ERRORS, TransportError } from "./transport/errors.ts";
export type { TransportErrorCode } from "./transport/errors.ts";
export type { WorkerPorts } from "./transport/worker-ports.ts";
export { createTransportLayer } from "./transport/layer.ts";
export { DEFAULT_STREAM_LIMITS } from "./transport/limits.ts";
export type { StreamLimits } from "./transport/limits.ts";
export type { TransportStats } from "./transport/stats.ts";
export type { TlsOptions, UnprovenPeers } from "./transport/tls-kind.ts";
export type {
  Flow,
  HostPort,
  ListenAddress,
  Target,
  TransportLayer,
  TransportName,
  TransportUser,
} from "./transport/types.ts";
export { CONTROL_LIMITS } from "./wire/control-server.ts";
export type { ControlServerLimits } from "./wire/control-server.ts";
