import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it } from "node:test";
import type { TestContext } from "node:test";
import { StoreError, openCopyFile } from "@mss/store";
import { copyStoreContract } from "./contract/copy-store-contract.ts";

const withCode = (code: string) => (error: unknown) => error instanceof StoreError && error.code === code;

copyStoreContract(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-copy-"));
  const store = openCopyFile(path.join(folder, "new folder", "hub-1.topology"));
  return { store, close: () => rm(folder, { recursive: true, force: true }) };
});

async function inFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-copy-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

describe("copy file", () => {
  it("is for its owner alone, leaves no other file behind, and is there for the next process", async (t) => {
    const folder = await inFolder(t);
    const file = path.join(folder, "hub-1.topology");
    await openCopyFile(file).save({ revision: 7 });
    assert.deepEqual(await readdir(folder), ["hub-1.topology"]);
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await openCopyFile(file).load(), { revision: 7 });
  });

  it("brings back what is too long to be written at once as it was", async (t) => {
    const file = path.join(await inFolder(t), "hub-1.topology");
    const pair = "\u{1F4DE}";
    const text = 'a"\\\n'.repeat(100_000);
    const value = { text, [text]: `x${pair.repeat(200_000)}`, list: [1, null, true, [], {}, [text]], none: undefined };
    await openCopyFile(file).save(value);
    const { none: _none, ...rest } = value;
    assert.deepEqual(await openCopyFile(file).load(), rest);
    assert.equal((await readFile(file, "utf8")).split("\n")[1], JSON.stringify(value));
  });

  it("brings back bytes as they were, and reads what the version before wrote", async (t) => {
    const file = path.join(await inFolder(t), "hub-1.topology");
    const bytes = Uint8Array.from({ length: 600_000 }, (_unused, at) => at % 251);
    const value = { texts: { snapshot: bytes, header: "h\n" }, more: [new Uint8Array(), { a: bytes.subarray(0, 10) }] };
    await openCopyFile(file).save(value);
    assert.deepEqual(await openCopyFile(file).load(), value);
    const body = JSON.stringify({ texts: { snapshot: "zwei ☎" } });
    const digest = createHash("sha256").update(body).digest("hex");
    await writeFile(file, `mss copy 1 ${digest}\n${body}`);
    assert.deepEqual(await openCopyFile(file).load(), { texts: { snapshot: "zwei ☎" } });
  });

  it("refuses a file that was cut off anywhere, or changed in one character", async (t) => {
    const file = path.join(await inFolder(t), "hub-1.topology");
    const store = openCopyFile(file);
    await store.save({ revision: 7 });
    const text = await readFile(file, "utf8");
    for (let length = 0; length < text.length; length += 1) {
      await truncate(file, length);
      await assert.rejects(store.load(), withCode("STORE_CORRUPT"));
      await writeFile(file, text);
    }
    await writeFile(file, text.replace("7", "8"));
    await assert.rejects(store.load(), withCode("STORE_CORRUPT"));
    await writeFile(file, text);
    assert.deepEqual(await store.load(), { revision: 7 });
  });

  it("keeps the old copy when a new one cannot be written, and says so", async (t) => {
    const folder = await inFolder(t);
    const file = path.join(folder, "hub-1.topology");
    await openCopyFile(file).save({ revision: 7 });
    await writeFile(path.join(folder, "file"), "");
    await assert.rejects(openCopyFile(path.join(folder, "file", "x")).save({}), withCode("STORE_UNAVAILABLE"));
    await assert.rejects(openCopyFile(folder).load(), withCode("STORE_UNAVAILABLE"));
    await assert.rejects(openCopyFile(folder).save({}), withCode("STORE_UNAVAILABLE"));
    assert.deepEqual(await openCopyFile(file).load(), { revision: 7 });
    assert.deepEqual((await readdir(folder)).toSorted(), ["file", "hub-1.topology"]);
  });
});
