import assert from "node:assert/strict";
import { checkTopology, resolveSecrets } from "@mss/topology";
import type { Secrets, Topology } from "@mss/topology";

/** A topology of the text, with the passwords that stand in it. */
export async function topologyOf(text: string): Promise<{ readonly topology: Topology; readonly secrets: Secrets }> {
  const checked = checkTopology([{ file: "/etc/acme/acme.yaml", text }]);
  assert.ok(checked.kind === "ok", checked.kind === "faulty" ? JSON.stringify(checked.faults) : "");
  const { topology } = checked;
  const resolved = await resolveSecrets(topology, {
    env: {},
    readFile: () => Promise.reject(new Error("no such file")),
  });
  assert.ok(resolved.kind === "resolved");
  return { topology, secrets: resolved.secrets };
}
