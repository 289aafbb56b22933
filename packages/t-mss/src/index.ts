export { decide } from "./decide.ts";
export type { HubDecision, HubQuestion } from "./decide.ts";
export { ERRORS, HubError } from "./errors.ts";
export type { HubErrorCode } from "./errors.ts";
export { startHub } from "./main.ts";
export type { EngineChoice, RunningHub, StartHubOptions, StoreChoice } from "./main.ts";
export { createHubNode } from "./node.ts";
export type { HubStatus, TrunkStatus } from "./hub-status.ts";
export type { HubNode, HubNodeOptions } from "./node.ts";
