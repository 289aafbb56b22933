import assert from "node:assert/strict";
import { checkTopology } from "@mss/topology";
import type { CheckedTopology, Fault, Topology } from "@mss/topology";

/** Without a fault and without a warning. Its lines are counted by the tests: change it with care. */
export const GOOD = `federation: acme
hubs:
  hub-1:
    sip: { listen: [udp://192.0.2.1:5060, tcp://192.0.2.1:5060] }
  hub-2:
    sip: { listen: [udp://192.0.2.2:5060] }
branches:
  hk:
    numbers: ["1xxx"]
    sip: { listen: [udp://198.51.100.1:5060] }
    trunk: { secret: { env: HK_TRUNK_SECRET }, maxCalls: 30 }
    extensions:
      "1000": { name: Alice, secret: { env: HK_1000_SECRET } }
      "1001-1010": { secret: { file: hk-phones.secret } }
  london:
    numbers: ["4xxx"]
    sip: { listen: [udp://198.51.100.2:5060] }
    trunk: { secret: { env: LONDON_TRUNK_SECRET } }
`;

export interface Change {
  readonly replace: string;
  readonly by: string;
}

/** GOOD with changes; each must hit exactly one place. */
export function changed(...changes: readonly Change[]): string {
  return changes.reduce((text, { replace, by }) => {
    assert.equal(text.split(replace).length, 2, `"${replace}" must stand in the document once`);
    return text.replace(replace, () => by);
  }, GOOD);
}

export function check(text: string, file = "acme.yaml"): CheckedTopology {
  return checkTopology([{ file, text }]);
}

export function topologyOf(text: string, file = "/etc/mss/acme.yaml"): Topology {
  const checked = check(text, file);
  assert.deepEqual(checked.kind === "faulty" ? checked.faults : [], []);
  assert.ok(checked.kind === "ok");
  return checked.topology;
}

/** Faults as `line:column code`, to compare in one look. */
export function brief(faults: readonly Fault[]): readonly string[] {
  return faults.map(({ line, column, code }) => `${line}:${column} ${code}`);
}

export function faultsOf(checked: CheckedTopology): readonly Fault[] {
  return checked.kind === "faulty" ? checked.faults : [];
}
