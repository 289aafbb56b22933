import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { issueAuthority, issueNodeCertificate } from "@mss/certificates/issue";
import { NodeTls } from "@mss/call-control/node";
import type { NodeTlsOptions } from "@mss/call-control/node";
import type { TlsSettings } from "@mss/model";
import { createLog, hasCode } from "@mss/runtime";
import { secureTarget } from "../src/bridge/secure-target.ts";

const DAY_MS = 86_400_000;
const UDP = { transport: "udp", host: "192.0.2.1", port: 5060 } as const;
const TLS = { transport: "tls", host: "192.0.2.1", port: 6060 } as const;

async function certificateIn(
  t: TestContext,
  parts: readonly ("certificate" | "key" | "authority")[],
): Promise<TlsSettings> {
  const folder = await mkdtemp(path.join(tmpdir(), "mss-node-tls-"));
  t.after(() => rm(folder, { recursive: true }));
  const validity = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.now() + 50.5 * DAY_MS) };
  const authority = await issueAuthority({ federation: "acme", validity, keyType: "ec" });
  const names = { domains: ["hk.acme"], addresses: [] };
  const texts = {
    ...(await issueNodeCertificate({ authority, names, validity, keyType: "ec" })),
    authority: authority.certificate,
  };
  const files = {
    certificate: path.join(folder, "hk.crt"),
    key: path.join(folder, "hk.key"),
    authority: path.join(folder, "authority.crt"),
  };
  await Promise.all(parts.map((part) => writeFile(files[part], texts[part])));
  return { ...files, defaultListen: [TLS] };
}

const ALL = ["certificate", "key", "authority"] as const;

function options(tls: TlsSettings, more: Partial<NodeTlsOptions> = {}): NodeTlsOptions & { readonly said: string[] } {
  const said: string[] = [];
  const log = createLog({ level: "info", destination: { write: (text) => void said.push(text) } });
  return { listen: [UDP], tls, requiresCertificates: false, isEmbedded: true, log, said, ...more };
}

test("with a certificate a node has TLS that it did not name, and tells when it expires", async (t) => {
  const tls = await NodeTls.open(options(await certificateIn(t, ALL)));
  assert.deepEqual(tls.listen, [UDP, TLS]);
  assert.equal(tls.status(), undefined, "it is watched from the start of the engine on");
  const watch = tls.watch({ renewCredentials: () => assert.fail("nothing is new") });
  assert.partialDeepStrictEqual(tls.status(), { subject: "CN=hk.acme", daysLeft: 50 });
  await watch?.start();
  await tls.reload();
  await watch?.stop();
});

test("without one it goes without TLS, and the log says what to do; more of it when only a part is there", async (t) => {
  for (const [parts, level] of [
    [["authority"], "info"],
    [["certificate", "authority"], "error"],
  ] as const) {
    const asked = options(await certificateIn(t, parts));
    const tls = await NodeTls.open(asked);
    assert.deepEqual(
      [tls.listen, tls.credentials, tls.watch({ renewCredentials: () => undefined })],
      [[UDP], undefined, undefined],
    );
    assert.match(asked.said.join(""), new RegExp(`"level":"${level}".*mss cert`));
  }
});

test("a node that names TLS, or whose trunk asks for certificates, does not start without", async (t) => {
  const tls = { ...(await certificateIn(t, [])), defaultListen: [] };
  for (const more of [{ listen: [UDP, TLS] }, { requiresCertificates: true }]) {
    await assert.rejects(NodeTls.open(options(tls, more)), (error) => hasCode(error, "CERTIFICATE_UNUSABLE"));
  }
});

test("on a drachtio-server TLS is its own business, and a trunk that asks for certificates cannot be", async (t) => {
  const tls = await certificateIn(t, ALL);
  assert.deepEqual((await NodeTls.open(options(tls, { isEmbedded: false }))).listen, [UDP]);
  const asked = options(tls, { isEmbedded: false, requiresCertificates: true });
  await assert.rejects(NodeTls.open(asked), (error) => hasCode(error, "CERTIFICATES_UNSEEN"));
});

function uriOf(uri: string, proxy?: string): string | undefined {
  return secureTarget({ label: "x", uri, ...(proxy === undefined ? {} : { proxy }) })?.uri;
}

test("a target becomes a sips URI when it is reached over TLS, and none at all when it is not", () => {
  assert.equal(uriOf("sip:4000@192.0.2.1:6060;transport=tls"), "sips:4000@192.0.2.1:6060");
  assert.equal(uriOf("sips:4000@192.0.2.1"), "sips:4000@192.0.2.1");
  assert.equal(
    uriOf("sip:4000@192.0.2.1;transport=TLS;ob", "sip:10.0.0.1:4;transport=tls;tls-name=a"),
    "sips:4000@192.0.2.1;ob",
  );
  assert.equal(uriOf("sip:4000@192.0.2.1"), undefined);
  assert.equal(uriOf("sips:4000@192.0.2.1", "sip:192.0.2.1"), undefined);
  assert.equal(uriOf("tel:4000", "sip:192.0.2.1;transport=tls"), undefined);
});
