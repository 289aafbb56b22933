import { checkCertificates, loadTopology } from "@mss/topology";
import { faultText } from "../fault-text.ts";
import { findSecrets } from "../find-secrets.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";

export interface TopologyCheckOptions {
  readonly files: readonly string[];
  /** Also look secrets and certificates up, as the nodes would on this machine. */
  readonly secrets: boolean;
  readonly json: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly output: Output;
}

/** `mss topology check`: every fault and warning; usage status when there is a fault. */
export async function topologyCheck(options: TopologyCheckOptions): Promise<ExitStatus> {
  const { files, output } = options;
  const loaded = await loadTopology(files);
  const resolved =
    loaded.kind === "ok" && options.secrets
      ? await findSecrets(loaded.topology, { environment: options.environment })
      : undefined;
  const certificates =
    loaded.kind === "ok" && options.secrets ? await checkCertificates(loaded.topology) : { faults: [], warnings: [] };
  const found = [loaded, resolved].flatMap((result) => (result?.kind === "faulty" ? result.faults : []));
  const faults = [...found, ...certificates.faults];
  const warnings = [...loaded.warnings, ...(resolved?.warnings ?? []), ...certificates.warnings];
  if (options.json) {
    output.out(`${JSON.stringify({ ok: faults.length === 0, faults, warnings }, undefined, 2)}\n`);
  } else {
    output.err(faultText(faults));
    output.err(warnings.length === 0 ? "" : `Warnings:\n${faultText(warnings)}`);
  }
  if (loaded.kind === "faulty" || faults.length > 0) {
    if (!options.json) {
      output.err(`${count(faults.length, "error")}, ${count(warnings.length, "warning")}\n`);
    }
    return EXIT.usage;
  }
  if (!options.json) {
    const { federation, hubs, branches } = loaded.topology;
    output.out(
      `${federation}: ${count(hubs.length, "hub")}, ${count(branches.length, "branch", "branches")}, ` +
        `no errors, ${count(warnings.length, "warning")}\n`,
    );
  }
  return EXIT.ok;
}

function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}
