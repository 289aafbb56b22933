import { daysLeft, nodeName } from "@mss/certificates";
import { issueNodeCertificate } from "@mss/certificates/issue";
import type { KeyType } from "@mss/certificates";
import { hasCode } from "@mss/runtime";
import { loadTopology } from "@mss/topology";
import type { Topology } from "@mss/topology";
import { authorityFiles, issuerOf, makeAuthority, readAuthority } from "../cert/authority.ts";
import type { Authority } from "../cert/authority.ts";
import { CERT_ERRORS, readIfThere, writeCertificate, writePair } from "../cert/cert-files.ts";
import { wantedNames } from "../cert/cert-names.ts";
import type { TopologyNode } from "../cert/cert-names.ts";
import { inspectNode } from "../cert/inspect-node.ts";
import type { NodeState } from "../cert/inspect-node.ts";
import { validFor } from "../cert/validity.ts";
import { faultText } from "../fault-text.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { codedText } from "../start-fault.ts";

export interface CertOptions {
  readonly files: readonly string[];
  /** Ids; every node of the topology when empty. */
  readonly nodes: readonly string[];
  readonly days: number;
  readonly keyType: KeyType;
  /** Make also what is there already. */
  readonly force: boolean;
  /** Make again what expires within 30 days, or does not fit the topology any more. */
  readonly renew: boolean;
  readonly newAuthority: boolean;
  /** Look, and write nothing. */
  readonly check: boolean;
  readonly json: boolean;
  readonly output: Output;
  /** Wall clock, in milliseconds. */
  readonly now?: () => number;
}

const RENEW_DAYS = 30;

/** What became of one node, or of the authority. */
interface Row {
  readonly node: string;
  readonly name: string;
  readonly file: string;
  readonly validTo: string | undefined;
  readonly daysLeft: number | undefined;
  readonly result: "made" | "renewed" | "kept" | "missing" | "unfit";
  /** Why it is as it is, and what to do about it. */
  readonly note?: string;
}

interface CertRun {
  readonly options: CertOptions;
  readonly topology: Topology;
  readonly authority: Authority | undefined;
  readonly nowMs: number;
}

/** `mss cert`: an authority and node certificates, made, renewed or looked at. */
export async function cert(options: CertOptions): Promise<ExitStatus> {
  const { output, files } = options;
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return EXIT.usage;
  }
  const { topology } = loaded;
  const nodes = chosenNodes(topology, options.nodes);
  if (nodes === undefined) {
    const known = [...topology.hubs, ...topology.branches].map(({ id }) => id).join(", ");
    output.err(`${files.join(" ")}: not all of ${options.nodes.join(", ")} are nodes; the nodes are ${known}\n`);
    return EXIT.usage;
  }
  try {
    return await certify({ options, topology, nodes, nowMs: (options.now ?? Date.now)() });
  } catch (error) {
    if (!hasCode(error, ...codes())) {
      throw error;
    }
    output.err(`${codedText(error)}\n`);
    return EXIT.failed;
  }
}

function codes(): readonly (keyof typeof CERT_ERRORS)[] {
  return Object.keys(CERT_ERRORS).filter((code): code is keyof typeof CERT_ERRORS => code in CERT_ERRORS);
}

function chosenNodes({ hubs, branches }: Topology, ids: readonly string[]): readonly TopologyNode[] | undefined {
  const all = [...hubs, ...branches];
  const chosen = ids.length === 0 ? all : all.filter(({ id }) => ids.some((wanted) => wanted === id));
  return chosen.length < new Set(ids).size ? undefined : chosen;
}

async function certify({
  options,
  topology,
  nodes,
  nowMs,
}: Omit<CertRun, "authority"> & { readonly nodes: readonly TopologyNode[] }): Promise<ExitStatus> {
  const files = authorityFiles(topology.certificates);
  const { authority, result } = await authorityOf(options, { topology, files, nowMs });
  const run: CertRun = { options, topology, authority, nowMs };
  const rows: Row[] = [authorityRow(run, files.certificate, result)];
  if (!options.newAuthority) {
    for (const node of nodes) {
      rows.push(await certifyNode(run, node));
    }
  }
  tell(run, rows);
  return rows.some((row) => row.result === "missing" || row.result === "unfit") ? EXIT.failed : EXIT.ok;
}

interface AuthorityContext {
  readonly topology: Topology;
  readonly files: ReturnType<typeof authorityFiles>;
  readonly nowMs: number;
}

async function authorityOf(
  options: CertOptions,
  { topology, files, nowMs }: AuthorityContext,
): Promise<{ readonly authority: Authority | undefined; readonly result: Row["result"] }> {
  const before = await readAuthority(files);
  if (options.check || (before !== undefined && !options.newAuthority)) {
    return { authority: before, result: before === undefined ? "missing" : "kept" };
  }
  const { keyType } = options;
  const authority = await makeAuthority({ files, federation: topology.federation, keyType, nowMs, before });
  return { authority, result: before === undefined ? "made" : "renewed" };
}

function authorityRow({ authority, nowMs }: CertRun, file: string, result: Row["result"]): Row {
  const validTo = authority === undefined ? undefined : new Date(authority.certificate.validTo);
  const left = validTo === undefined ? undefined : daysLeft(validTo, nowMs);
  const isOld = result === "kept" && left !== undefined && left <= RENEW_DAYS;
  return {
    node: "authority",
    name: authority?.certificate.subject.replace(/^CN=/, "") ?? "",
    file,
    validTo: validTo?.toISOString(),
    daysLeft: left,
    result: isOld ? "unfit" : result,
    ...(isOld ? { note: "make a new one: mss cert --new-authority" } : {}),
    ...(result === "missing" ? { note: "make it: mss cert, without --check" } : {}),
  };
}

async function certifyNode(run: CertRun, node: TopologyNode): Promise<Row> {
  const { options, topology, authority, nowMs } = run;
  const { certificate: file, key } = node.tls;
  const wanted = wantedNames(topology, node);
  const state = await inspectNode({ files: { certificate: file, key }, wanted, authority, nowMs });
  const name = nodeName(node.id, topology.federation);
  const verdict = verdictOf(state, options);
  if (verdict.kind === "leave" || authority === undefined) {
    const there = state.kind === "there" ? state : undefined;
    const validTo = there === undefined ? undefined : there.validTo.toISOString();
    const row = verdict.kind === "leave" ? verdict.row : ({ result: "missing" } as const); // without --check there is one
    return { node: node.id, name, file, validTo, daysLeft: there?.daysLeft, ...row };
  }
  const validity = validFor(options.days, nowMs, new Date(authority.certificate.validTo));
  const issuer = issuerOf(authority, authorityFiles(topology.certificates));
  const issued = await issueNodeCertificate({
    authority: issuer,
    names: wanted,
    validity,
    keyType: options.keyType,
  });
  await writePair({ certificate: file, key }, issued);
  await giveAuthority(node.tls.authority, authority);
  const days = daysLeft(validity.to, nowMs);
  return { node: node.id, name, file, validTo: validity.to.toISOString(), daysLeft: days, result: verdict.as };
}

type Verdict =
  | { readonly kind: "make"; readonly as: "made" | "renewed" }
  | { readonly kind: "leave"; readonly row: Pick<Row, "result" | "note"> };

function verdictOf(state: NodeState, { check, force, renew }: CertOptions): Verdict {
  switch (state.kind) {
    case "none": {
      return check ? kept("missing", "make it: mss cert, without --check") : { kind: "make", as: "made" };
    }
    case "broken": {
      return force && !check
        ? { kind: "make", as: "renewed" }
        : kept("unfit", `${state.problem}: make it again with --force`);
    }
    case "there": {
      return verdictOfCertificate(state, { check, force, renew });
    }
  }
}

function verdictOfCertificate(
  { misfit, daysLeft: left, isOurs }: Extract<NodeState, { kind: "there" }>,
  { check, force, renew }: Pick<CertOptions, "check" | "force" | "renew">,
): Verdict {
  const isOld = left <= RENEW_DAYS;
  if (!check && (force || (renew && isOurs && (isOld || misfit !== undefined)))) {
    return { kind: "make", as: "renewed" };
  }
  const how = isOurs
    ? "renew it with --renew"
    : "it is not of this authority: renew it there, or replace it with --force";
  if (misfit !== undefined) {
    return kept("unfit", `${misfit}: ${how}`);
  }
  return isOld ? kept("unfit", `it ${left < 0 ? "has expired" : "expires soon"}: ${how}`) : kept("kept");
}

function kept(result: Row["result"], note?: string): Verdict {
  return { kind: "leave", row: { result, ...(note === undefined ? {} : { note }) } };
}

/** A node that looks for the authority elsewhere gets it there, unless somebody has put one there. */
async function giveAuthority(file: string, { bundle }: Authority): Promise<void> {
  if ((await readIfThere(file)) === undefined) {
    await writeCertificate(file, bundle);
  }
}

function tell({ options, topology }: CertRun, rows: readonly Row[]): void {
  const { output, json, check, newAuthority } = options;
  if (json) {
    output.out(`${JSON.stringify(rows, undefined, 2)}\n`);
    return;
  }
  const width = Math.max(...rows.map(({ node }) => node.length));
  const nameWidth = Math.max(...rows.map(({ name }) => name.length));
  for (const { node, name, validTo, daysLeft: left, result, note, file } of rows) {
    const until = validTo === undefined ? "" : `until ${validTo.slice(0, 10)}, ${left ?? 0} days`;
    const line = `${node.padEnd(width)}  ${name.padEnd(nameWidth)}  ${result.padEnd(8)}${until}`.trimEnd();
    output.out(`${line}${note === undefined ? "" : `\n  ${file}: ${note}`}\n`);
  }
  if (newAuthority) {
    output.err(
      `Copy ${authorityFiles(topology.certificates).certificate} to every node; both authorities are believed then. When all have it: mss cert … --force\n`,
    );
  } else if (!check && rows.some(({ result }) => result === "made" || result === "renewed")) {
    output.err(
      `Each node needs its own .crt and .key and authority.crt, in ${topology.certificates} or where its tls keys say. ` +
        "authority.key stays here.\n",
    );
  }
}
