import { partTextsSchema } from "@mss/model";
import type { PartTexts } from "@mss/model";
import { BranchError } from "../errors.ts";
import { askHub, saidIn } from "../hub-api/hub-request.ts";
import type { HubPeer, HubReply } from "../hub-api/hub-request.ts";

/** One question to a hub: what is the branch's part of the topology? */
export interface PartQuestion extends HubPeer {
  /** Of the part that is known; absent: none is. */
  readonly tag?: string;
  /** How long the hub may wait for something new. */
  readonly waitSeconds: number;
}

export type PartReply = { readonly kind: "part"; readonly texts: PartTexts } | { readonly kind: "unchanged" };

export type AskForPart = (question: PartQuestion, signal: AbortSignal) => Promise<PartReply>;

const ANSWER_LIMIT_MS = 10_000;

/**
 * Asks one hub. Rejects with `TOPOLOGY_UNREACHABLE` where there is no answer, and with `TOPOLOGY_REFUSED` for one that is
 * none of the two.
 */
export const askForPart: AskForPart = async ({ tag, waitSeconds, ...peer }, signal) => {
  const reply = await askHub(
    peer,
    {
      method: "GET",
      path: `/topology/branches/${encodeURIComponent(peer.branch)}`,
      headers: tag === undefined ? {} : { "If-None-Match": tag, Prefer: `wait=${waitSeconds}` },
      limitMs: waitSeconds * 1_000 + ANSWER_LIMIT_MS,
      unreachable: "TOPOLOGY_UNREACHABLE",
    },
    signal,
  );
  return replyOf(reply, peer.hub);
};

function replyOf({ status, body }: HubReply, hub: string): PartReply {
  if (status === 304) {
    return { kind: "unchanged" };
  }
  const parsed = status === 200 ? partTextsSchema.safeParse(body) : undefined;
  if (parsed?.success === true) {
    return { kind: "part", texts: parsed.data };
  }
  const said = saidIn(body);
  const reason = said === "" ? "its answer has another form" : said;
  throw new BranchError("TOPOLOGY_REFUSED", { hub, status, reason });
}
