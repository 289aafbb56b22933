import { formatRange, parsePattern } from "@mss/dial-plan";
import { transportAddressSchema } from "@mss/model";
import type { NumbersChange, TopologyChange, TopologyDiff, ValueChange } from "./topology-diff.ts";

interface Line {
  readonly sign: "+" | "-" | "~";
  readonly text: string;
  readonly risk: string;
}

/**
 * A difference as a person reads it, one change a line: `~ 4000–4099: london → paris   high`. Ends with a line break;
 * for no difference it says so.
 */
export function formatDiff(diff: TopologyDiff): string {
  if (diff.changes.length === 0) {
    return "no changes\n";
  }
  const lines = diff.changes.map(lineOf);
  const width = lines.reduce((widest, { text }) => Math.max(widest, text.length), 0); // there may be a million lines
  const rows = lines.map(({ sign, text, risk }) => `${sign} ${text.padEnd(width)}  ${risk}\n`);
  return `${rows.join("")}\n${summary(diff)}\n`;
}

function summary({ changes, risk, lostShare, needsForce }: TopologyDiff): string {
  const count = `${changes.length} ${changes.length === 1 ? "change" : "changes"}, risk: ${risk}`;
  if (needsForce === "allNumbers") {
    return `${count}; nobody would have any number: only with --force`;
  }
  return needsForce === undefined
    ? count
    : `${count}; ${percent(lostShare)} of the numbers would go: only with --force`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function lineOf(change: TopologyChange): Line {
  const { risk } = change;
  switch (change.kind) {
    case "numbers": {
      const sign = change.from === undefined ? "+" : change.to === undefined ? "-" : "~";
      return { sign, text: numbersText(change), risk };
    }
    case "added": {
      return { sign: "+", text: `${change.section}.${change.id}`, risk };
    }
    case "removed": {
      return { sign: "-", text: `${change.section}.${change.id}`, risk };
    }
    case "changed": {
      return { sign: "~", text: `${pathOf(change)}: ${shown(change.from)} → ${shown(change.to)}`, risk };
    }
  }
}

function numbersText({ numbers, from, to, except }: NumbersChange): string {
  const without = except.length === 0 ? "" : ` (without ${except.map(range).join(", ")})`;
  return `${range(numbers)}: ${from ?? "nobody"} → ${to ?? "nobody"}${without}`;
}

function range(pattern: string): string {
  const parsed = parsePattern(pattern);
  return parsed.kind === "pattern" ? formatRange(parsed.pattern) : pattern;
}

function pathOf({ section, id, key }: ValueChange): string {
  return section === "" ? key : `${section}.${id}.${key}`;
}

function shown(value: unknown): string {
  if (value === undefined) {
    return "none";
  }
  if (Array.isArray(value)) {
    return `[${value.map(shown).join(", ")}]`;
  }
  const address = transportAddressSchema.safeParse(value);
  if (address.success) {
    const { transport, host, port } = address.data;
    return `${transport}://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }
  return typeof value === "string" ? value : JSON.stringify(value);
}
