import assert from "node:assert/strict";
import { createHash, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { branchIdSchema, readSealedRevision, sharedText, textOf } from "@mss/model";
import type { SealedRevision, Snapshot, TopologyStore } from "@mss/model";
import { hasCode } from "@mss/runtime";
import { createMemoryStores } from "@mss/store";
import {
  applyTopology,
  beginTrust,
  createSigningKeyPem,
  handTrustOn,
  hashedSnapshot,
  keyId,
  openRevision,
  readSigningKey,
  rollbackTopology,
  sealRevision,
} from "@mss/topology";
import type { PublicationOutcome, SigningKey } from "@mss/topology";

const HK = branchIdSchema.parse("hk");
const FIELDS = { revision: 7, publishedAt: "2026-01-01T00:00:00.000Z", author: "alice", message: "more numbers" };
const NOW = new Date("2026-02-01T00:00:00.000Z");

function snapshotOf(...numbers: string[]): Snapshot {
  return hashedSnapshot({ federation: "acme", hubs: [], branches: [{ id: HK, name: "Hong Kong", numbers }] });
}

const keys = (...list: SigningKey[]) => list.map(({ publicKey }) => publicKey);

function newKey(): SigningKey {
  return readSigningKey(createSigningKeyPem());
}

function apply(store: TopologyStore, snapshot: Snapshot, signingKeys: readonly string[] = [], key?: SigningKey) {
  return applyTopology({ ...optionsOf(store), snapshot, signingKeys, ...(key === undefined ? {} : { key }) });
}

function optionsOf(store: TopologyStore) {
  return { store, author: "alice", message: "", force: false, now: NOW };
}

function faultWith(sealed: SealedRevision, trustedKeys: readonly string[]): string {
  const opened = openRevision(sealed, { federation: "acme", trustedKeys });
  return opened.kind === "ok" ? "ok" : opened.fault;
}

function publishedOf(outcome: PublicationOutcome): SealedRevision {
  assert.ok(outcome.kind === "published", outcome.kind);
  return outcome.sealed;
}

test("what was sealed opens to the same snapshot", () => {
  const snapshot = snapshotOf("1xxx", "852*");
  const opened = openRevision(sealRevision(snapshot, FIELDS), { federation: "acme", trustedKeys: [] });
  assert.ok(opened.kind === "ok");
  assert.deepEqual(opened.revision.snapshot, snapshot);
  assert.deepEqual(opened.revision.header, { federation: "acme", hash: snapshot.hash, ...FIELDS });
});

test("a signed revision opens with the key that signed it, and not when anything in it was changed", () => {
  const [key, other] = [newKey(), newKey()];
  const sealed = sealRevision(snapshotOf("1xxx"), FIELDS, key);
  const { header, texts } = sealed;
  const foreign = sealRevision(snapshotOf("1xxx"), FIELDS, other);
  const faultOf = (changed: SealedRevision, trusted = [key.publicKey]) => faultWith(changed, trusted);
  assert.equal(faultOf(sealed), "ok");
  assert.equal(faultOf(sealed, [other.publicKey, key.publicKey]), "ok");
  assert.equal(faultOf(sealed, []), "ok");
  assert.equal(faultOf(foreign), "untrusted-key");
  assert.equal(faultOf(sealRevision(snapshotOf("1xxx"), FIELDS)), "unsigned");
  const bySignature = { key: key.publicKey, value: foreign.texts.signature?.value ?? "" };
  assert.equal(faultOf({ header, texts: { ...texts, signature: bySignature } }), "wrong-signature");
  const higher = texts.header.replace('"revision":7', '"revision":8');
  assert.equal(faultOf({ header: { ...header, revision: 8 }, texts: { ...texts, header: higher } }), "wrong-signature");
  assert.equal(
    faultOf({ header, texts: { ...texts, snapshot: sharedText(textOf(texts.snapshot).replace("1xxx", "2xxx")) } }),
    "wrong-hash",
  );
});

test("a signature that is there must be right, and one that was taken out is missed, though no key is trusted", () => {
  const key = newKey();
  const { header, texts } = sealRevision(snapshotOf("1xxx"), FIELDS, key);
  const { signature: _signature, ...stripped } = texts;
  assert.equal(faultWith({ header, texts: stripped }, []), "unsigned");
  const value = newKey().sign(texts.header);
  assert.equal(
    faultWith({ header, texts: { ...texts, signature: { key: key.publicKey, value } } }, []),
    "wrong-signature",
  );
  const { signedBy: _signedBy, ...unnamed } = header;
  const header2 = JSON.stringify(unnamed);
  const signed = { ...texts, header: header2, signature: { key: key.publicKey, value: key.sign(header2) } };
  assert.equal(faultWith({ header: unnamed, texts: signed }, []), "wrong-signature");
});

test("trust begins with the file, moves with the revisions, and begins anew when the file names other keys", () => {
  const [first, second, third] = keys(newKey(), newKey(), newKey());
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const begun = beginTrust([first]);
  assert.deepEqual(begun.keys, [first]);
  const moved = handTrustOn(begun, { signingKeys: [second] });
  assert.deepEqual(moved.keys, [second]);
  assert.deepEqual(beginTrust([first], moved).keys, [second], "the file has not changed");
  assert.deepEqual(beginTrust([third], moved).keys, [third], "its administrator has changed it");
  assert.deepEqual(handTrustOn(moved, {}).keys, [first], "a revision without keys leads back to the file");
  assert.equal(keyId(first), first.slice(0, 16));
});

test("a new key is published with force only, since each node asks its own file about it", async () => {
  const store = createMemoryStores().topology;
  const [lost, found] = [newKey(), newKey()];
  publishedOf(await apply(store, snapshotOf("1xxx"), keys(lost), lost));
  const options = { ...optionsOf(store), snapshot: snapshotOf("1xxx"), signingKeys: keys(found), key: found };
  assert.equal((await applyTopology(options)).kind, "needsKey");
  assert.equal((await applyTopology({ ...options, signingKeys: keys(lost), force: true })).kind, "unchanged");
  const { header } = publishedOf(await applyTopology({ ...options, force: true }));
  assert.deepEqual([header.signedBy, header.signingKeys], [found.publicKey, keys(found)]);
});

test("a revision of another federation, or with a snapshot of another form, does not open", () => {
  const sealed = sealRevision(snapshotOf("1xxx"), FIELDS);
  const elsewhere = openRevision(sealed, { federation: "other", trustedKeys: [] });
  assert.partialDeepStrictEqual(elsewhere, { kind: "refused", fault: "other-federation" });
  const key = newKey();
  for (const text of ['{"federation":"acme","future":true}', '{"federation":"acme","hubs":[]}', "[]", "{"]) {
    const hash = createHash("sha256").update(text).digest("hex");
    const header = JSON.stringify({ federation: "acme", hash, signedBy: key.publicKey, ...FIELDS });
    const signature = { key: key.publicKey, value: key.sign(header) };
    const signed = readSealedRevision({ header, snapshot: sharedText(text), signature });
    assert.ok(signed);
    const opened = openRevision(signed, { federation: "acme", trustedKeys: [key.publicKey] });
    assert.partialDeepStrictEqual(opened, { kind: "refused", fault: "invalid-snapshot" });
  }
});

test("a header of more than one line, or without an author, is not sealed", () => {
  for (const change of [{ message: "a\nb" }, { author: "" }, { author: "\u001b[31m" }, { message: "x".repeat(501) }]) {
    assert.throws(
      () => sealRevision(snapshotOf("1xxx"), { ...FIELDS, ...change }),
      (error) => hasCode(error, "REVISION_INVALID"),
    );
  }
});

test("a signing key is an Ed25519 key in PEM, encrypted or not", () => {
  const pem = createSigningKeyPem("correct horse");
  assert.match(pem, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  assert.match(readSigningKey(pem, "correct horse").publicKey, /^ed25519:[\w-]{43}$/);
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
  for (const [text, passphrase] of [[pem], [pem, "wrong"], ["no pem"], [rsa.toString()]] as const) {
    assert.throws(
      () => readSigningKey(text, passphrase),
      (error) => hasCode(error, "SIGNING_KEY_INVALID"),
    );
  }
});

test("more than a fifth of the numbers, or all, go with force only", async () => {
  const store = createMemoryStores().topology;
  const digits = Array.from({ length: 10 }, (_, index) => `${index}xxx`);
  publishedOf(await apply(store, snapshotOf(...digits)));
  const refused = await apply(store, snapshotOf(...digits.slice(0, 7)));
  assert.ok(refused.kind === "needsForce" && refused.diff.needsForce === "manyNumbers");
  const done = await apply(store, snapshotOf(...digits.slice(0, 8)));
  assert.partialDeepStrictEqual(done, { kind: "published", diff: { changes: [{ numbers: "8000-9999" }] } });
  const all = await applyTopology({ ...optionsOf(store), snapshot: snapshotOf(), signingKeys: [], force: true });
  assert.equal(publishedOf(all).header.forced, true);
});

test("a federation that signs takes the keys of its last revision only: rotation, and no way back", async () => {
  const store = createMemoryStores().topology;
  const [old, next, stranger] = [newKey(), newKey(), newKey()];
  assert.equal((await apply(store, snapshotOf("1xxx"), keys(old))).kind, "needsKey");
  assert.equal((await apply(store, snapshotOf("1xxx"), keys(old), stranger)).kind, "needsKey");
  publishedOf(await apply(store, snapshotOf("1xxx"), keys(old), old));
  assert.equal((await apply(store, snapshotOf("1xxx", "2xxx"), keys(next), next)).kind, "needsKey");
  // The same topology with other keys is a change.
  const both = publishedOf(await apply(store, snapshotOf("1xxx"), keys(old, next), old));
  assert.deepEqual(both.header.signingKeys, keys(old, next));
  publishedOf(await apply(store, snapshotOf("1xxx", "2xxx"), keys(next), next));
  assert.equal((await apply(store, snapshotOf("1xxx"), keys(old), old)).kind, "needsKey");
  const options = { store, federation: "acme", author: "bob", message: "", force: true, now: NOW };
  assert.equal((await rollbackTopology({ ...options, revision: 1, key: old })).kind, "needsKey");
  const back = publishedOf(await rollbackTopology({ ...options, revision: 1, key: next }));
  assert.deepEqual([back.header.revision, back.header.rollbackOf, back.header.signingKeys], [4, 1, keys(next)]);
  assert.equal(openRevision(back, { federation: "acme", trustedKeys: keys(next) }).kind, "ok");
});

test("whoever decided on a revision that is no longer in force is told so", async () => {
  const store = createMemoryStores().topology;
  publishedOf(await apply(store, snapshotOf("1xxx")));
  const stale = { ...portOf(store), current: () => Promise.resolve(undefined) };
  assert.deepEqual(await apply(stale, snapshotOf("1xxx", "2xxx")), { kind: "conflict", revision: 1 });
  assert.deepEqual(await apply(store, snapshotOf("1xxx")), { kind: "unchanged", revision: 1 });
});

function portOf(store: TopologyStore): TopologyStore {
  return {
    current: () => store.current(),
    read: (revision) => store.read(revision),
    history: (query) => store.history(query),
    publish: (candidate, expected) => store.publish(candidate, expected),
    restore: (copy) => store.restore(copy),
    watch: (listener) => store.watch(listener),
  };
}
