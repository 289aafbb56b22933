import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { assertNone } from "./assert-none.ts";
import { readText } from "./workspace.ts";

const lockSchema = z.object({
  packages: z.record(
    z.string(),
    z.object({ resolved: z.string().optional(), optionalDependencies: z.record(z.string(), z.string()).optional() }),
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

test("package-lock.json names no registry", () => {
  const { packages } = lockSchema.parse(JSON.parse(readText("package-lock.json")));
  const hosts = Object.entries(packages).filter(([, { resolved }]) => resolved?.includes("://") === true);
  assertNone(
    hosts.map(([folder]) => folder),
    "npm install --omit-lockfile-registry-resolved:",
  );
});
