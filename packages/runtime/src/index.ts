export { CodedError, hasCode, isCoded } from "./errors.ts";
export { withDeadline } from "./deadline.ts";
export { compose } from "./lifecycle.ts";
export type { ComposeOptions, NamedPart, Part } from "./lifecycle.ts";
export { LOG_LEVELS, createLog, silentLog } from "./log.ts";
export type { LogLevel, LogOptions, Logger } from "./log.ts";
export { retry } from "./retry.ts";
export type { RetryOptions } from "./retry.ts";
export { TypedEmitter } from "./typed-emitter.ts";
