import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import type { Phone } from "./federation.ts";
import { waitUntil } from "./wait-until.ts";

const SAMPLE_RATE = 8_000;
const TONE_HZ = 440;
const TONE_SECONDS = 30;

/** A real softphone of Debian, without a screen: it answers by itself and plays a tone. */
export interface Baresip {
  /** What it has written so far, terminal colours included. */
  output(): string;
  /** Resolves when it has written something that matches; rejects when that takes too long. */
  wrote(pattern: RegExp): Promise<void>;
  /** Ends it as a user would, with BYE and unregistration, and resolves when it is gone. */
  quit(): Promise<void>;
}

/** A phone that is to register over TLS, and to believe that authority and no other. */
export interface BaresipPhone extends Phone {
  readonly tls?: { readonly authority: string; readonly port: number };
}

/** The reason why tests that need baresip are skipped here; false where it is installed and would work. */
export function skipWithoutBaresip(): string | false {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const hasAddress = addresses.some(({ family, address }) => family === "IPv4" && !address.startsWith("127."));
  return process.env["MSS_SKIP_BARESIP"] ?? (hasAddress ? false : "baresip needs an IPv4 address that is not loopback");
}

/** Starts baresip as that phone; with `dial` it calls as soon as it is up. It is stopped with the test at the latest. */
export async function startBaresip(t: TestContext, phone: BaresipPhone, dial?: string): Promise<Baresip> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-baresip-"));
  await writeConfiguration(folder, phone);
  const command = ["baresip", "-f", folder, ...(dial === undefined ? [] : ["-e", `/dial ${dial}`])];
  // Into a pipe it would write in blocks of 4 kB, and a test that waits for a line would wait for ever.
  const child = spawn("stdbuf", ["--output=0", "--error=0", ...command], { stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const exited = once(child, "exit");
  const quit = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
  };
  t.after(async () => {
    child.kill("SIGKILL");
    await exited;
    await rm(folder, { recursive: true, force: true });
  });
  return {
    output: () => output,
    wrote: (pattern) => waitUntil(`baresip ${phone.number} writes ${pattern}`, () => pattern.test(output)),
    quit,
  };
}

async function writeConfiguration(folder: string, phone: BaresipPhone): Promise<void> {
  const config = [
    `sip_listen ${phone.address}:5060`,
    ...(phone.tls === undefined ? [] : [`sip_cafile ${phone.tls.authority}`, "sip_verify_server yes"]),
    "module_path /usr/lib/baresip/modules",
    ...["stdio", "g711", "aufile", "uuid"].map((name) => `module ${name}.so`),
    ...["account", "menu"].map((name) => `module_app ${name}.so`),
    `audio_source aufile,${path.join(folder, "tone.wav")}`,
    `audio_player aufile,${path.join(folder, "heard.wav")}`,
    "rtp_ports 20000-20999",
  ];
  const registrar = phone.tls === undefined ? phone.branch : `${phone.branch}:${phone.tls.port};transport=tls`;
  const account = `<sip:${phone.number}@${registrar}>;auth_user=${phone.number};auth_pass=${phone.password};answermode=auto;regint=120`;
  await Promise.all([
    writeFile(path.join(folder, "config"), `${config.join("\n")}\n`),
    writeFile(path.join(folder, "accounts"), `${account}\n`),
    writeFile(path.join(folder, "contacts"), ""),
    writeFile(path.join(folder, "tone.wav"), toneFile()),
  ]);
}

/** A WAV file of one sine tone: 16 bit, mono, at the rate of G.711. */
function toneFile(): Buffer {
  const samples = SAMPLE_RATE * TONE_SECONDS;
  const file = Buffer.alloc(44 + samples * 2);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(36 + samples * 2, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // mono
  file.writeUInt32LE(SAMPLE_RATE, 24);
  file.writeUInt32LE(SAMPLE_RATE * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples * 2, 40);
  for (let index = 0; index < samples; index += 1) {
    file.writeInt16LE(Math.round(8_000 * Math.sin((2 * Math.PI * TONE_HZ * index) / SAMPLE_RATE)), 44 + index * 2);
  }
  return file;
}
