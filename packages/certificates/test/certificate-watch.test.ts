import assert from "node:assert/strict";
import { chmod, rename, rm, writeFile } from "node:fs/promises";
import { mock, test } from "node:test";
import type { TestContext } from "node:test";
import { CertificateWatch, readCredentials } from "@mss/certificates";
import type { CertificateFiles, TlsCredentials } from "@mss/certificates";
import { issueAuthority } from "@mss/certificates/issue";
import { DAY_MS, credentialsFor, listeningLog, rewrite, validFor, writeFiles } from "./support.ts";

interface Watched {
  readonly watch: CertificateWatch;
  readonly files: CertificateFiles;
  readonly renewed: readonly TlsCredentials[];
  readonly log: ReturnType<typeof listeningLog>;
  readonly nextRenewal: () => Promise<TlsCredentials>;
}

async function startWatch(
  t: TestContext,
  credentials: TlsCredentials,
  options: { readonly refuses?: boolean; readonly now?: () => number } = {},
): Promise<Watched> {
  const files = await writeFiles(t, credentials);
  const log = listeningLog();
  const renewed: TlsCredentials[] = [];
  let next = Promise.withResolvers<TlsCredentials>();
  const watch = new CertificateWatch({
    files,
    credentials,
    log: log.log,
    intervalMs: 10,
    ...(options.now === undefined ? {} : { now: options.now }),
    onRenewed: (taken) => {
      if (options.refuses === true) {
        throw new Error("the engine does not like it");
      }
      renewed.push(taken);
      next.resolve(taken);
      next = Promise.withResolvers();
    },
  });
  await watch.start();
  t.after(() => watch.stop());
  return { watch, files, renewed, log, nextRenewal: () => next.promise };
}

test("new files are taken into use, each set once", async (t) => {
  const first = await credentialsFor("hk.acme");
  const { files, renewed, log, nextRenewal, watch } = await startWatch(t, first);
  const second = await credentialsFor("hk.acme", { days: 200 });
  const taken = nextRenewal();
  await rewrite(files, second);
  assert.deepEqual(await taken, second);
  assert.equal(watch.daysLeft, 200);
  await log.said("certificate renewed");
  await watch.check();
  await watch.check();
  assert.equal(renewed.length, 1);
  assert.equal(
    log.lines.filter(({ level }) => level === "error").length,
    0,
    "files that change one by one are no fault",
  );
});

test("files that are replaced by renaming are seen, and so is a new authority alone", async (t) => {
  const first = await credentialsFor("hk.acme");
  const { files, nextRenewal } = await startWatch(t, first);
  const taken = nextRenewal();
  const added = await issueAuthority({ federation: "acme", validity: validFor(10), keyType: "ec" });
  const both = `${added.certificate}${first.authority}`;
  await writeFile(`${files.authority}.new`, both);
  await rename(`${files.authority}.new`, files.authority);
  assert.deepEqual(await taken, { ...first, authority: both });
});

test("what is broken stays out of use and is told once, with the file and what to do", async (t) => {
  const first = await credentialsFor("hk.acme");
  const other = await credentialsFor("london.acme");
  const { files, renewed, log, watch, nextRenewal } = await startWatch(t, first);
  await writeFile(files.key, other.key);
  const line = await log.said("new certificate cannot be used, the old one stays");
  assert.deepEqual([line.level, line.file, line.reason], ["error", files.key, "is not the key of the certificate"]);
  assert.notEqual(line.advice, undefined);
  assert.equal(watch.daysLeft, 100);
  const taken = nextRenewal();
  await rewrite(files, other);
  await taken;
  assert.equal(renewed.length, 1);
  assert.equal(log.lines.filter(({ level }) => level === "error").length, 1);
});

test("a file that is gone, and an engine that refuses, leave the old one in use", async (t) => {
  const first = await credentialsFor("hk.acme");
  const gone = await startWatch(t, first);
  await rm(gone.files.certificate);
  assert.equal((await gone.log.said("new certificate cannot be used, the old one stays")).reason, "does not exist");
  const refused = await startWatch(t, first, { refuses: true });
  await rewrite(refused.files, await credentialsFor("hk.acme", { days: 5 }));
  await refused.log.said("new certificate cannot be used, the old one stays");
  assert.equal(refused.watch.daysLeft, 100);
});

test("whoever asks for a look is told at once what is wrong", async (t) => {
  const { watch, files, log } = await startWatch(t, await credentialsFor("hk.acme"));
  await writeFile(files.certificate, "nothing");
  await watch.check();
  assert.equal(log.lines.filter(({ level }) => level === "error").length, 1);
});

test("CH-21: 30, 14, 7 and 1 days before the end the log says so, once each, and when it is over", async (t) => {
  mock.timers.enable({ apis: ["setInterval"] });
  t.after(() => mock.timers.reset());
  let day = 0;
  const now = (): number => Date.now() + day * DAY_MS;
  const { watch, log } = await startWatch(t, await credentialsFor("hk.acme", { days: 40 }), { now });
  for (day = 0; day <= 42; day += 1) {
    mock.timers.tick(12 * 3_600_000);
  }
  const said = log.lines.map(({ level, days }) => [level, days]);
  assert.deepEqual(said, [
    ["warn", 30],
    ["warn", 14],
    ["warn", 7],
    ["error", 1],
    ["error", -1],
  ]);
  assert.ok(log.lines.every(({ advice }) => advice?.includes("mss cert") === true));
  assert.equal(watch.daysLeft, -3);
});

test("a node that starts late in the life of its certificate says so at once, and of the authority when that ends first", async (t) => {
  const late = await startWatch(t, await credentialsFor("hk.acme", { days: 5 }));
  assert.deepEqual(
    late.log.lines.map(({ level, days }) => [level, days]),
    [["warn", 5]],
  );
  const authority = await issueAuthority({ federation: "acme", validity: validFor(0), keyType: "ec" });
  const credentials = await credentialsFor("hk.acme", { authority });
  const above = await startWatch(t, credentials);
  assert.match(above.log.lines[0]?.advice ?? "", /new-authority/);
  assert.match(above.watch.expiry?.subject ?? "", /acme authority/);
  // an authority that is about to end, beside one that is not and has issued nothing here, ends nothing
  const stranger = await issueAuthority({ federation: "acme", validity: validFor(0), keyType: "ec" });
  const sound = await credentialsFor("hk.acme");
  const beside = await startWatch(t, { ...sound, authority: `${stranger.certificate}${sound.authority}` });
  assert.equal(beside.watch.daysLeft, 100);
});

test("files that cannot be used: which one, and what to do", async (t) => {
  const credentials = await credentialsFor("hk.acme");
  const files = await writeFiles(t, credentials);
  assert.deepEqual(await readCredentials(files), { kind: "usable", credentials });
  await writeFile(files.authority, "");
  const empty = await readCredentials(files);
  assert.ok(empty.kind === "unusable" && empty.fault.part === "authority" && !empty.fault.isMissing);
  await rm(files.key);
  const missing = await readCredentials(files);
  assert.ok(missing.kind === "unusable" && missing.fault.isMissing && missing.fault.file === files.key);
  const folder = await readCredentials({ ...files, key: import.meta.dirname });
  assert.ok(folder.kind === "unusable" && /EISDIR/.test(folder.fault.problem));
});

test("a file of another user", { skip: process.getuid?.() === 0 ? "root may read everything" : false }, async (t) => {
  const files = await writeFiles(t, await credentialsFor("hk.acme"));
  await chmod(files.key, 0);
  const outcome = await readCredentials(files);
  assert.ok(outcome.kind === "unusable" && /EACCES/.test(outcome.fault.problem));
});
