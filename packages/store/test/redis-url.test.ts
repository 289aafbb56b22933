import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { silentLog } from "@mss/runtime";
import { StoreError, connectRedis } from "@mss/store";
import { parseRedisUrl } from "../src/redis/redis-url.ts";

const node = (host: string, port: number) => ({ host, port });

describe("redis URL", () => {
  for (const [url, expected] of [
    ["redis://h", { mode: "single", nodes: [node("h", 6379)], database: 0, endpoint: "h:6379" }],
    ["redis://[::1]/3", { mode: "single", nodes: [node("::1", 6379)], database: 3, endpoint: "[::1]:6379" }],
    [
      "rediss://hub:p%40ss@redis.example:6380/2?prefix=voice&ca=/etc/ca.pem",
      {
        mode: "single",
        nodes: [node("redis.example", 6380)],
        database: 2,
        username: "hub",
        password: "p@ss",
        tls: { ca: "/etc/ca.pem" },
        prefix: "voice",
        endpoint: "redis.example:6380",
      },
    ],
    [
      "redis-sentinel://:secret@s1,s2:26380,[::1]/mymaster/4?sentinelPassword=two%2Btwo",
      {
        mode: "sentinel",
        nodes: [node("s1", 26_379), node("s2", 26_380), node("::1", 26_379)],
        master: "mymaster",
        database: 4,
        password: "secret",
        sentinelPassword: "two+two",
        endpoint: "s1:26379,s2:26380,[::1]:26379",
      },
    ],
    [
      "rediss-cluster://c1:7000,c2:7001/?cert=a.crt&key=a.key&servername=redis.acme",
      {
        mode: "cluster",
        nodes: [node("c1", 7000), node("c2", 7001)],
        tls: { cert: "a.crt", key: "a.key", servername: "redis.acme" },
        endpoint: "c1:7000,c2:7001",
      },
    ],
  ] as const) {
    it(`reads ${url}`, () => {
      assert.deepEqual(parseRedisUrl(url), expected);
    });
  }

  for (const [url, reason] of [
    ["", /none of the forms/],
    ["localhost:6379", /none of the forms/],
    ["http://:secret@h", /none of the forms/],
    ["redis://", /none of the forms/],
    ["redis://user:sec/ret@h", /host is missing|percent-encoded/],
    ["redis://:secret@h:99999", /port is no port/],
    ["redis://:secret@h/x", /database is a number/],
    ["redis://:%ff-secret@h", /percent-encoded/],
    ["redis://:secret@h1,h2", /redis-sentinel: or redis-cluster:/],
    ["redis-sentinel://:secret@h", /name of the master is missing/],
    ["redis-cluster://:secret@h/1", /database 0 only/],
    ["redis://:secret@h?passwort=secret", /no parameter passwort; there are prefix/],
    ["redis://:secret@h?ca=/x", /belong to rediss/],
    ["rediss://:secret@h?cert=/x", /cert and key go together/],
    ["rediss://:secret@h?ca=/does/not/exist.pem", /ca cannot be read/],
    ["redis://:secret@h?sentinelPassword=secret", /belong to redis-sentinel/],
  ] as const) {
    it(`refuses ${JSON.stringify(url)}, says why, and does not repeat the password`, () => {
      assert.throws(
        () => connectRedis({ url, federation: "acme", log: silentLog() }),
        (error) => {
          assert.ok(error instanceof StoreError && error.code === "STORE_BAD_URL");
          assert.match(String(error.details["reason"]), reason);
          assert.ok(!JSON.stringify([error.message, error.details, String(error.cause)]).includes("secret"));
          return true;
        },
      );
    });
  }
});
