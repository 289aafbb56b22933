import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { SipPhone } from "@mss/call-control/testing";
import { startBranch } from "@mss/l-mss";
import { silentLog } from "@mss/runtime";
import { branchSettings, floodLimits } from "../test/support/settings.ts";

/*
 * Whether the time of an answer tells which numbers exist (SEC-27): REGISTER with a wrong password, for an extension and
 * for a number that nobody has, in turns.
 */
const ROUNDS = 2_000;
const WARM_UP = 200;
const HOST = "127.17.6.1";
const MANY = { perSecond: 1_000_000, burst: 1_000_000 };

interface Sample {
  readonly name: string;
  readonly phone: SipPhone;
  readonly times: number[];
}

async function openSample(name: string, number: string, place: number): Promise<Sample> {
  const server = { host: HOST, port: 5060 };
  const phone = await SipPhone.open({ username: number, password: "wrong", host: `127.17.6.${place}`, server });
  return { name, phone, times: [] };
}

/** Milliseconds from the request with credentials to its 401. */
async function timeOf({ phone }: Sample): Promise<number> {
  const first = phone.newRequest("REGISTER", { to: `<${phone.uriOf(phone.number)}>` });
  const guess = phone.withCredentials(first, (await phone.send(first)).final);
  if (guess === undefined) {
    throw new Error("no challenge");
  }
  const startedAt = performance.now();
  const { final } = await phone.send(guess);
  if (final.status !== 401) {
    throw new Error(`answered ${final.status}`);
  }
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1);
}

/** Without the slowest twentieth, which is the machine's and not the branch's. */
function trimmed({ times }: Sample): readonly number[] {
  return times.toSorted((one, other) => one - other).slice(0, Math.ceil(times.length * 0.95));
}

function row(name: string, value: number): string {
  return `${name.padEnd(28)} ${value.toFixed(4)}`;
}

async function measure(known: Sample, unknown: Sample): Promise<void> {
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    for (const sample of round % 2 === 0 ? [known, unknown] : [unknown, known]) {
      const time = await timeOf(sample);
      if (round >= 0) {
        sample.times.push(time);
      }
    }
  }
  const [one, other] = [trimmed(known), trimmed(unknown)];
  const t = (mean(one) - mean(other)) / Math.sqrt(variance(one) / one.length + variance(other) / other.length);
  process.stdout.write(
    [
      row(`median, ${known.name} (ms)`, median(known.times)),
      row(`median, ${unknown.name} (ms)`, median(unknown.times)),
      row("difference (ms)", Math.abs(median(known.times) - median(unknown.times))),
      row("Welch's t, 95 % of each", t),
      "",
    ].join("\n"),
  );
}

const dataDirectory = await mkdtemp(path.join(tmpdir(), "mss-enumeration-"));
const limits = floodLimits({ unknownSource: MANY, unknownSources: MANY, failures: 1_000_000 });
const settings = branchSettings(HOST, "127.17.6.254", { dataDirectory, limits });
const branch = await startBranch({ settings, engine: { kind: "embedded" }, log: silentLog() });
const samples = [await openSample("an extension", "1000", 2), await openSample("nobody's number", "1999", 3)] as const;
try {
  await measure(...samples);
} finally {
  await Promise.all(samples.map(({ phone }) => phone.close()));
  await branch.stop();
  await rm(dataDirectory, { recursive: true, force: true });
}
