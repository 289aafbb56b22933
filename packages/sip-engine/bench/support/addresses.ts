/** Loopback addresses of the benchmarks. Each system under test has an address of its own, so that all can be up at once. */
export const EMBEDDED = { host: "127.0.30.1", port: 5060 } as const;
export const CALLEE = { host: "127.0.30.2", port: 5060 } as const;
export const CALLER = { host: "127.0.30.3", port: 5060 } as const;
