import { test } from "node:test";
import { answering, calling, register } from "../support/phones.ts";
import { succeeded } from "../support/sipp.ts";
import { PLACES, federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 4 });
const RING_MS = 500;

for (const { name, caller, callee } of PLACES) {
  test(
    `${name}: three phones of one number ring, the first answer wins, the others are cancelled`,
    { skip },
    async (t) => {
      const number = String(callee);
      const phones = [0, 1, 2].map((place) => file.federation.phone(number, place));
      await Promise.all(phones.map((phone) => register(t, phone)));
      const scenarios = ["uas-rings-until-cancelled", "uas-answers-and-waits-bye", "uas-rings-until-cancelled"];
      const callees = await Promise.all(
        phones.map((phone, index) => answering(t, phone, scenarios[index] ?? "", { pauseMs: RING_MS })),
      );
      const from = file.federation.phone(String(caller));
      await succeeded(await calling(t, from, { number, scenario: "uac-answered-hangs-up", pauseMs: 300 }));
      await Promise.all(callees.map(succeeded));
    },
  );

  test(`${name}: the caller gives up, and all three phones stop ringing`, { skip }, async (t) => {
    const number = String(callee + 2);
    const phones = [0, 1, 2].map((place) => file.federation.phone(number, place));
    await Promise.all(phones.map((phone) => register(t, phone)));
    const callees = await Promise.all(phones.map((phone) => answering(t, phone, "uas-rings-until-cancelled")));
    const from = file.federation.phone(String(caller));
    await succeeded(await calling(t, from, { number, scenario: "uac-cancels-while-ringing", pauseMs: RING_MS }));
    await Promise.all(callees.map(succeeded));
  });
}
