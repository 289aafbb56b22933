import { GOOD, changed } from "./documents.ts";
import { hkExtension, hkKey, hkNumbers, hkTrunk, one, top } from "./wrong-document.ts";
import type { WrongDocument } from "./wrong-document.ts";

export const YAML: readonly WrongDocument[] = [
  { name: "empty", text: "", faults: ["1:1 missing-key"], says: /the file is empty/ },
  { name: "only a comment", text: "# nothing\n", faults: ["1:1 missing-key"], says: /the file is empty/ },
  {
    name: "a list",
    text: "- hk\n",
    faults: ["1:1 wrong-type", "1:1 no-hub", "1:1 no-branch"],
    says: /must be a mapping/,
  },
  {
    name: "open bracket",
    text: "federation: [acme\n",
    faults: ["2:1 yaml-syntax"],
    says: /not valid YAML.*correct the YAML/,
  },
  {
    name: "tab as indent",
    text: "hubs:\n\thub-1: 3\n",
    faults: ["2:1 yaml-syntax"],
    says: /[Tt]ab/,
  },
  { name: "two documents", text: `${GOOD}---\n${GOOD}`, faults: ["19:1 yaml-syntax"], says: /not valid YAML/ },
  { name: "unknown tag", text: top("demo: !shell true"), faults: ["2:7 yaml-syntax"], says: /not valid YAML/ },
  {
    name: "unknown alias",
    text: hkNumbers("*none"),
    faults: ["9:14 yaml-syntax", "9:14 wrong-type"],
    says: /alias \(\*name\) without an anchor/,
  },
  {
    name: "a key twice",
    text: hkKey('numbers: ["2xxx"]'),
    faults: ["12:5 duplicate-key"],
    says: /numbers stands here a second time, after acme\.yaml:9:5/,
  },
  {
    name: "an extension twice, once quoted",
    text: hkExtension('1000: { secret: { env: A } }\n      "1000": { secret: { env: B } }'),
    faults: ["14:7 duplicate-key"],
    says: /1000 stands here a second time/,
  },
];

export const SHAPE: readonly WrongDocument[] = [
  {
    name: "no federation",
    text: one("federation: acme\n", ""),
    faults: ["1:1 missing-key"],
    says: /add federation: acme/,
  },
  {
    name: "federation with a space",
    text: one("acme", "a b"),
    faults: ["1:13 invalid-id"],
    says: /letters, digits, dots/,
  },
  {
    name: "a signing key that is none",
    text: top("signing: { keys: [ed25519:abc] }"),
    faults: ["2:19 invalid-value"],
    says: /keys\[0\] must be ed25519: and 43 characters — write something like ed25519:/,
  },
  { name: "signing without a key", text: top("signing: {}"), faults: ["2:1 missing-key"], says: /signing has no keys/ },
  { name: "misspelt at the top", text: top("dmeo: true"), faults: ["2:1 unknown-key"], says: /did you mean demo\?/ },
  {
    name: "misspelt and therefore missing is one fault",
    text: one('numbers: ["1xxx"]', 'nubmers: ["1xxx"]'),
    faults: ["9:5 unknown-key"],
    says: /nubmers is not a key here.*did you mean numbers\?/,
  },
  {
    name: "misspelt beside the right one",
    text: hkKey("number: 3"),
    faults: ["12:5 unknown-key"],
    says: /numbers stands here already/,
  },
  {
    name: "a key nobody knows",
    text: hkKey("color: red"),
    faults: ["12:5 unknown-key"],
    says: /the keys here are name, numbers/,
  },
  {
    name: "__proto__",
    text: hkKey("__proto__: { x: 1 }"),
    faults: ["12:5 unknown-key"],
    says: /__proto__ is not a key/,
  },
  {
    name: "constructor",
    text: hkKey("constructor: 1"),
    faults: ["12:5 unknown-key"],
    says: /constructor is not a key/,
  },
  {
    name: "missing trunk",
    text: one("    trunk: { secret: { env: LONDON_TRUNK_SECRET } }\n", ""),
    faults: ["15:3 missing-key"],
    says: /branches\.london has no trunk.*add trunk: \{ secret/,
  },
  {
    name: "missing trunk secret",
    text: hkTrunk("3").replace("secret: 3", "maxCalls: 3"),
    faults: ["11:5 missing-key"],
    says: /branches\.hk\.trunk has no secret/,
  },
  {
    name: "missing numbers",
    text: one('    numbers: ["4xxx"]\n', ""),
    faults: ["15:3 missing-key"],
    says: /add numbers: \["1xxx"\]/,
  },
  {
    name: "numbers as a text",
    text: hkNumbers("1xxx"),
    faults: ["9:14 wrong-type"],
    says: /must be a list.*put it in brackets: \["1xxx"\]/,
  },
  {
    name: "number without quotes",
    text: hkNumbers("[1000]"),
    faults: ["9:15 wrong-type"],
    says: /numbers\[0\] must be a text, not 1000.*in quotes: "1000"/,
  },
  { name: "empty numbers", text: hkNumbers("[]"), faults: ["9:14 invalid-value"], says: /empty list/ },
  { name: "empty value", text: hkNumbers(""), faults: ["9:14 wrong-type"], says: /not empty/ },
  {
    name: "maxCalls as a text",
    text: one("maxCalls: 30", 'maxCalls: "30"'),
    faults: ["11:58 wrong-type"],
    says: /write it without quotes: 30/,
  },
  {
    name: "maxCalls of none",
    text: one("maxCalls: 30", "maxCalls: 0"),
    faults: ["11:58 invalid-value"],
    says: /cannot be 0.*from 1 to 100000/,
  },
  { name: "half a second", text: hkKey("ringTimeoutSeconds: 7.5"), faults: ["12:25 wrong-type"], says: /whole number/ },
  {
    name: "too long a ring",
    text: hkKey("ringTimeoutSeconds: 601"),
    faults: ["12:25 invalid-value"],
    says: /from 5 to 600/,
  },
  {
    name: "unknown log level",
    text: hkKey("logLevel: debgu"),
    faults: ["12:15 invalid-value"],
    says: /did you mean debug\?/,
  },
  { name: "demo as a text", text: top("demo: 'yes'"), faults: ["2:7 wrong-type"], says: /true or false/ },
  { name: "empty name", text: hkKey('name: ""'), faults: ["12:11 invalid-value"], says: /name is empty/ },
  { name: "upper-case id", text: one("  london:", "  London_1:"), faults: ["15:3 invalid-id"], says: /write london-1/ },
  {
    name: "fault below a wrong id",
    text: changed({ replace: "  london:", by: "  London:" }, { replace: '"4xxx"', by: '"4XXX"' }),
    faults: ["15:3 invalid-id", "16:15 invalid-pattern"],
    says: /write london/,
  },
  {
    name: "registration turned round",
    text: hkKey("registration: { minExpiresSeconds: 600, maxExpiresSeconds: 60 }"),
    faults: ["12:5 registration-bounds"],
    says: /smaller of the two/,
  },
  {
    name: "default out of bounds",
    text: hkKey("registration: { defaultExpiresSeconds: 7200 }"),
    faults: ["12:44 registration-bounds"],
    says: /write 60 to 3600/,
  },
];
