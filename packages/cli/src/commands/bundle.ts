import { readFile } from "node:fs/promises";
import path from "node:path";
import { readCredentials } from "@mss/certificates";
import type { TlsCredentials } from "@mss/certificates";
import { hasCode } from "@mss/runtime";
import { checkCertificates, loadTopology, nodeDocument } from "@mss/topology";
import type { NodeDocument, Topology } from "@mss/topology";
import { bundleFiles } from "../bundle/bundle-contents.ts";
import type { BundlePlan, BundleSecret } from "../bundle/bundle-plan.ts";
import { BUNDLE_ERRORS, BundleError } from "../bundle/bundle-error.ts";
import { isArchive, writeBundle } from "../bundle/write-bundle.ts";
import { systemCode } from "../cert/cert-files.ts";
import type { Config } from "../config.ts";
import { faultText } from "../fault-text.ts";
import { findSecrets } from "../find-secrets.ts";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { codedText } from "../start-fault.ts";

export interface BundleOptions {
  readonly node: string;
  readonly files: readonly string[];
  /** Directory, or file that ends in `.tar.gz`; `mss-NODE` in the working directory when absent. */
  readonly out?: string;
  readonly archive: boolean;
  /** Archive of the software to put in. */
  readonly software?: string;
  /** What must outlive a restart, on the node's machine. */
  readonly data?: string;
  /** False: passwords are named and not included. */
  readonly secrets: boolean;
  readonly force: boolean;
  readonly json: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
  /** The folder `deploy` of the software, which has the unit. */
  readonly deployFolder: string;
  readonly output: Output;
}

/** `mss bundle`: the directory that an administrator carries to the machine of one node. */
export async function bundle(options: BundleOptions): Promise<ExitStatus> {
  const { files, node, output } = options;
  const loaded = await loadTopology(files);
  if (loaded.kind === "faulty") {
    output.err(faultText(loaded.faults));
    return EXIT.usage;
  }
  const { topology, documents } = loaded;
  const nodes = [...topology.hubs, ...topology.branches];
  if (!nodes.some(({ id }) => id === node)) {
    output.err(`${files.join(" ")}: there is no node ${node}; the nodes are ${nodes.map(({ id }) => id).join(", ")}\n`);
    return EXIT.usage;
  }
  const dataDirectory = options.data ?? `/var/lib/mss/${node}`;
  const document = nodeDocument({ topology, documents, node, dataDirectory });
  try {
    return await writeOut(options, topology, document);
  } catch (error) {
    if (!hasCode(error, ...bundleCodes())) {
      throw error;
    }
    output.err(`${codedText(error)}\n`);
    return error.code === "BUNDLE_EXISTS" ? EXIT.refused : EXIT.failed;
  }
}

function bundleCodes(): readonly (keyof typeof BUNDLE_ERRORS)[] {
  return Object.keys(BUNDLE_ERRORS).filter((code): code is keyof typeof BUNDLE_ERRORS => code in BUNDLE_ERRORS);
}

async function writeOut(options: BundleOptions, topology: Topology, document: NodeDocument): Promise<ExitStatus> {
  const { node, output, force, json } = options;
  const secrets = await secretsOf(options, topology, document);
  const certificates = await certificatesOf(topology, node);
  const faults = [...(secrets.kind === "faulty" ? [secrets.text] : []), certificates.faults].join("");
  if (secrets.kind === "faulty" || faults !== "") {
    output.err(faults);
    return EXIT.usage;
  }
  output.err(secrets.warnings + certificates.warnings);
  const files = bundleFiles(await planOf({ options, topology, document, secrets: secrets.secrets, ...certificates }));
  const out = placeOf(options);
  await writeBundle({ node, files, out, force });
  const written = files.map(({ path: file }) => file).filter((file) => !file.startsWith("."));
  if (json) {
    const missing = secrets.secrets.flatMap(({ name, value }) => (value === undefined ? [name] : []));
    output.out(
      `${JSON.stringify({ node, role: document.role, out, files: written, missingSecrets: missing }, undefined, 2)}\n`,
    );
    return EXIT.ok;
  }
  output.out(
    `${out}: ${written.length} files for ${document.role} ${node}\n${written.map((file) => `  ${file}\n`).join("")}`,
  );
  output.err(
    `Bring it to the machine of ${node}; README.md in it has three steps. It holds passwords: keep it as you keep them.\n`,
  );
  return EXIT.ok;
}

function placeOf({ node, out, archive }: BundleOptions): string {
  const place = path.resolve(out ?? `mss-${node}`);
  return archive && !isArchive(place) ? `${place}.tar.gz` : place;
}

interface PlanParts {
  readonly options: BundleOptions;
  readonly topology: Topology;
  readonly document: NodeDocument;
  readonly secrets: readonly BundleSecret[];
  readonly credentials: TlsCredentials | undefined;
}

async function planOf({ options, topology, document, secrets, credentials }: PlanParts): Promise<BundlePlan> {
  const { node, deployFolder, software } = options;
  const own = [...topology.hubs, ...topology.branches].find(({ id }) => id === node);
  const unit = path.join(deployFolder, "systemd", "mss@.service");
  return {
    role: document.role,
    node,
    federation: topology.federation,
    topology: document.text,
    listen: own?.listen ?? [],
    http: own?.http,
    secrets,
    certificates: credentials,
    unit: await readFile(unit, "utf8").catch((cause: unknown) => unreadable(unit, cause)),
    software: software === undefined ? undefined : { name: path.basename(software), file: await readable(software) },
  };
}

async function readable(file: string): Promise<string> {
  const start = await readFile(file).catch((cause: unknown) => unreadable(file, cause));
  const isGzip = start[0] === 0x1f && start[1] === 0x8b; // RFC 1952 §2.3.1
  return isGzip ? file : unreadable(file, new Error("it is no .tar.gz"));
}

function unreadable(file: string, cause: unknown): never {
  throw new BundleError("BUNDLE_READ_FAILED", { file, reason: systemCode(cause) }, { cause });
}

type FoundSecrets =
  | { readonly kind: "found"; readonly secrets: readonly BundleSecret[]; readonly warnings: string }
  | { readonly kind: "faulty"; readonly text: string };

/** The passwords of the node as this machine has them; a hub's Redis is where the command itself finds it. */
async function secretsOf(
  { node, environment, secrets: isIncluded, config }: BundleOptions,
  topology: Topology,
  document: NodeDocument,
): Promise<FoundSecrets> {
  const redis = document.role === "hub" && config.redisUrl !== undefined ? [config.redisUrl] : [];
  const redisSecrets = redis.map((value) => ({
    name: "REDIS_URL",
    of: "the hubs' shared store",
    ...(isIncluded ? { value } : {}),
  }));
  if (!isIncluded) {
    const named = document.secrets.map(({ name, of }) => ({ name, of }));
    return { kind: "found", secrets: [...redisSecrets, ...named], warnings: "" };
  }
  const resolved = await findSecrets(topology, { environment, node });
  if (resolved.kind === "faulty") {
    const advice = `To make the bundle without passwords, and put them in on the machine of ${node}: --no-secrets\n`;
    return { kind: "faulty", text: faultText(resolved.faults) + advice };
  }
  const found = document.secrets.map(({ name, of, reference }) => ({
    name,
    of,
    value: resolved.secrets.valueOf(reference),
  }));
  return { kind: "found", secrets: [...redisSecrets, ...found], warnings: faultText(resolved.warnings) };
}

interface FoundCertificates {
  /** Absent: the node has no certificate that can be used. */
  readonly credentials: TlsCredentials | undefined;
  readonly faults: string;
  readonly warnings: string;
}

async function certificatesOf(topology: Topology, node: string): Promise<FoundCertificates> {
  const own = [...topology.hubs, ...topology.branches].find(({ id }) => id === node);
  const { faults, warnings } = await checkCertificates(topology, { node });
  const outcome = own === undefined ? undefined : await readCredentials(own.tls);
  return {
    credentials: outcome?.kind === "usable" ? outcome.credentials : undefined,
    faults: faultText(faults),
    warnings: faultText(warnings),
  };
}
