export { answerOptions } from "./answer-options.ts";
export { deferred } from "./deferred.ts";
export type { DeferredPart } from "./deferred.ts";
export { dialledNumber } from "./dialled-number.ts";
export { ENGINE_ADMISSION } from "./engine-admission.ts";
export { createNodeHttp } from "./node-http.ts";
export type { NodeHttp, NodeHttpOptions } from "./node-http.ts";
export { reject } from "./reject.ts";
export { isSameHost } from "./same-host.ts";
