import { DEFAULT_LIMITS, type MessageLimits, parseMessage, validateMessage } from "@mss/sip-message";

/** A message that is hard to read, of about `size` bytes; RFC-valid or not does not matter here. */
type Attack = (size: number) => string;

const HEAD = "OPTIONS sip:a@b SIP/2.0\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n";

/** reliability.md D1 and SEC-30, and what our own reader could be slow on. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  "From: < and spaces": (size) => `${HEAD}From: <${" ".repeat(size)}x\r\n\r\n`,
  "To: tabs": (size) => `${HEAD}To: ${"\t".repeat(size)}x\r\n\r\n`,
  "Via: words": (size) => `${HEAD}Via: SIP/2.0/UDP ${"a ".repeat(size / 2)}\r\n\r\n`,
  "Authorization: a": (size) => `${HEAD}Authorization: ${"a".repeat(size)}\r\n\r\n`,
  "Contact: open quotes": (size) => `${HEAD}Contact: ${'"\\'.repeat(size / 2)}\r\n\r\n`,
  "Contact: entries": (size) => `${HEAD}Contact: ${"<sip:a@b>,".repeat(size / 10)}\r\n\r\n`,
  folds: (size) => `${HEAD}X: ${"a\r\n ".repeat(size / 4)}\r\n\r\n`,
  "stray line feeds": (size) => `${HEAD}${"X:\n".repeat(size / 3)}\r\n\r\n`,
  "empty fields": (size) => `${HEAD}${":\r\n".repeat(size / 3)}\r\n`,
  "Route: names": (size) =>
    `${HEAD}Route: <sip:a@b>${Array.from({ length: size / 8 }, (_, index) => `;p${10_000 + index}x`).join("")}\r\n\r\n`,
};

/** Wide enough that no limit ends the reading early: what is measured is the reader, not the limits. */
const WIDE: MessageLimits = {
  ...DEFAULT_LIMITS,
  lineBytes: 1_000_000,
  authorizationBytes: 1_000_000,
  viaEntryBytes: 1_000_000,
  routeEntries: 1_000_000,
  contactEntries: 1_000_000,
};

const SMALL = 4_000;
const STEP = 4;
const LARGE = SMALL * STEP * STEP;

/** Processor time of one reading in microseconds, the best of some rounds. */
function cost(text: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round += 1) {
    const before = process.cpuUsage();
    for (let call = 0; call < 40; call += 1) {
      const outcome = parseMessage(text, WIDE);
      if (outcome.kind === "message") {
        validateMessage(outcome.message, WIDE);
      }
    }
    const { user, system } = process.cpuUsage(before);
    best = Math.min(best, (user + system) / 40);
  }
  return best;
}

for (const [name, attack] of Object.entries(ATTACKS)) {
  const [small, large] = [cost(attack(SMALL)), cost(attack(LARGE))];
  const exponent = Math.log(large / small) / Math.log(LARGE / SMALL);
  const line = `${name.padEnd(24)} ${small.toFixed(0).padStart(6)} us at ${SMALL}  ${large.toFixed(0).padStart(6)} us at ${LARGE}`;
  process.stdout.write(`${line}  exponent ${exponent.toFixed(2)}\n`);
}
