import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import type { BranchSettings } from "@mss/model";
import {
  TopologyError,
  branchSettings,
  checkTopology,
  hubSettings,
  nodeDocument,
  resolveSecrets,
  toSnapshot,
} from "@mss/topology";
import type { NodeDocument, Secrets, Topology } from "@mss/topology";

const ROOT = path.join(import.meta.dirname, "../../..");

/** Everything that makes a part differ from the whole: nested numbers, other sites' clocks, routers, secrets of three kinds. */
const INTRICATE = `federation: Acme
demo: true
certificates: pki
signing: { keys: [ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo] }
hubs:
  hub-1:
    sip: { listen: [udp://10.0.0.1:5060, "tls://10.0.0.1:5061"] }
    externalAddress: 203.0.113.1
    localNetworks: [10.0.0.0/8]
    http: { listen: 127.0.0.1:8080 }
    api: { listen: 10.0.0.1:8443 }
  hub-2: { sip: { listen: ["udp://[2001:db8::2]:5060"] }, tls: { listen: false } }
  hub-3: { sip: { listen: [udp://192.0.2.3:5060] } }
calendars:
  tokyo-office: { site: tokyo, open: [mon-fri 09:00-18:00], closed: ["12-25"] }
  own-office: { open: [mon-fri 08:00-17:00] }
  never-used: { site: paris, open: [daily 00:00-24:00] }
routes:
  support: { numbers: ["8000"], when: tokyo-office, to: [{ number: "1500" }] }
  support-else: { numbers: ["8000"], to: [{ number: "4500" }] }
blocked:
  premium: { numbers: ["0900*"], except: ["0900123*"], from: [oslo, tokyo], when: not tokyo-office }
  games: { numbers: ["0990*"], when: own-office }
  paris-only: { numbers: ["00*"], from: [paris] }
branches:
  oslo:
    name: Oslo Kontor
    numbers: ["1xxx", "852*"]
    timeZone: Europe/Oslo
    emergency: { numbers: ["113"], to: [carrier, "1000"] }
    gateways: { carrier: { address: udp://198.51.100.99:5060, caller: { prepend: "47" } } }
    sip: { listen: [udp://10.1.0.1:5060] }
    tls: { certificate: own/oslo.pem, names: [sip.example.com] }
    trunk: { secret: { env: OSLO_SECRET }, maxCalls: 30, hubs: [hub-2, hub-1], address: 203.0.113.50 }
    extensions:
      "1000": { name: Alice, secret: alice-her-secret }
      "1001-1010": { secret: { file: phones/oslo phones.secret } }
      "1011": { secret: { file: phones/oslo phones.secret } }
    limits: { messages: { headerCount: 100 } }
    registration: { maxExpiresSeconds: 1800 }
    data: elsewhere
  tokyo:
    name: Tokyo Eki
    numbers: ["15xx", "4xxx"]
    direct: true
    timeZone: Asia/Tokyo
    emergency: { numbers: [] }
    sip: { listen: [udp://10.2.0.1:5060] }
    trunk: { secret: tokyo-to-the-hubs, hubs: [hub-1] }
    extensions: { "1500": { name: Haruki, secret: { env: TOKYO_1500 } }, "4500": { secret: { file: tokyo.secret } } }
  paris:
    name: Gare du Nord
    numbers: ["61xxx"]
    siteCode: "6"
    direct: true
    timeZone: Europe/Paris
    emergency: { numbers: ["15"], to: ["1000"] }
    sip: { listen: [udp://10.3.0.1:5060, tcp://10.3.0.1:5060] }
    trunk: { secret: { env: PARIS_SECRET } }
    extensions: { "1000": { name: Amélie, secret: { env: PARIS_1000 } } }
    ringTimeoutSeconds: 90
`;

interface Whole {
  readonly topology: Topology;
  readonly documentOf: (node: string) => NodeDocument;
}

function whole(text: string): Whole {
  const checked = checkTopology([{ file: "/etc/acme/acme.yaml", text }]);
  assert.ok(checked.kind === "ok", checked.kind === "faulty" ? JSON.stringify(checked.faults) : "");
  const { topology, documents } = checked;
  return { topology, documentOf: (node) => nodeDocument({ topology, documents, node, dataDirectory: "/var/lib/mss" }) };
}

function partOf({ text }: NodeDocument): Topology {
  const checked = checkTopology([{ file: "/etc/mss/node/topology.yaml", text }]);
  assert.ok(checked.kind === "ok", checked.kind === "faulty" ? `${JSON.stringify(checked.faults)}\n${text}` : "");
  return checked.topology;
}

const VALUE = (of: string): string => `the-password-of-${of}`;

/** Every password is told from every other by where it is kept. */
async function secretsOf(topology: Topology, node: string, names?: NodeDocument): Promise<Secrets> {
  const kept = new Map(
    names?.secrets.map(({ name, reference }) => [
      name,
      reference.kind === "plain" ? reference.value : VALUE(placeOf(reference)),
    ]),
  );
  const env = new Proxy({}, { get: (_, name) => kept.get(String(name)) ?? VALUE(String(name)) });
  const resolved = await resolveSecrets(topology, { env, readFile: (file) => Promise.resolve(VALUE(file)), node });
  assert.ok(resolved.kind === "resolved");
  return resolved.secrets;
}

function placeOf(reference: NodeDocument["secrets"][number]["reference"]): string {
  return reference.kind === "env" ? reference.name : reference.kind === "file" ? reference.file : "";
}

/** Without what is another place on another machine and what comes with a publication, with the clock of each calendar beside it. */
function comparable({
  tls,
  dataDirectory: _data,
  calendars = [],
  blocked = [],
  siteTimeZones = {},
  direct,
  ...settings
}: BranchSettings): unknown {
  const clocks = calendars.map(({ site, timeZone, ...calendar }) => ({
    ...calendar,
    timeZone: timeZone ?? (site === undefined || site === settings.id ? "own" : (siteTimeZones[site] ?? "UTC")),
  }));
  const rules = blocked.map(({ from: _from, ...rule }) => rule); // a branch has those for its own calls
  return {
    ...settings,
    blocked: rules,
    calendars: clocks,
    isDirect: direct !== undefined,
    defaultListen: tls?.defaultListen,
  };
}

const FEDERATIONS: Readonly<Record<string, string>> = {
  demo: readFileSync(path.join(ROOT, "topology/demo.yaml"), "utf8"),
  "six branches": readFileSync(path.join(ROOT, "topology/six-branches.yaml"), "utf8"),
  intricate: INTRICATE,
};

for (const [name, text] of Object.entries(FEDERATIONS)) {
  describe(`parts of the federation: ${name}`, () => {
    const { topology, documentOf } = whole(text);

    for (const { id } of topology.branches) {
      test(`branch ${id} has the settings that the whole gives it`, async () => {
        const document = documentOf(id);
        const part = partOf(document);
        const mine = branchSettings(part, id, await secretsOf(part, id, document));
        const told = branchSettings(topology, id, await secretsOf(topology, id));
        assert.deepEqual(comparable(mine), comparable(told));
        assert.equal(mine.dataDirectory, "/var/lib/mss");
        assert.equal(mine.tls?.certificate, `/etc/mss/node/certificates/${id}.crt`);
      });

      test(`the file of ${id} says nothing of the other branches`, () => {
        const { text: file } = documentOf(id);
        for (const foreign of foreignWords(topology, id)) {
          assert.doesNotMatch(file, wordOf(foreign), foreign);
        }
        for (const hub of topology.hubs) {
          const isMine = topology.branches.some((branch) => branch.id === id && branch.trunk.hubs.includes(hub.id));
          assert.equal(file.includes(hub.id), isMine, hub.id);
        }
      });
    }

    for (const { id } of topology.hubs) {
      test(`hub ${id} has the settings and the snapshot that the whole gives it, and no phones`, async () => {
        const document = documentOf(id);
        const part = partOf(document);
        const { tls: mine, dataDirectory, ...settings } = hubSettings(part, id, await secretsOf(part, id, document));
        const { tls: told, dataDirectory: _data, ...wanted } = hubSettings(topology, id, await secretsOf(topology, id));
        assert.deepEqual(settings, wanted);
        assert.equal(dataDirectory, "/var/lib/mss");
        assert.deepEqual(mine?.defaultListen, told?.defaultListen);
        assert.equal(toSnapshot(part).hash, toSnapshot(topology).hash);
        assert.deepEqual(
          part.branches.flatMap(({ extensions }) => extensions),
          [],
        );
      });
    }
  });
}

function wordOf(text: string): RegExp {
  const escaped = text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`, "u");
}

function wordsOf(branch: Topology["branches"][number]): readonly string[] {
  return [
    branch.id,
    branch.name,
    ...branch.listen.map(({ host }) => host),
    ...[branch.trunk, ...branch.extensions].map(({ secret }) =>
      secret.kind === "plain" ? secret.value : placeOf(secret),
    ),
    ...branch.extensions.flatMap((extension) => [extension.low, extension.high, ...(extension.name?.split(" ") ?? [])]),
  ];
}

/** What stands in the other branches' entries and in no entry of this one. */
function foreignWords({ branches }: Topology, id: string): readonly string[] {
  const own = new Set(branches.filter((branch) => branch.id === id).flatMap(wordsOf));
  return branches
    .filter((branch) => branch.id !== id)
    .flatMap(wordsOf)
    .filter((word) => !own.has(word));
}

test("passwords: a variable keeps its name, a file gives its own, one in clear is named after what it protects", () => {
  const { documentOf } = whole(INTRICATE);
  assert.deepEqual(
    documentOf("oslo").secrets.map(({ name, of, reference: { kind } }) => [name, of, kind]),
    [
      ["OSLO_SECRET", "the trunk of oslo", "env"],
      ["OSLO_1000_SECRET", "1000", "plain"],
      ["OSLO_PHONES_SECRET", "1001-1010", "file"],
    ],
  );
  assert.deepEqual(
    documentOf("hub-1").secrets.map(({ name }) => name),
    ["OSLO_SECRET", "TOKYO_TRUNK_SECRET", "PARIS_SECRET"],
  );
  assert.doesNotMatch(documentOf("oslo").text, /alice-her-secret/);
});

test("a node that does not exist", () => {
  const { documentOf } = whole(INTRICATE);
  assert.throws(
    () => documentOf("rome"),
    (error) => error instanceof TopologyError && error.code === "UNKNOWN_NODE",
  );
});
