import { test } from "node:test";
import { HK, LONDON } from "../support/federation.ts";
import { calling, register, runCall } from "../support/phones.ts";
import { succeeded } from "../support/sipp.ts";
import { federationForFile, skip } from "./setup.ts";

const file = federationForFile({ net: 7 });
const ANSWERED = { caller: "uac-answered-hangs-up", callee: "uas-answers-and-waits-bye" } as const;

test("a branch that was restarted still knows its phones", { skip }, async (t) => {
  const { federation } = file;
  const [from, local, remote] = [federation.phone("1000"), federation.phone("1001"), federation.phone("4000")];
  await register(t, local);
  await register(t, remote);
  await Promise.all([federation.stopBranch(HK), federation.stopBranch(LONDON)]);
  await Promise.all([federation.startBranch(HK), federation.startBranch(LONDON)]);
  await runCall(t, { from, to: local, ...ANSWERED });
  await runCall(t, { from, to: remote, ...ANSWERED });
});

test(
  "a branch that is away is heard as 503 with Retry-After; when it is back, it is called again",
  { skip },
  async (t) => {
    const { federation } = file;
    const [from, to] = [federation.phone("1002"), federation.phone("4002")];
    await register(t, to);
    await federation.stopBranch(LONDON);
    await succeeded(await calling(t, from, { number: to.number, scenario: "uac-expects-503" }));
    await federation.startBranch(LONDON);
    await runCall(t, { from, to, ...ANSWERED });
  },
);

// The last of the file: the hub does not come back.
test("without the hub calls to others are 503 with Retry-After, and local calls go on", { skip }, async (t) => {
  const { federation } = file;
  const [from, local] = [federation.phone("1004"), federation.phone("1005")];
  await register(t, local);
  await federation.stopHub();
  await succeeded(await calling(t, from, { number: "4000", scenario: "uac-expects-503" }));
  await runCall(t, { from, to: local, ...ANSWERED });
});
