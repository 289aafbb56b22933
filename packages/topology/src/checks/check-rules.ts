import { isTimeZone, parseClosedDates, parseOpenHours, parsePattern, parseWhen } from "@mss/dial-plan";
import type { TopologyDocument } from "../document/schema.ts";
import type { SourceNode } from "../document/source-tree.ts";
import type { FaultCollector } from "../fault.ts";
import { nearest } from "../nearest.ts";
import { parseListen } from "../document/address.ts";
import { faultAt, ruleSources } from "./rule-sources.ts";
import type { RuleFile } from "./rule-sources.ts";

/** Every text of a rule can be read, and what it names exists. */
export function checkRules(files: readonly RuleFile[], collector: FaultCollector): void {
  const calendars = ruleSources(files, "calendars", collector);
  const known = {
    branches: files.flatMap(({ document }) => Object.keys(document.branches)),
    calendars: calendars.map(({ id }) => id),
  };
  const checker = new RuleChecker(known, collector);
  for (const { node } of calendars) {
    checker.calendar(node);
  }
  for (const { node } of ruleSources(files, "routes", collector)) {
    checker.route(node);
  }
  for (const { node } of ruleSources(files, "blocked", collector)) {
    checker.rule(node);
  }
  for (const { tree, document } of files) {
    for (const [id, branch] of Object.entries(document.branches)) {
      checker.branch(id, branch, tree.entries.get("branches")?.entries.get(id));
    }
  }
}

interface KnownNames {
  readonly branches: readonly string[];
  readonly calendars: readonly string[];
}

class RuleChecker {
  readonly #known: KnownNames;
  readonly #collector: FaultCollector;

  constructor(known: KnownNames, collector: FaultCollector) {
    this.#known = known;
    this.#collector = collector;
  }

  calendar(node: SourceNode): void {
    const site = node.entries.get("site");
    if (site !== undefined) {
      this.#branchName(site);
    }
    this.#timeZone(node.entries.get("timeZone"));
    if (site !== undefined && node.entries.has("timeZone")) {
      const message = "site has no effect beside timeZone";
      faultAt(site, { code: "no-effect", message, advice: "leave one of the two out" }, this.#collector);
    }
    for (const item of node.entries.get("open")?.items ?? []) {
      this.#calendarText(item, parseOpenHours(String(item.plain)));
    }
    for (const item of node.entries.get("closed")?.items ?? []) {
      this.#calendarText(item, parseClosedDates(String(item.plain)));
    }
  }

  route(node: SourceNode): void {
    this.rule(node);
    for (const rewrite of [...(node.entries.get("to")?.items ?? []), node.entries.get("caller")]) {
      this.#rewrite(rewrite);
    }
  }

  /** What routes and blocked numbers have in common. */
  rule(node: SourceNode): void {
    for (const key of ["numbers", "except"]) {
      for (const item of node.entries.get(key)?.items ?? []) {
        this.#pattern(item);
      }
    }
    for (const item of node.entries.get("from")?.items ?? []) {
      this.#branchName(item);
    }
    const when = node.entries.get("when");
    if (when !== undefined) {
      this.#calendarName(when);
    }
  }

  branch(id: string, branch: TopologyDocument["branches"][string], node: SourceNode | undefined): void {
    const { siteCode, emergency, gateways } = branch;
    this.#timeZone(node?.entries.get("timeZone"));
    for (const item of node?.entries.get("numbersElsewhere")?.items ?? []) {
      this.#pattern(item);
    }
    for (const item of node?.entries.get("numbers")?.items ?? []) {
      if (siteCode !== undefined) {
        this.#numberWithCode(item, siteCode);
      }
    }
    for (const [name, gateway] of Object.entries(gateways)) {
      const gatewayNode = node?.entries.get("gateways")?.entries.get(name);
      const parsed = parseListen(gateway.address);
      if (parsed.kind === "invalid") {
        faultAt(gatewayNode?.entries.get("address"), parsed, this.#collector);
      }
      this.#rewrite(gatewayNode?.entries.get("caller"));
    }
    if (emergency !== undefined) {
      this.#emergency(id, branch, node?.entries.get("emergency"));
    }
  }

  #emergency(
    id: string,
    { emergency, gateways, carrier }: TopologyDocument["branches"][string],
    node: SourceNode | undefined,
  ): void {
    if (emergency === undefined) {
      return;
    }
    if (emergency.numbers.length > 0 && emergency.to.length === 0) {
      const message = `the emergency numbers of ${id} lead to nobody`;
      const advice = 'add to: a gateway, or an extension such as ["1999"]';
      faultAt(node, { code: "unknown-target", message, advice }, this.#collector);
    }
    const names = [...Object.keys(gateways), ...Object.keys(carrier?.lines ?? {})];
    for (const item of node?.entries.get("to")?.items ?? []) {
      const target = String(item.plain);
      if (!/^[0-9]+$/.test(target) && !names.includes(target)) {
        const meant = nearest(target, names);
        const message = `${target} is no gateway and no carrier line of ${id}`;
        const advice =
          meant === undefined
            ? "describe it under gateways or carrier, or write an extension"
            : `did you mean ${meant}?`;
        faultAt(item, { code: "unknown-target", message, advice }, this.#collector);
      }
    }
  }

  #numberWithCode(item: SourceNode, siteCode: string): void {
    const parsed = parsePattern(String(item.plain));
    if (parsed.kind === "invalid") {
      return; // reported with the numbers
    }
    const { pattern } = parsed;
    const sides = pattern.kind === "open" ? [pattern.prefix] : [pattern.low, pattern.high];
    if (sides.some((side) => !side.startsWith(siteCode) || side.length === siteCode.length)) {
      const message = `"${String(item.plain)}" does not begin with the site code ${siteCode}, or has nothing behind it`;
      const advice = `write "${siteCode}${String(item.plain)}", or take siteCode out`;
      faultAt(item, { code: "invalid-site-code", message, advice }, this.#collector);
    }
  }

  #timeZone(node: SourceNode | undefined): void {
    const name = String(node?.plain);
    if (node !== undefined && !isTimeZone(name)) {
      const message = `${name} is no time zone`;
      const advice = "write an IANA name such as Europe/London";
      faultAt(node, { code: "unknown-time-zone", message, advice }, this.#collector);
    }
  }

  #pattern(item: SourceNode): void {
    const text = String(item.plain);
    const parsed = parsePattern(text);
    if (parsed.kind === "invalid") {
      const { reason, suggestion } = parsed;
      const message = `"${text.slice(0, 40)}" ${reason}`;
      const advice = suggestion === undefined ? 'write "1xxx", "1000-1999" or "852*"' : `write "${suggestion}"`;
      faultAt(item, { code: "invalid-pattern", message, advice }, this.#collector);
    }
  }

  #calendarText(item: SourceNode, parsed: { readonly kind: string; readonly reason?: string }): void {
    if (parsed.kind === "invalid") {
      const message = `"${String(item.plain).slice(0, 40)}" ${parsed.reason ?? ""}`;
      const advice = "see calendars in topology/README.md";
      faultAt(item, { code: "invalid-calendar", message, advice }, this.#collector);
    }
  }

  #branchName(node: SourceNode | undefined): void {
    const name = String(node?.plain);
    if (!this.#known.branches.includes(name)) {
      const meant = nearest(name, this.#known.branches);
      const advice =
        meant === undefined ? `the branches are ${this.#known.branches.join(", ")}` : `did you mean ${meant}?`;
      faultAt(node, { code: "unknown-branch", message: `${name} is no branch`, advice }, this.#collector);
    }
  }

  #calendarName(node: SourceNode): void {
    const { calendars } = this.#known;
    const name = parseWhen(String(node.plain))?.calendar ?? String(node.plain);
    if (!calendars.includes(name)) {
      const meant = nearest(name, calendars);
      const advice = meant === undefined ? "describe it under calendars" : `did you mean ${meant}?`;
      faultAt(node, { code: "unknown-calendar", message: `${name} is no calendar`, advice }, this.#collector);
    }
  }

  #rewrite(node: SourceNode | undefined): void {
    const keys = [...(node?.entries.keys() ?? [])];
    if (node?.entries.has("number") === true && keys.some((key) => key === "strip" || key === "prepend")) {
      const message = "number takes the place of the whole number: strip and prepend have no meaning beside it";
      const advice = "write either number, or strip and prepend";
      faultAt(node, { code: "contradictory-rewrite", message, advice }, this.#collector);
    }
  }
}
