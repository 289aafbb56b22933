import type { ConformanceCase } from "../support/cases.ts";
import { APPLICATIONS } from "./applications.ts";
import { BODIES } from "./bodies.ts";
import { BRIDGES } from "./bridges.ts";
import { CALLS_IN } from "./calls-in.ts";
import { CALLS_OUT } from "./calls-out.ts";
import { CANCEL } from "./cancel.ts";
import { IN_DIALOG, IN_DIALOG_ONCE } from "./in-dialog.ts";
import { PROXY } from "./proxy.ts";
import { RECORDS } from "./records.ts";
import { RELIABLE } from "./reliable.ts";
import { REQUESTS_IN } from "./requests-in.ts";
import { REQUESTS_OUT } from "./requests-out.ts";
import { SESSION_TIMERS } from "./session-timers.ts";

/** Every case by what it is about. */
export const CASES: Readonly<Record<string, readonly ConformanceCase[]>> = {
  "requests to an application": REQUESTS_IN,
  "requests of an application": REQUESTS_OUT,
  "calls to an application": CALLS_IN,
  "calls of an application": CALLS_OUT,
  "calls that are given up": CANCEL,
  "requests within a call": [...IN_DIALOG, ...IN_DIALOG_ONCE],
  "reliable answers and forks": RELIABLE,
  proxying: PROXY,
  "bridged calls and subscriptions": BRIDGES,
  "session timers": SESSION_TIMERS,
  "call records": RECORDS,
  "bodies, streams and numbers of calls": BODIES,
  "several applications": APPLICATIONS,
};
