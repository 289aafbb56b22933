import { readFileSync } from "node:fs";
import type { RedisClient } from "./redis-client.ts";
import { StoreError } from "../errors.ts";

/** Every Lua script, by the name it is called by here; the file's name ends with its number of keys. */
const SCRIPT_FILES = {
  publishTopology: "publish-topology-4",
  restoreTopology: "restore-topology-4",
  stageTopology: "stage-topology-1",
  acquireLease: "acquire-lease-1",
  renewLeases: "renew-leases-1",
  countLeases: "count-leases-1",
  insertCallRecords: "insert-call-records-3",
  applyBindings: "apply-bindings-2",
  clearBindings: "clear-bindings-2",
  purgeBindings: "purge-bindings-2",
} as const;

export type ScriptName = keyof typeof SCRIPT_FILES;

export interface ScriptInput {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

/** Makes every script a command of `redis`. ioredis sends the text once per connection, afterwards only its hash. */
export function defineScripts(redis: RedisClient): void {
  for (const [name, file] of Object.entries(SCRIPT_FILES)) {
    const lua = readFileSync(new URL(`scripts/${file}.lua`, import.meta.url), "utf8");
    redis.defineCommand(name, { lua, numberOfKeys: Number(file.slice(file.lastIndexOf("-") + 1)) });
  }
}

/** Runs a script as one atomic change. What it returns is for the caller to check. */
export async function runScript(redis: RedisClient, name: ScriptName, input: ScriptInput): Promise<unknown> {
  const command: unknown = Reflect.get(redis, name);
  if (typeof command !== "function") {
    throw new StoreError("STORE_FAILED", { script: name, reason: "not defined on this connection" });
  }
  const reply: unknown = await Reflect.apply(command, redis, [...input.keys, ...input.args]);
  return reply;
}
