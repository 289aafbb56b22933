import type { RecordReceipt } from "@mss/call-control/node";
import { recordReceiptSchema } from "@mss/model";
import type { BranchSettings, CallRecord, HubId } from "@mss/model";
import { branchToken } from "@mss/topology";
import { BranchError } from "../errors.ts";
import { apiServers } from "../hub-api/api-servers.ts";
import type { ApiServer } from "../hub-api/api-servers.ts";
import { askHub, saidIn } from "../hub-api/hub-request.ts";
import type { HubPeer } from "../hub-api/hub-request.ts";

const ANSWER_LIMIT_MS = 20_000;

/** Hands records to a hub. Rejects with `RECORDS_UNREACHABLE` or `RECORDS_REFUSED`. */
export type PostRecords = (
  peer: HubPeer,
  records: readonly CallRecord[],
  signal: AbortSignal,
) => Promise<RecordReceipt>;

export const postRecords: PostRecords = async (peer, records, signal) => {
  const { status, body } = await askHub(
    peer,
    {
      method: "POST",
      path: `/call-records/branches/${encodeURIComponent(peer.branch)}`,
      body: JSON.stringify({ records }),
      limitMs: ANSWER_LIMIT_MS,
      unreachable: "RECORDS_UNREACHABLE",
    },
    signal,
  );
  const receipt = status === 200 ? recordReceiptSchema.safeParse(body) : undefined;
  if (receipt?.success !== true) {
    const said = saidIn(body);
    const reason = said === "" ? "its answer has another form" : said;
    throw new BranchError("RECORDS_REFUSED", { hub: peer.hub, status, reason });
  }
  return receipt.data;
};

export interface RecordDeliveryOptions {
  readonly settings: () => BranchSettings;
  readonly post: PostRecords;
}

/** Hands a branch's records to one of its hubs: to the one that took the last ones, else to the next that does. */
export class RecordDelivery {
  readonly #options: RecordDeliveryOptions;
  #heard: HubId | undefined;

  constructor(options: RecordDeliveryOptions) {
    this.#options = options;
  }

  /** Whether any hub serves HTTPS. */
  get hasDestination(): boolean {
    return this.#servers().length > 0;
  }

  /** Rejects with why the last hub did not take them. */
  async send(records: readonly CallRecord[], signal: AbortSignal): Promise<RecordReceipt> {
    const { federation, id: branch, trunk, tls } = this.#options.settings();
    const token = branchToken(trunk.secret, { federation, branch });
    let failure: unknown = new BranchError("RECORDS_UNREACHABLE", { reason: "no hub takes call records" });
    for (const { id: hub, api: endpoint } of this.#servers()) {
      try {
        const receipt = await this.#options.post({ endpoint, hub, federation, branch, token, tls }, records, signal);
        this.#heard = hub;
        return receipt;
      } catch (error) {
        if (signal.aborted || !(error instanceof BranchError)) {
          throw error;
        }
        failure = error;
      }
    }
    throw failure;
  }

  #servers(): readonly ApiServer[] {
    return apiServers(this.#options.settings(), this.#heard);
  }
}
