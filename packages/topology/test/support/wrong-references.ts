import { GOOD, changed } from "./documents.ts";
import { hkExtension, hkKey, hkListen, hkNumbers, hkTrunk, one } from "./wrong-document.ts";
import type { WrongDocument } from "./wrong-document.ts";

export const NODES: readonly WrongDocument[] = [
  {
    name: "no hub",
    text: one(/hubs:[^]*(?=branches:)/.exec(GOOD)?.[0] ?? "", ""),
    faults: ["1:1 no-hub"],
    says: /there is no hub/,
  },
  {
    name: "no branch",
    text: one(/branches:[^]*/.exec(GOOD)?.[0] ?? "", "branches: {}\n"),
    faults: ["7:1 no-branch"],
    says: /there is no branch/,
  },
  {
    name: "branch named as a hub",
    text: one("  london:", "  hub-2:"),
    faults: ["15:3 duplicate-id"],
    says: /already a hub \(acme\.yaml:5:3\)/,
  },
  {
    name: "wrong transport",
    text: hkListen("upd://198.51.100.1"),
    faults: ["10:21 invalid-address"],
    says: /write udp:\/\/198\.51\.100\.1/,
  },
  {
    name: "no transport",
    text: hkListen("198.51.100.1:5060"),
    faults: ["10:21 invalid-address"],
    says: /write udp:\/\/198\.51\.100\.1:5060/,
  },
  {
    name: "host name",
    text: hkListen("udp://sip.example.com"),
    faults: ["10:21 invalid-address"],
    says: /sip\.example\.com is not an IP address/,
  },
  {
    name: "localhost",
    text: hkListen("udp://localhost"),
    faults: ["10:21 invalid-address"],
    says: /write 127\.0\.0\.1/,
  },
  { name: "no host", text: hkListen("udp://:5060"), faults: ["10:21 invalid-address"], says: /IP address is missing/ },
  {
    name: "octet above 255",
    text: hkListen("udp://198.51.100.256"),
    faults: ["10:21 invalid-address"],
    says: /not an IP address/,
  },
  { name: "short IPv4", text: hkListen("udp://127.1"), faults: ["10:21 invalid-address"], says: /not an IP address/ },
  {
    name: "IPv6 with a zone",
    text: hkListen('"udp://[fe80::1%eth0]"'),
    faults: ["10:21 invalid-address"],
    says: /not an IP address/,
  },
  {
    name: "port above 65535",
    text: hkListen("udp://198.51.100.1:65536"),
    faults: ["10:21 invalid-address"],
    says: /65536 is not a port/,
  },
  {
    name: "port 0",
    text: hkListen("udp://198.51.100.1:0"),
    faults: ["10:21 invalid-address"],
    says: /0 is not a port/,
  },
  {
    name: "http without a port",
    text: hkKey("http: { listen: 127.0.0.1 }"),
    faults: ["12:21 invalid-address"],
    says: /127\.0\.0\.1:8080/,
  },
  {
    name: "two nodes on one address",
    text: hkListen("udp://198.51.100.2"),
    faults: ["17:21 address-in-use"],
    says: /already taken by branch hk \(acme\.yaml:10:21\)/,
  },
  {
    name: "same IPv6 written in two ways",
    text: changed(
      { replace: "udp://198.51.100.1:5060", by: '"udp://[2001:db8::1]"' },
      { replace: "udp://198.51.100.2:5060", by: '"udp://[2001:db8:0:0::1]:5060"' },
    ),
    faults: ["17:21 address-in-use"],
    says: /2001:db8::1/,
  },
  {
    name: "an address of a family that is listened on as a whole",
    text: one("[udp://192.0.2.2:5060]", '["udp://[2001:db8::2]", "udp://[2001:db8:0::2]"]'),
    faults: ["6:44 address-in-use"],
    says: /udp \[2001:db8::2\]:5060/,
  },
  {
    name: "all addresses, and one of them",
    text: hkListen('udp://0.0.0.0, "udp://[::]", udp://198.51.100.9'),
    faults: ["10:50 address-in-use"],
    says: /already taken by branch hk \(acme\.yaml:10:21\)/,
  },
  {
    name: "http on all addresses of both families, and SIP there",
    text: hkListen("tcp://0.0.0.0:8080").replace(
      "    extensions:\n",
      '    http: { listen: "[::]:8080" }\n    extensions:\n',
    ),
    faults: ["12:21 address-in-use"],
    says: /tcp \[::\]:8080/,
  },
  {
    name: "http on a SIP port",
    text: one("tcp://192.0.2.1:5060] }", "tcp://192.0.2.1:5060] }\n    http: { listen: 192.0.2.1:5060 }"),
    faults: ["5:21 address-in-use"],
    says: /tcp 192\.0\.2\.1:5060/,
  },
  {
    name: "hub on all addresses",
    text: one("udp://192.0.2.2:5060", "udp://0.0.0.0"),
    faults: ["6:21 unreachable-hub"],
    says: /branches would not know/,
  },
];

export const NUMBERS: readonly WrongDocument[] = [
  { name: "x in the middle", text: hkNumbers('["1x0x"]'), faults: ["9:15 invalid-pattern"], says: /only at the end/ },
  { name: "capital X", text: hkNumbers('["1XXX"]'), faults: ["9:15 invalid-pattern"], says: /write "1xxx"/ },
  {
    name: "range turned round",
    text: hkNumbers('["1999-1000"]'),
    faults: ["9:15 invalid-pattern"],
    says: /write "1000-1999"/,
  },
  { name: "everything", text: hkNumbers('["*"]'), faults: ["9:15 invalid-pattern"], says: /every number/ },
  {
    name: "same numbers twice",
    text: one('["4xxx"]', '["5xxx", "1000-1999"]'),
    faults: ["16:23 numbers-disputed"],
    says: /1xxx of london and 1xxx of hk \(acme\.yaml:9:15\) both own 1xxx/,
  },
  {
    name: "partial overlap",
    text: one('["4xxx"]', '["1900-2100"]'),
    faults: ["16:15 numbers-disputed"],
    says: /both own 19xx.*leave 19xx to one of the two/,
  },
  {
    name: "nested, but as exact",
    text: changed({ replace: '["1xxx"]', by: '["1000-1014"]' }, { replace: '["4xxx"]', by: '["1010-1012"]' }),
    faults: ["16:15 numbers-disputed"],
    says: /both own 1010-1012/,
  },
  {
    name: "open prefixes alike",
    text: changed({ replace: '["1xxx"]', by: '["1*"]' }, { replace: '["4xxx"]', by: '["1*"]' }),
    faults: ["16:15 numbers-disputed"],
    says: /both own 1\*/,
  },
  {
    name: "nested",
    text: one('["4xxx"]', '["15xx"]'),
    warnings: ["16:15 numbers-nested"],
    says: /goes to london, which is more exact/,
  },
  {
    name: "open inside closed",
    text: one('["4xxx"]', '["4xxx", "1*"]'),
    warnings: ["16:23 numbers-nested"],
    says: /share 1xxx: it goes to hk/,
  },
  {
    name: "repeated in a branch",
    text: hkNumbers('["1xxx", "1500"]'),
    warnings: ["9:23 numbers-repeated"],
    says: /repeats numbers of 1xxx/,
  },
  {
    name: "a hole in a branch's numbers",
    text: hkNumbers('["10xx", "1200-1299"]'),
    warnings: ["9:23 numbers-gap"],
    says: /nobody answers 1100–1199, between these numbers and those before them \(acme\.yaml:9:15\)/,
  },
  {
    name: "extension outside",
    text: hkExtension('"2000": { secret: { env: A } }'),
    faults: ["13:7 extension-outside-numbers"],
    says: /2000 is not among the numbers of hk \(1xxx\)/,
  },
  {
    name: "range half outside",
    text: hkExtension('"1998-2003": { secret: { env: A } }').replace("1998-2003", "1998-2003"),
    faults: ["13:7 extension-outside-numbers"],
    says: /extension 2000 is not among/,
  },
  {
    name: "extension of another branch",
    text: changed({ replace: '["4xxx"]', by: '["15xx"]' }, { replace: '"1000":', by: '"1500":' }),
    faults: ["13:7 extension-outside-numbers"],
    warnings: ["16:15 numbers-nested"],
    says: /1500 of hk belongs to london by 15xx/,
  },
  {
    name: "extension twice",
    text: hkExtension('"1005": { secret: { env: A } }'),
    faults: ["14:7 extension-twice"],
    says: /"1001-1010" and "1005" \(acme\.yaml:13:7\) both have 1005/,
  },
  {
    name: "open extension",
    text: hkExtension('"10*": { secret: { env: A } }'),
    faults: ["13:7 invalid-extension"],
    says: /has no end/,
  },
  {
    name: "named extension",
    text: hkExtension("alice: { secret: { env: A } }"),
    faults: ["13:7 invalid-extension"],
    says: /extension "alice"/,
  },
  {
    name: "a million extensions",
    text: changed({ replace: '["1xxx"]', by: '["1*"]' }, { replace: '"1001-1010"', by: '"1000000-1999999"' }),
    faults: ["14:7 too-many-extensions"],
    says: /more than 20000/,
  },
];

export const TRUNKS: readonly WrongDocument[] = [
  {
    name: "unknown hub",
    text: hkTrunk("{ env: A }, hubs: [hub-1, hub2]"),
    faults: ["11:48 unknown-hub"],
    says: /did you mean hub-2\?/,
  },
  {
    name: "a hub twice",
    text: hkTrunk("{ env: A }, hubs: [hub-1, hub-1]"),
    faults: ["11:48 hub-twice"],
    says: /names hub-1 twice/,
  },
  { name: "no hubs", text: hkTrunk("{ env: A }, hubs: []"), faults: ["11:40 invalid-value"], says: /empty list/ },
  {
    name: "no hub in common",
    text: changed(
      { replace: "{ env: HK_TRUNK_SECRET }, maxCalls: 30", by: "{ env: A }, hubs: [hub-1]" },
      { replace: "{ env: LONDON_TRUNK_SECRET }", by: "{ env: B }, hubs: [hub-2]" },
    ),
    warnings: ["18:41 no-common-hub"],
    says: /cannot call each other/,
  },
  {
    name: "trunk address that is a name",
    text: hkTrunk("{ env: A }, address: hk.example"),
    faults: ["11:43 invalid-address"],
    says: /hk\.example is not an IP address/,
  },
  { name: "secret as a number", text: hkTrunk("12345678"), faults: ["11:22 invalid-secret"], says: /put it in quotes/ },
  {
    name: "secret by a wrong key",
    text: hkTrunk("{ environment: A }"),
    faults: ["11:22 invalid-secret"],
    says: /environment is not a secret.*\{ env: NAME \}/,
  },
  {
    name: "secret by a misspelt key",
    text: hkTrunk("{ flie: A }"),
    faults: ["11:22 invalid-secret"],
    says: /did you mean \{ file: … \}\?/,
  },
  {
    name: "secret in two places",
    text: hkTrunk("{ env: A, file: b }"),
    faults: ["11:22 invalid-secret"],
    says: /env, file is not a secret/,
  },
  { name: "empty secret", text: hkTrunk('""'), faults: ["11:22 invalid-value"], says: /secret is empty/ },
  {
    name: "secret with a line break",
    text: hkTrunk('"abcdefgh\\r\\nijk"'),
    faults: ["11:22 invalid-secret"],
    warnings: ["11:22 plain-secret"],
    says: /line break/,
  },
  {
    name: "plain secret",
    text: hkTrunk("correct-horse-battery"),
    warnings: ["11:22 plain-secret"],
    says: /stands in the file in clear/,
  },
  {
    name: "short secret",
    text: `demo: true\n${hkTrunk('"1234567"')}`,
    warnings: ["12:22 weak-secret"],
    says: /8 characters/,
  },
  {
    name: "secret equal to the number",
    text: `demo: true\n${changed({ replace: '["1xxx"]', by: '["1xxxxxxx"]' }, { replace: '"1000": { name: Alice, secret: { env: HK_1000_SECRET } }', by: '"10000000": { secret: "10000000" }' }, { replace: '"1001-1010"', by: '"10000001"' })}`,
    warnings: ["14:29 weak-secret"],
    says: /secret of 10000000/,
  },
  {
    name: "one secret in clear for two trunks",
    text: `demo: true\n${changed({ replace: "{ env: HK_TRUNK_SECRET }", by: "same-for-both" }, { replace: "{ env: LONDON_TRUNK_SECRET }", by: "same-for-both" })}`,
    faults: ["19:22 shared-secret"],
    says: /trunks of london and hk \(acme\.yaml:12:22\)/,
  },
  {
    name: "one variable for two trunks",
    text: one("LONDON_TRUNK_SECRET", "HK_TRUNK_SECRET"),
    warnings: ["18:22 shared-secret"],
    says: /have one secret/,
  },
];
