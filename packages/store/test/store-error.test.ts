import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { STORE_ERRORS } from "@mss/store";
import { redisKeys } from "../src/redis/keys.ts";
import { toStoreError } from "../src/redis/redis-error.ts";
import { parseRedisUrl } from "../src/redis/redis-url.ts";

const address = parseRedisUrl("rediss://hub:p%40ss@redis.example:6380/2");

function replyError(message: string): Error {
  return Object.assign(new Error(message), {
    name: "ReplyError",
    command: { name: "hello", args: ["3", "AUTH", "hub", "p@ss"] },
  });
}

describe("store errors", () => {
  it("are all in the README, and only they", async () => {
    const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
    const rows = [...readme.matchAll(/^\| `(STORE_[A-Z_]+)` /gm)].map((match) => match[1]);
    assert.deepEqual(rows, Object.keys(STORE_ERRORS));
  });

  for (const [reply, code] of [
    ["WRONGPASS invalid username-password pair or user is disabled.", "STORE_ACCESS_DENIED"],
    ["NOPERM this user has no permissions to run the 'eval' command", "STORE_ACCESS_DENIED"],
    ["ERR The user executing the script can't run this command or subcommand script: 8f", "STORE_ACCESS_DENIED"],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "STORE_CORRUPT"],
    ["READONLY You can't write against a read only replica.", "STORE_UNAVAILABLE"],
    ["ERR WRONGTYPE Operation against a key script: 1f, on @user_script:2.", "STORE_CORRUPT"],
    ["OOM command not allowed when used memory > 'maxmemory'.", "STORE_UNAVAILABLE"],
    ["ERR syntax error", "STORE_FAILED"],
  ] as const) {
    it(`reads "${reply.slice(0, 30)}…" as ${code}`, () => {
      assert.equal(toStoreError(replyError(reply), "test", address).code, code);
    });
  }

  it("carry neither the arguments of a command nor a password repeated in a message", () => {
    const error = toStoreError(replyError("ERR unknown command 'AUTH', with args: 'p@ss'"), "connect", address);
    assert.ok(error.cause instanceof Error);
    assert.ok(!`${error.cause.message}${error.cause.stack}${JSON.stringify(error.cause)}`.includes("p@ss"));
    assert.deepEqual(error.details, { operation: "connect", endpoint: "redis.example:6380" });
  });
});

describe("redis keys", () => {
  it("keep names that hold braces and colons apart, and neighbours in one slot", () => {
    const keys = redisKeys("mss", "ac}me");
    assert.equal(keys.topologyRevision(7), "mss:{ac%7Dme}:topology:revision:7");
    assert.equal(keys.bindings("a:{b}"), "mss:{ac%7Dme}:bindings:a%3A%7Bb%7D");
    assert.equal(keys.leases("branch:hk"), "mss:{ac%7Dme}:leases:branch%3Ahk");
  });
});

describe("the package", () => {
  it("is loaded without a warning and without leaving anything open", async () => {
    const script = `await import(${JSON.stringify(new URL("../src/index.ts", import.meta.url).href)});`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
    assert.equal(stdout + stderr, "");
  });
});
