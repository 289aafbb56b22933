import assert from "node:assert/strict";
import { test } from "node:test";
import { skipWithoutBaresip, startBaresip } from "../support/baresip.ts";
import { HK, LONDON } from "../support/federation.ts";
import { waitUntil } from "../support/wait-until.ts";
import { federationForFile, skip as skipFile } from "./setup.ts";

const file = federationForFile({ net: 9 });
const skip = skipFile === false ? skipWithoutBaresip() : skipFile;

const REGISTERED = /200 OK \(\) \[1 binding\]/;
const ESTABLISHED = /Call established/;
const HEARS = /incoming rtp for 'audio' established/;

test("a baresip in each branch: both register, one calls the other, both hear, one hangs up", { skip }, async (t) => {
  const { federation } = file;
  const [alice, carol] = [federation.phone("1000"), federation.phone("4000")];
  const callee = await startBaresip(t, carol);
  await callee.wrote(REGISTERED);
  const caller = await startBaresip(t, alice, `sip:${carol.number}@${alice.branch}`);
  await caller.wrote(REGISTERED);
  await Promise.all([caller, callee].flatMap((phone) => [phone.wrote(ESTABLISHED), phone.wrote(HEARS)]));
  assert.deepEqual(
    [federation.branch(HK), federation.hub, federation.branch(LONDON)].map((node) => node.status().calls),
    [1, 1, 1],
  );
  await caller.quit(); // hangs up first
  await waitUntil("no call is left at any node", () =>
    [federation.branch(HK), federation.hub, federation.branch(LONDON)].every((node) => node.status().calls === 0),
  );
});
