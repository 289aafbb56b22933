import { formatPattern, parsePattern } from "@mss/dial-plan";
import { branchIdSchema } from "@mss/model";
import type { BranchId } from "@mss/model";
import type { TopologyDocument } from "./document/schema.ts";
import type { TopologyRules } from "./topology.ts";

/** The rules of all files in one form: in order of their ids, patterns in their shortest notation. */
export function rulesOf(files: readonly { readonly document: TopologyDocument }[]): TopologyRules {
  return {
    calendars: entriesOf(files.map(({ document }) => document.calendars)).map(
      ([id, { site, timeZone, open, closed = [] }]) => ({
        id,
        ...(site === undefined ? {} : { site: branchIdSchema.parse(site) }),
        ...(timeZone === undefined ? {} : { timeZone }),
        open,
        ...(closed.length === 0 ? {} : { closed }),
      }),
    ),
    routes: entriesOf(files.map(({ document }) => document.routes)).map(
      ([id, { numbers, to, caller, ...conditions }]) => ({
        id,
        numbers: numbers.map(shortest),
        ...conditionsOf(conditions),
        to: to.map(present),
        ...(caller === undefined ? {} : { caller: present(caller) }),
      }),
    ),
    blocked: entriesOf(files.map(({ document }) => document.blocked)).map(
      ([id, { numbers, except = [], ...conditions }]) => ({
        id,
        numbers: numbers.map(shortest),
        ...(except.length === 0 ? {} : { except: except.map(shortest) }),
        ...conditionsOf(conditions),
      }),
    ),
  };
}

function entriesOf<Rule>(sections: readonly Readonly<Record<string, Rule>>[]): readonly (readonly [string, Rule])[] {
  return sections.flatMap((section) => Object.entries(section)).toSorted(([one], [other]) => (one < other ? -1 : 1));
}

function conditionsOf({
  from,
  when,
}: {
  readonly from?: readonly string[] | undefined;
  readonly when?: string | undefined;
}): {
  readonly from?: readonly BranchId[];
  readonly when?: string;
} {
  return {
    ...(from === undefined ? {} : { from: from.map((id) => branchIdSchema.parse(id)).toSorted() }),
    ...(when === undefined ? {} : { when: when.trim().replaceAll(/\s+/g, " ") }),
  };
}

function shortest(text: string): string {
  const parsed = parsePattern(text);
  return parsed.kind === "pattern" ? formatPattern(parsed.pattern) : text;
}

/** Without the keys that have no value: a snapshot has none of these. */
export function present<Shape extends object>(value: Shape): Shape {
  const { ...copy } = value;
  for (const [key, each] of Object.entries(copy)) {
    if (each === undefined) {
      Reflect.deleteProperty(copy, key);
    }
  }
  return copy;
}
