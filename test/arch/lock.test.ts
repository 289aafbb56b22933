import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { assertNone } from "./assert-none.ts";
import { ROOT, readManifest, readText } from "./workspace.ts";

/** What a release stands on directly: each is one more that can turn bad. */
const DIRECT_DEPENDENCIES_LIMIT = 15;

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({
      resolved: z.string().optional(),
      integrity: z.string().optional(),
      link: z.boolean().optional(),
      dev: z.boolean().optional(),
      hasInstallScript: z.boolean().optional(),
      optionalDependencies: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

test("package-lock.json holds the binaries of every platform, or npm ci refuses it in a fresh clone", () => {
  const { packages } = lockSchema.parse(JSON.parse(readText("package-lock.json")));
  const missing = Object.entries(packages).flatMap(([folder, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => packages[`node_modules/${name}`] === undefined)
      .filter((name) => packages[`${folder}/node_modules/${name}`] === undefined)
      .map((name) => `${folder} needs ${name}`),
  );
  assertNone(
    missing,
    "take versions that the registry has for every platform; node_modules must not be there when the lock is made:",
  );
  assert.ok(Object.keys(packages).length > 0);
});

test("SEC-44: production needs few packages directly, each pinned by a hash, and none runs a script when it is installed", () => {
  const manifests = globSync("packages/*/package.json", { cwd: ROOT }).map((file) => readManifest(file));
  const direct = new Set(manifests.flatMap(({ dependencies }) => Object.keys(dependencies)));
  const external = [...direct].filter((name) => !name.startsWith("@mss/"));
  assert.ok(external.length > 0 && external.length <= DIRECT_DEPENDENCIES_LIMIT, external.join(", "));
  const { packages } = lockSchema.parse(JSON.parse(readText("package-lock.json")));
  const installed = Object.entries(packages).filter(
    ([folder, { link }]) => folder.startsWith("node_modules/") && link !== true,
  );
  assertNone(
    installed.filter(([, { integrity }]) => integrity?.startsWith("sha512-") !== true).map(([folder]) => folder),
    "no hash of these in package-lock.json:",
  );
  assertNone(
    installed
      .filter(([, { dev, hasInstallScript }]) => dev !== true && hasInstallScript === true)
      .map(([name]) => name),
    "these run a script when they are installed:",
  );
});

test("package-lock.json names no registry", () => {
  const { packages } = lockSchema.parse(JSON.parse(readText("package-lock.json")));
  const hosts = Object.entries(packages).filter(([, { resolved }]) => resolved?.includes("://") === true);
  assertNone(
    hosts.map(([folder]) => folder),
    "npm install --omit-lockfile-registry-resolved:",
  );
});
