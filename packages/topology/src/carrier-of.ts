import { parsePublicNumbers } from "@mss/dial-plan";
import type { CarrierLineSettings, PublicNumberRule } from "@mss/model";
import { parseCarrierServer } from "./document/carrier-server.ts";
import type { NodeFacts } from "./document/facts.ts";
import { parseNetwork } from "./document/network.ts";
import type { BranchDocument } from "./document/schema.ts";
import { present } from "./rules-of.ts";
import type { TopologyBranch, TopologyCarrierLine } from "./topology.ts";

type LineDocument = NonNullable<BranchDocument["carrier"]>["lines"][string];
type CarrierParts = Pick<TopologyBranch, "carrier" | "publicNumbers" | "publicNumbersElsewhere">;

/** What a branch has of the public network, from a document without faults. */
export function carrierOf(branch: BranchDocument, facts: NodeFacts): CarrierParts {
  const { carrier, publicNumbers, publicNumbersElsewhere } = branch;
  const numbers = {
    publicNumbers: publicNumberRules(publicNumbers),
    publicNumbersElsewhere: publicNumberRules(publicNumbersElsewhere),
  };
  if (carrier === undefined) {
    return numbers;
  }
  const { outside, overflow } = carrier;
  const lines = Object.entries(carrier.lines)
    .toSorted(([, one], [, other]) => one.priority - other.priority)
    .flatMap(([id, line]) => lineOf(id, line, facts));
  return { ...numbers, carrier: { outside, overflow: [...new Set(overflow)], lines } };
}

/** Those that can be read, in the order of the document. */
export function publicNumberRules(written: Readonly<Record<string, string>>): readonly PublicNumberRule[] {
  return Object.entries(written).flatMap(([publicNumbers, numbers]) => {
    const parsed = parsePublicNumbers(numbers, publicNumbers);
    return parsed.kind === "rule" ? [parsed.rule] : [];
  });
}

function lineOf(id: string, line: LineDocument, { lineSecrets }: NodeFacts): readonly TopologyCarrierLine[] {
  const parsed = parseCarrierServer(line.server);
  if (parsed.kind === "invalid") {
    return [];
  }
  const { server } = parsed;
  const { account, called, maxCalls, callRate, probe, internationalPrefix } = line;
  const domain = line.domain ?? server.host;
  const secret = lineSecrets.find((each) => each.line === id)?.secret;
  return [
    {
      id,
      server,
      sources: line.sources.flatMap((text) => {
        const network = parseNetwork(text);
        return network.kind === "network" ? [network.network] : [];
      }),
      domain,
      ...(account === undefined || secret === undefined
        ? {}
        : { account: { username: account.user, realm: account.realm ?? domain, secret } }),
      ...(account?.register === true ? { register: { expiresSeconds: account.expiresSeconds } } : {}),
      probe,
      caller: callerOf(line.caller),
      internationalPrefix,
      ...(called === undefined ? {} : { called: present(called) }),
      ...(maxCalls === undefined ? {} : { maxCalls }),
      ...(callRate === undefined ? {} : { callRate }),
    },
  ];
}

function callerOf({ number, unified, asserted }: LineDocument["caller"]): CarrierLineSettings["caller"] {
  return { ...(number === undefined ? {} : { number }), unified, asserted };
}
