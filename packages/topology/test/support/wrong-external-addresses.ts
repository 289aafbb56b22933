import { changed } from "./documents.ts";
import { hkKey, one } from "./wrong-document.ts";
import type { WrongDocument } from "./wrong-document.ts";

const hkExternal = (address: string, networks = "[10.0.0.0/8]"): string =>
  hkKey(`externalAddress: ${address}\n    localNetworks: ${networks}`);

export const EXTERNAL_ADDRESSES: readonly WrongDocument[] = [
  {
    name: "external address that is a name",
    text: hkExternal("sip.example.com"),
    faults: ["12:22 invalid-address"],
    says: /sip\.example\.com is not an IP address.*the router has on the other side/,
  },
  {
    name: "external address with a port",
    text: hkExternal("203.0.113.5:5060"),
    faults: ["12:22 invalid-address"],
    says: /not an IP address/,
  },
  {
    name: "external address of nobody",
    text: hkExternal("0.0.0.0"),
    faults: ["12:22 invalid-address"],
    says: /nobody can call 0\.0\.0\.0/,
  },
  {
    name: "multicast as external address",
    text: hkExternal("224.0.1.75"),
    faults: ["12:22 invalid-address"],
    says: /nobody can call/,
  },
  {
    name: "external address of the machine itself",
    text: hkExternal("127.0.0.1"),
    faults: ["12:22 invalid-address"],
    says: /is an address of its own machine/,
  },
  {
    name: "external address of the other family",
    text: hkExternal('"2001:db8::5"'),
    faults: ["12:22 no-effect"],
    says: /hk does not listen on IPv6 — listen on an IPv6 address/,
  },
  {
    name: "external address that is listened on",
    text: hkExternal("::ffff:198.51.100.1"),
    faults: ["12:22 no-effect"],
    says: /externalAddress 198\.51\.100\.1 is the address that hk listens on/,
  },
  {
    name: "local networks without an external address",
    text: hkKey("localNetworks: [10.0.0.0/8]"),
    faults: ["12:5 no-effect"],
    says: /change nothing without externalAddress/,
  },
  {
    name: "a network that is a name",
    text: hkExternal("203.0.113.5", "[office]"),
    faults: ["13:21 invalid-address"],
    says: /office is not a network — write something like 10\.0\.0\.0\/8/,
  },
  {
    name: "an address inside a network",
    text: hkExternal("203.0.113.5", "[10.1.2.3/8]"),
    faults: ["13:21 invalid-address"],
    says: /write 10\.0\.0\.0\/8/,
  },
  {
    name: "a network with a mask",
    text: hkExternal("203.0.113.5", "[10.0.0.0/255.0.0.0]"),
    faults: ["13:21 invalid-address"],
    says: /write 10\.0\.0\.0\/8/,
  },
  {
    name: "a prefix that is too long",
    text: hkExternal("203.0.113.5", '["fd00::/129", 10.0.0.0/33]'),
    faults: ["13:21 invalid-address", "13:35 invalid-address"],
    says: /write a prefix of 0 to 128/,
  },
  {
    name: "networks as a text",
    text: hkExternal("203.0.113.5", "10.0.0.0/8"),
    faults: ["13:20 wrong-type"],
    says: /put it in brackets/,
  },
  {
    name: "external address in a local network",
    text: hkExternal("10.9.9.9"),
    warnings: ["12:22 external-address-local"],
    says: /lies in its local network 10\.0\.0\.0\/8/,
  },
  {
    name: "two nodes behind one router on one port",
    text: changed(
      {
        replace: "    sip: { listen: [udp://198.51.100.1:5060] }\n",
        by: "    sip: { listen: [udp://198.51.100.1:5060] }\n    externalAddress: 203.0.113.5\n",
      },
      {
        replace: "    sip: { listen: [udp://198.51.100.2:5060] }\n",
        by: "    sip: { listen: [udp://198.51.100.2:5060] }\n    externalAddress: 203.0.113.5\n",
      },
    ),
    faults: ["19:22 address-in-use"],
    says: /udp port 5060 of 203\.0\.113\.5 already leads to branch hk \(acme\.yaml:11:22\)/,
  },
  {
    name: "hub on all addresses, with an external one of the other family",
    text: one(
      "    sip: { listen: [udp://192.0.2.2:5060] }\n",
      '    sip: { listen: [udp://0.0.0.0, "udp://[2001:db8::2]"] }\n    externalAddress: "2001:db8:9::9"\n',
    ),
    faults: ["6:21 unreachable-hub"],
    says: /branches would not know/,
  },
];
