import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { SipPhone } from "@mss/call-control/testing";
import type { SipPhoneOptions } from "@mss/call-control/testing";
import type { BranchSettings } from "@mss/model";
import { createLog, silentLog } from "@mss/runtime";
import { startBranch } from "@mss/l-mss";
import type { RunningBranch, StartBranchOptions } from "@mss/l-mss";
import { passwordOf } from "./settings.ts";

export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), "mss-branch-"));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function runBranch(
  t: TestContext,
  settings: BranchSettings,
  options: Partial<StartBranchOptions> = {},
): Promise<RunningBranch> {
  const log = process.env["MSS_TEST_LOG"] === undefined ? silentLog() : createLog({ level: "debug" });
  const branch = await startBranch({ settings, engine: { kind: "embedded" }, log, ...options });
  t.after(() => branch.stop());
  return branch;
}

export async function openPhone(
  t: TestContext,
  number: string,
  options: Pick<SipPhoneOptions, "host" | "server"> & Partial<SipPhoneOptions>,
): Promise<SipPhone> {
  const phone = await SipPhone.open({ username: number, password: passwordOf(number), ...options });
  t.after(() => phone.close());
  return phone;
}
