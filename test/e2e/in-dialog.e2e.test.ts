import { test } from "node:test";
import { call } from "../support/phones.ts";
import { PLACES, federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 5 });

const CONVERSATIONS = [
  { what: "the caller holds and resumes", caller: "uac-holds-and-resumes", callee: "uas-is-held-and-resumed" },
  { what: "the callee holds and resumes", caller: "uac-is-held-and-resumed", callee: "uas-holds-and-resumes" },
  { what: "INFO passes both ways", caller: "uac-sends-and-receives-info", callee: "uas-sends-and-receives-info" },
] as const;

for (const { name, caller, callee } of PLACES) {
  for (const [index, conversation] of CONVERSATIONS.entries()) {
    test(`${name}: ${conversation.what}`, { skip }, async (t) => {
      await call(t, {
        from: file.federation.phone(String(caller + 2 * index)),
        to: file.federation.phone(String(callee + 2 * index)),
        caller: conversation.caller,
        callee: conversation.callee,
      });
    });
  }
}
