import { formatDiff, keyId } from "@mss/topology";
import type { PublicationOutcome } from "@mss/topology";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { failed } from "./federation-store.ts";

export interface ReportOptions {
  readonly federation: string;
  readonly json: boolean;
  readonly output: Output;
}

/** Said wherever a topology is, or would be, published without a signature. */
export const UNSIGNED =
  "It is not signed: whoever can write to Redis can change where calls go. That is for demos; see signing in topology/README.md.\n";

/** Says what became of an apply or a rollback. */
export function reportPublication(outcome: PublicationOutcome, options: ReportOptions): ExitStatus {
  const { federation, json, output } = options;
  switch (outcome.kind) {
    case "published": {
      const { header } = outcome.sealed;
      const replaced = outcome.replaced?.revision ?? 0;
      output.out(
        json
          ? `${JSON.stringify({ outcome: "published", ...header, replaced, diff: outcome.diff }, undefined, 2)}\n`
          : `${formatDiff(outcome.diff)}${federation}: revision ${header.revision} is published${replaced === 0 ? "" : `, in place of ${replaced}`}${header.signedBy === undefined ? "" : `, signed by ${keyId(header.signedBy)}`}\n`,
      );
      if (header.signedBy === undefined) {
        output.err(UNSIGNED);
      }
      return EXIT.ok;
    }
    case "unchanged": {
      const { revision } = outcome;
      output.out(
        json
          ? `${JSON.stringify({ outcome: "unchanged", revision }, undefined, 2)}\n`
          : `${federation}: revision ${revision} is this topology already; nothing was changed\n`,
      );
      return EXIT.ok;
    }
    case "conflict":
    case "needsForce":
    case "needsKey":
    case "noSuchRevision": {
      return reportRefusal(outcome, options);
    }
  }
}

function reportRefusal(
  outcome: Exclude<PublicationOutcome, { kind: "published" | "unchanged" }>,
  options: ReportOptions,
): ExitStatus {
  const { federation } = options;
  switch (outcome.kind) {
    case "conflict": {
      const { revision } = outcome;
      const text = `${federation}: somebody else has changed the topology, revision ${revision} is in force; nothing was changed: look at it, then try again`;
      return failed(options, { outcome: "conflict", revision, text }, EXIT.conflict);
    }
    case "needsForce": {
      const { diff } = outcome;
      const text = `${formatDiff(diff)}${federation}: nothing was changed: if it is meant, say --force`;
      return failed(options, { outcome: "needs-force", diff, text }, EXIT.refused);
    }
    case "needsKey": {
      const { trusted, given } = outcome;
      const what = given === undefined ? "" : `, and not by ${given}`;
      const text = `${federation}: a revision must be signed by ${trusted.join(" or ")}${what}: give the private key with --key FILE. If that key is lost: name a new one in the file of every node, restart them, then apply with it and --force`;
      return failed(options, { outcome: "needs-key", trusted, text }, EXIT.usage);
    }
    case "noSuchRevision": {
      const { revision } = outcome;
      const text = `${federation}: the store has no revision ${revision} that can be read: \`mss topology history\` shows those it has`;
      return failed(options, { outcome: "no-such-revision", revision, text }, EXIT.usage);
    }
  }
}
