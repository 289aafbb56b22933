import { parsePattern, parsePublicNumbers, patternContains } from "@mss/dial-plan";
import { parseCarrierServer } from "../document/carrier-server.ts";
import { parseNetwork } from "../document/network.ts";
import type { BranchDocument } from "../document/schema.ts";
import type { SourceNode } from "../document/source-tree.ts";
import type { FaultCollector } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { formatPlace } from "../place.ts";
import type { Place } from "../place.ts";
import { faultAt } from "./rule-sources.ts";
import type { RuleFile } from "./rule-sources.ts";

interface BranchSource {
  readonly id: string;
  readonly branch: BranchDocument;
  readonly node: SourceNode | undefined;
}

/** Carrier lines can be reached and told apart, their numbers are somebody's, and nothing that is dialled is taken for an outside number. */
export function checkCarriers(files: readonly RuleFile[], collector: FaultCollector): void {
  const branches = files.flatMap(({ tree, document }) =>
    Object.entries(document.branches).map(([id, branch]): BranchSource => ({
      id,
      branch,
      node: tree.entries.get("branches")?.entries.get(id),
    })),
  );
  for (const each of branches) {
    checkLines(each, collector);
    checkOverflow(each, branches, collector);
    checkOutside(each, { branches, files }, collector);
  }
  checkPublicNumbers(branches, collector);
}

function checkLines({ branch, node }: BranchSource, collector: FaultCollector): void {
  const accounts = new Map<string, string>();
  for (const [name, line] of Object.entries(branch.carrier?.lines ?? {})) {
    const lineNode = node?.entries.get("carrier")?.entries.get("lines")?.entries.get(name);
    const parsed = parseCarrierServer(line.server);
    if (parsed.kind === "invalid") {
      faultAt(lineNode?.entries.get("server"), parsed, collector);
    }
    for (const item of lineNode?.entries.get("sources")?.items ?? []) {
      const network = parseNetwork(String(item.plain));
      if (network.kind === "invalid") {
        faultAt(item, network, collector);
      }
    }
    if (name in branch.gateways) {
      const message = `${name} is a gateway already`;
      faultAt(lineNode, { code: "duplicate-id", message, advice: "give the line another name" }, collector);
    }
    if (line.caller.unified && line.caller.number === undefined && line.account === undefined) {
      const message = "unified has no number that it could show";
      const advice = "write the number beside it";
      faultAt(lineNode?.entries.get("caller"), { code: "no-effect", message, advice }, collector);
    }
    const account = `${line.account?.user ?? ""} at ${line.server}`;
    const earlier = accounts.get(account);
    if (earlier !== undefined) {
      const message = `${name} and ${earlier} are one line: calls of the carrier could be of either`;
      const advice = "leave one of the two out, or give each its account";
      faultAt(lineNode, { code: "line-twice", message, advice }, collector);
    }
    accounts.set(account, name);
  }
}

function checkOverflow(
  { id, branch, node }: BranchSource,
  all: readonly BranchSource[],
  collector: FaultCollector,
): void {
  const overflow = node?.entries.get("carrier")?.entries.get("overflow");
  const names = Object.keys(branch.carrier?.lines ?? {});
  for (const item of overflow?.items ?? []) {
    const name = String(item.plain);
    if (!names.includes(name)) {
      const meant = nearest(name, names);
      const advice = meant === undefined ? `the lines are ${names.join(", ")}` : `did you mean ${meant}?`;
      faultAt(item, { code: "unknown-line", message: `${name} is no carrier line of ${id}`, advice }, collector);
    }
  }
  const others = all.filter((each) => each.id !== id).flatMap((each) => Object.keys(each.branch.publicNumbers));
  const count = others.length + Object.keys(branch.publicNumbersElsewhere).length;
  if (overflow !== undefined && (branch.carrier?.overflow.length ?? 0) > 0 && count === 0) {
    const message = `no other branch has publicNumbers: the lines of ${id} reach none of them`;
    const advice = 'add publicNumbers to the others, such as { "+442079464xxx": "4xxx" }';
    collector.warn(overflow.place, { code: "no-public-numbers", path: overflow.path, message, advice });
  }
}

interface Dialled {
  readonly text: string;
  readonly of: string;
}

/** What the phones of a branch dial: their own numbers without a site code, all others as they are written. */
function checkOutside(
  { id, branch, node }: BranchSource,
  { branches, files }: { readonly branches: readonly BranchSource[]; readonly files: readonly RuleFile[] },
  collector: FaultCollector,
): void {
  const { carrier } = branch;
  if (carrier === undefined) {
    return;
  }
  const owned: readonly Dialled[] = branches.flatMap((each) => {
    const code = each.id === id ? (each.branch.siteCode ?? "") : "";
    return each.branch.numbers.map((text) => ({ text: code === "" ? text : withoutDigits(text, code), of: each.id }));
  });
  const routes = files.flatMap(({ document }) =>
    Object.entries(document.routes).flatMap(([name, { numbers }]) =>
      numbers.map((text): Dialled => ({ text, of: `route ${name}` })),
    ),
  );
  const taken = [...owned, ...routes].find(({ text }) => beginsWith(text, carrier.outside));
  if (taken !== undefined) {
    const carrierNode = node?.entries.get("carrier");
    const message = `${taken.text} of ${taken.of} begins with ${carrier.outside}, the outside prefix of ${id}: its phones cannot dial it`;
    const advice = 'choose another one: outside: "0"';
    faultAt(
      carrierNode?.entries.get("outside") ?? carrierNode,
      { code: "outside-prefix-taken", message, advice },
      collector,
    );
  }
}

function withoutDigits(text: string, code: string): string {
  return text
    .split("-")
    .map((side) => side.slice(code.length))
    .join("-");
}

/** Whether a number of a pattern begins with these digits, or is the beginning of them. */
function beginsWith(text: string, digits: string): boolean {
  const parsed = parsePattern(text);
  if (parsed.kind === "invalid") {
    return false; // reported with the numbers
  }
  const { pattern } = parsed;
  if (pattern.kind === "open") {
    return pattern.prefix.startsWith(digits) || digits.startsWith(pattern.prefix);
  }
  const free = pattern.low.length - digits.length;
  return free >= 0 && pattern.low <= digits + "9".repeat(free) && pattern.high >= digits + "0".repeat(free);
}

function checkPublicNumbers(branches: readonly BranchSource[], collector: FaultCollector): void {
  const seen = new Map<string, { readonly place: Place; readonly id: string }>();
  for (const { id, branch, node } of branches) {
    for (const key of ["publicNumbers", "publicNumbersElsewhere"] as const) {
      for (const [publicNumber, entry] of node?.entries.get(key)?.entries ?? []) {
        const numbers = String(entry.plain);
        const parsed = parsePublicNumbers(numbers, publicNumber);
        if (parsed.kind === "invalid") {
          const message = `"${parsed.of === "public" ? publicNumber : numbers}" ${parsed.reason}`;
          const advice = 'write the international number with +, and as many x on both sides: "+442079464xxx": "4xxx"';
          faultAt(entry, { code: "invalid-public-number", message, advice }, collector);
          continue;
        }
        if (key === "publicNumbers" && !isOwned(numbers, branch)) {
          const message = `${numbers} is not among the numbers of ${id}`;
          const advice = "write numbers as the other branches dial them";
          faultAt(entry, { code: "invalid-public-number", message, advice }, collector);
        }
        const earlier = seen.get(publicNumber);
        if (earlier !== undefined) {
          const message = `${publicNumber} is of ${earlier.id} already (${formatPlace(earlier.place)})`;
          faultAt(entry, { code: "public-number-twice", message, advice: "leave it to one of the two" }, collector);
        }
        seen.set(publicNumber, { place: entry.keyPlace, id });
      }
    }
  }
}

/** Whether all numbers of a template are of the branch. */
function isOwned(numbers: string, branch: BranchDocument): boolean {
  const [low, high] = [numbers.replaceAll("x", "0"), numbers.replaceAll("x", "9")];
  return branch.numbers.some((text) => {
    const parsed = parsePattern(text);
    return parsed.kind === "pattern" && patternContains(parsed.pattern, low) && patternContains(parsed.pattern, high);
  });
}
