import { changed } from "./documents.ts";
import { hkKey, hkListen, hkTrunk, one } from "./wrong-document.ts";
import type { WrongDocument } from "./wrong-document.ts";

export const TLS: readonly WrongDocument[] = [
  {
    name: "a tls port that is none",
    text: hkListen("tls://198.51.100.1:66060"),
    faults: ["10:21 invalid-address"],
    says: /66060 is not a port/,
  },
  {
    name: "a tls key that does not exist",
    text: hkKey("tls: { certificat: hk.crt }"),
    faults: ["12:12 unknown-key"],
    says: /did you mean certificate\?/,
  },
  {
    name: "a name of a certificate that is none",
    text: hkKey('tls: { names: [sip.example.com, "*.example.com"] }'),
    faults: ["12:37 invalid-address"],
    says: /neither a DNS name nor an IP address/,
  },
  {
    name: "an address of a certificate that is nobody's",
    text: hkKey("tls: { names: [0.0.0.0] }"),
    faults: ["12:20 invalid-address"],
    says: /0\.0\.0\.0 is neither/,
  },
  {
    name: "no TLS, and an address of TLS",
    text: changed(
      { replace: "udp://198.51.100.1:5060", by: "tls://198.51.100.1" },
      { replace: "    extensions:\n", by: "    tls: { listen: false }\n    extensions:\n" },
    ),
    faults: ["12:12 no-effect"],
    says: /a tls:\/\/ address is named \(acme\.yaml:10:21\)/,
  },
  {
    name: "two tls addresses at one place",
    text: changed(
      { replace: "udp://198.51.100.1:5060", by: "tls://198.51.100.1" },
      { replace: "udp://198.51.100.2:5060", by: "tcp://198.51.100.1:6060" },
    ),
    faults: ["17:21 address-in-use"],
    says: /tcp 198\.51\.100\.1:6060 is already taken by branch hk/,
  },
  {
    name: "certificates asked for of a branch without TLS",
    text: changed(
      { replace: "{ env: HK_TRUNK_SECRET }, maxCalls: 30", by: "{ env: HK_TRUNK_SECRET }, requireCertificate: true" },
      { replace: "    extensions:\n", by: "    tls: { listen: false }\n    extensions:\n" },
    ),
    faults: ["11:68 certificate-without-tls"],
    says: /the trunk of hk asks for certificates, and hk has no TLS/,
  },
  {
    name: "certificates asked for of a hub without TLS",
    text: changed(
      { replace: "maxCalls: 30", by: "hubs: [hub-2], requireCertificate: true" },
      {
        replace: "    sip: { listen: [udp://192.0.2.2:5060] }\n",
        by: "    sip: { listen: [udp://192.0.2.2:5060] }\n    tls: { listen: false }\n",
      },
    ),
    faults: ["12:83 certificate-without-tls"],
    says: /and hub-2 has no TLS — add a tls:\/\/ address to hub-2/,
  },
  {
    name: "a branch that others are to call straight, without TLS",
    text: hkKey("direct: true\n    tls: { listen: false }"),
    faults: ["12:13 certificate-without-tls"],
    says: /hk is to be called straight by other branches, and has no TLS/,
  },
  {
    name: "a branch that others are to call straight, on all addresses",
    text: changed(
      { replace: "udp://198.51.100.1:5060", by: "udp://0.0.0.0:5060" },
      { replace: "    extensions:\n", by: "    direct: true\n    extensions:\n" },
    ),
    faults: ["12:13 unreachable-branch"],
    says: /other branches would not know where to call it — write its own address in listen/,
  },
  {
    name: "certificates asked for with a word",
    text: hkTrunk("{ env: HK_TRUNK_SECRET }, requireCertificate: sometimes"),
    faults: ["11:68 wrong-type"],
    says: /requireCertificate/,
  },
  {
    name: "two nodes at one address, where one has the port of TLS",
    text: one("udp://198.51.100.2:5060", "udp://198.51.100.1:5070"),
    warnings: ["15:3 tls-port-taken"],
    says: /london has no TLS by default: tls 198\.51\.100\.1:6060 is taken by branch hk \(acme\.yaml:8:3\)/,
  },
  {
    name: "something else on the port of TLS",
    text: hkListen("udp://0.0.0.0:5060, tcp://0.0.0.0:6060"),
    warnings: ["8:3 tls-port-taken"],
    says: /taken by branch hk \(acme\.yaml:10:41\) — name a tls:\/\/ address with another port/,
  },
];
