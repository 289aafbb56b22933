/** One entry of Via (RFC 3261 §20.42). */
export interface Via {
  /** In upper case: UDP, TCP, TLS … */
  readonly transport: string;
  /** As sent; an IPv6 address is without brackets. */
  readonly host: string;
  readonly port?: number;
  /** Names in lower case, values as written; without value: "". */
  readonly parameters: ReadonlyMap<string, string>;
}
