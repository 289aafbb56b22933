/** 23 days: a longer interval counts as this one, since a timer of the runtime can count no further. */
export const SESSION_SECONDS_MAX = 2_000_000;

/** A body, as it can be sent again. */
export interface Description {
  readonly contentType: string;
  readonly body: string;
}

/** The session timer of a dialog while one runs: RFC 4028. Owned by `engine/session-timers.ts`. */
export interface Session {
  /** The interval that was agreed on. */
  seconds: number;
  /** The least interval that anybody on the way has asked for. */
  minimum: number;
  refresher: "us" | "them";
  /** The peer's Allow names UPDATE, so that a refresh needs no offer. */
  allowsUpdate: boolean;
  /** The session as we described it last: what a refresh by re-INVITE repeats. */
  description: Description | undefined;
  /** What the application wants to send meanwhile, while a refresh of ours has no answer. */
  waiting: (() => void)[] | undefined;
  /** Calls off what is to come. */
  stop(): void;
}
