import { fieldsOf, itemsOf } from "@mss/runtime";

/** One worker's page as JSON. */
export interface WorkerPage {
  readonly worker: number;
  readonly body: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** Numbers at the same place added up; of all else what the first one says that says anything. */
export function sumOf(values: readonly unknown[]): unknown {
  const numbers = values.filter((value) => typeof value === "number");
  if (numbers.length > 0) {
    return numbers.reduce((sum, value) => sum + value, 0);
  }
  const first = values.find((value) => value !== undefined);
  if (typeof first !== "object" || first === null || Array.isArray(first)) {
    return first;
  }
  const each = values.map(fieldsOf);
  const keys = new Set(each.flatMap((fields) => Object.keys(fields)));
  return Object.fromEntries([...keys].map((key) => [key, sumOf(each.map((fields) => fields[key]))]));
}

/** `/calls`: those of all, each with the worker that has it. */
export function mergeCalls(pages: readonly WorkerPage[]): readonly unknown[] {
  return pages.flatMap(({ worker, body }) => itemsOf(body).map((call) => ({ ...fieldsOf(call), worker })));
}

/** `/trunks`: a branch is up when one worker reaches it, as that one tells it, and its calls are those of all. */
export function mergeTrunks(pages: readonly WorkerPage[]): readonly unknown[] {
  const byBranch = new Map<unknown, Fields[]>();
  for (const trunk of pages.flatMap(({ body }) => itemsOf(body)).map(fieldsOf)) {
    const { branch } = trunk;
    byBranch.set(branch, [...(byBranch.get(branch) ?? []), trunk]);
  }
  return [...byBranch.values()].map((trunks) => ({
    ...trunks[0],
    ...trunks.find(({ state, since }) => state === "up" && since !== undefined),
    state: trunks.some(({ state }) => state === "up") ? "up" : "down",
    calls: sumOf(trunks.map(({ calls }) => calls)),
  }));
}

/** How those fields of `/health` become one that do not say the same for all; of the others the first one counts. */
const HEALTH_FIELDS: Readonly<Record<string, (values: readonly unknown[]) => unknown>> = {
  engineLink: (values) => (values.includes("down") ? "down" : values[0]),
  store: (values) => (values.includes("down") ? "down" : values[0]),
  draining: (values) => values.every((value) => value === true),
  callRecords: sumOf,
  planGivenBack: sumOf,
  planRevision: (values) => Math.min(...numbersOf(values)), // what all of them route by
  trunksUp: (values) => Math.max(...numbersOf(values)),
};

function numbersOf(values: readonly unknown[]): readonly number[] {
  return values.filter((value) => typeof value === "number");
}

/** One process of the node, as its supervisor sees it. */
export interface WorkerStatus {
  readonly worker: number;
  readonly state: string;
  readonly restarts: number;
}

/**
 * `/health`: the node takes calls while one of its workers does; it is degraded while one of them does not run, does not
 * answer, or is degraded itself.
 */
export function mergeHealth(
  node: string,
  statuses: readonly WorkerStatus[],
  pages: readonly WorkerPage[],
): { readonly ok: boolean } & Fields {
  const reports = pages.map(({ worker, body }) => ({ worker, fields: fieldsOf(body) }));
  const isWell = ({ fields }: (typeof reports)[number]): boolean => fields["ok"] === true;
  const keys = new Set(reports.flatMap(({ fields }) => Object.keys(fields)));
  const merged = Object.fromEntries(
    [...keys].map((key) => {
      const values = reports.map(({ fields }) => fields[key]).filter((value) => value !== undefined);
      return [key, (HEALTH_FIELDS[key] ?? (([first]: readonly unknown[]) => first))(values)];
    }),
  );
  const allWell = reports.length === statuses.length && reports.every(isWell);
  return {
    ...merged,
    node,
    ok: reports.some(isWell),
    degraded: !allWell || reports.some(({ fields }) => fields["degraded"] === true),
    workers: statuses.map((status) => ({
      ...status,
      ok: reports.some((report) => report.worker === status.worker && isWell(report)),
    })),
  };
}
