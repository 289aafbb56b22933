import { test } from "node:test";
import { call, register, runCall } from "../support/phones.ts";
import { PLACES, federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 3, ringTimeoutMs: 2_000 });

for (const { name, caller, callee } of PLACES) {
  test(`${name}: the caller gives up, the callee stops ringing`, { skip }, async (t) => {
    await call(t, {
      from: file.federation.phone(String(caller)),
      to: file.federation.phone(String(callee)),
      caller: "uac-cancels-while-ringing",
      callee: "uas-rings-until-cancelled",
      talkMs: 200,
    });
  });

  test(`${name}: nobody answers: 480 after the ring time, and the phone stops ringing`, { skip }, async (t) => {
    await call(t, {
      from: file.federation.phone(String(caller + 2)),
      to: file.federation.phone(String(callee + 2)),
      caller: "uac-expects-480",
      callee: "uas-rings-until-cancelled",
    });
  });

  test(`${name}: a phone that has lost its power is not waited for`, { skip }, async (t) => {
    const to = file.federation.phone(String(callee + 4));
    await register(t, to);
    await runCall(t, {
      from: file.federation.phone(String(caller + 4)),
      to,
      caller: "uac-expects-480",
      callee: "uas-never-answers",
      ringMs: 6_000,
    });
  });
}
