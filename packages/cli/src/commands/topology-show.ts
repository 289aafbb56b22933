import type { Revision } from "@mss/model";
import { openRevision } from "@mss/topology";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { failed, withFederationStore } from "../topology/federation-store.ts";
import type { OpenStore } from "../topology/federation-store.ts";
import { findFederation } from "../topology/find-federation.ts";
import type { FederationFlags } from "../topology/find-federation.ts";
import { historyLine } from "./topology-history.ts";

export interface TopologyShowOptions extends FederationFlags {
  /** Undefined: the one in force. */
  readonly revision: number | undefined;
  readonly json: boolean;
  readonly openStore: OpenStore;
  readonly output: Output;
}

/** `mss topology show`: one revision with its snapshot. */
export async function topologyShow(options: TopologyShowOptions): Promise<ExitStatus> {
  const { revision, json, output } = options;
  const federation = await findFederation(options, output);
  if (federation === undefined) {
    return EXIT.usage;
  }
  return withFederationStore({ ...options, federation }, async (store) => {
    const sealed = await (revision === undefined ? store.current() : store.read(revision));
    if (sealed === undefined) {
      const what = revision === undefined ? "no topology" : `no revision ${revision}`;
      return failed(options, { outcome: "no-such-revision", text: `${federation}: the store has ${what}` }, EXIT.usage);
    }
    const opened = openRevision(sealed, { federation, trustedKeys: [] });
    if (opened.kind === "refused") {
      const text = `${federation}: revision ${sealed.header.revision} cannot be used: ${opened.reason}`;
      return failed(options, { outcome: opened.fault, text }, EXIT.failed);
    }
    output.out(json ? `${JSON.stringify(opened.revision, undefined, 2)}\n` : revisionText(opened.revision));
    return EXIT.ok;
  });
}

function revisionText({ header, snapshot }: Revision): string {
  const keys = (header.signingKeys ?? []).map(
    (key) => `  key     ${key}${key === header.signedBy ? "  signed this" : ""}`,
  );
  const hubs = snapshot.hubs.map(
    ({ id, listen }) =>
      `  hub     ${id}  ${listen.map(({ transport, host, port }) => `${transport}://${host}:${port}`).join(" ")}`,
  );
  const branches = snapshot.branches.map(
    ({ id, name, numbers, maxCalls }) =>
      `  branch  ${id}  ${name}: ${numbers.join(" ")}${maxCalls === undefined ? "" : `, at most ${maxCalls} calls`}`,
  );
  return `${[historyLine(header), ...keys, ...hubs, ...branches].join("\n")}\n`;
}
