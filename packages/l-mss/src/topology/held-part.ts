import { supersedes } from "@mss/model";
import type { BranchPart, BranchPartBody, BranchSettings, CopyStore, HubId, PartTexts } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { beginTrust, forksFrom, handTrustOn, keysForCopy, openPart, partTag, readKeptPart } from "@mss/topology";
import type { Trust } from "@mss/topology";
import { BranchError } from "../errors.ts";

export interface HeldPartOptions {
  /** Those in force: who we are, and whose signatures the branch's own file asks for. */
  readonly settings: () => BranchSettings;
  readonly copy: CopyStore;
  /** Goes by a part from now on; throws where it makes no dial plan, and the last one stays. */
  readonly use: (body: BranchPartBody) => void;
  readonly log: Logger;
}

interface Held {
  readonly part: BranchPart;
  readonly texts: PartTexts;
}

/** The branch's part of the topology that it goes by: what may take its place, and its copy on the disk. */
export class HeldPart {
  readonly #options: HeldPartOptions;
  #trust: Trust;
  #held: Held | undefined;

  constructor(options: HeldPartOptions) {
    this.#options = options;
    this.#trust = beginTrust(options.settings().signingKeys ?? []);
  }

  get header(): BranchPart["header"] | undefined {
    return this.#held?.part.header;
  }

  /** Entity tag of what is held. */
  get tag(): string | undefined {
    return this.#held && partTag(this.#held.texts, this.#held.part.header.revision);
  }

  /** The keys of the file may be others now. */
  trustFile(): void {
    this.#trust = beginTrust(this.#options.settings().signingKeys ?? [], this.#trust);
  }

  /** Goes by the copy on the disk. False where there is none, or none that may be used; the log says why. */
  async useCopy(): Promise<boolean> {
    const { copy, log, settings } = this.#options;
    let value: unknown;
    try {
      value = await copy.load();
    } catch (error) {
      log.error({ err: error }, "the copy of the topology on disk cannot be used");
      return false;
    }
    if (value === undefined) {
      return false;
    }
    const kept = readKeptPart(value);
    if (kept === undefined) {
      log.error({ reason: "it has another form" }, "the copy of the topology on disk cannot be used");
      return false;
    }
    const { texts } = kept;
    const { federation, id: branch, signingKeys = [] } = settings();
    const trust = beginTrust(signingKeys, kept.trust);
    const trustedKeys = keysForCopy(texts.signature?.key, { trust, kept: kept.trust });
    const opened = openPart(texts, { federation, branch, trustedKeys });
    const reason = opened.kind === "refused" ? opened.reason : this.#use({ part: opened.part, texts });
    if (reason !== undefined) {
      log.error({ reason }, "the copy of the topology on disk cannot be used");
      return false;
    }
    this.#trust = trust;
    return true;
  }

  /** Goes by what a hub gave. False: it is what is held already. Throws `TOPOLOGY_REFUSED` for what is not to be used. */
  take(texts: PartTexts, hub: HubId): boolean {
    const { federation, id: branch } = this.#options.settings();
    const opened = openPart(texts, { federation, branch, trustedKeys: this.#trust.keys });
    if (opened.kind === "refused") {
      throw new BranchError("TOPOLOGY_REFUSED", { hub, reason: opened.reason });
    }
    const { part } = opened;
    const known = this.header;
    if (known?.revision === part.header.revision && known.hash === part.header.hash) {
      return false;
    }
    const reason = reasonAgainst(part.header, known) ?? this.#use({ part, texts });
    if (reason !== undefined) {
      throw new BranchError("TOPOLOGY_REFUSED", { hub, reason });
    }
    this.#trust = handTrustOn(this.#trust, part.header);
    return true;
  }

  /** Rejects with the codes of the store. */
  async save(): Promise<void> {
    if (this.#held !== undefined) {
      await this.#options.copy.save({ texts: this.#held.texts, trust: this.#trust });
    }
  }

  /** Takes it into use; the reason where that cannot be. */
  #use(held: Held): string | undefined {
    const { use, log } = this.#options;
    const { revision, publishedAt, author } = held.part.header;
    try {
      use(held.part.body);
    } catch (error) {
      if (!(error instanceof BranchError)) {
        throw error;
      }
      return `revision ${revision}: ${error.message}`;
    }
    this.#held = held;
    log.info({ revision, publishedAt, author }, "topology in force");
    return undefined;
  }
}

type Header = BranchPart["header"];

/** Revisions never go backwards, and what is in force is not lost by one that was made without it. */
function reasonAgainst(header: Header, known: Header | undefined): string | undefined {
  if (known === undefined) {
    return undefined;
  }
  if (!supersedes(header, known)) {
    return `revision ${header.revision} is older than ${known.revision}, which is in force here`;
  }
  const isFork = header.forced !== true && header.revision > known.revision && forksFrom(header, known);
  return isFork ? `revision ${header.revision} was not made from ${known.revision}, which is in force here` : undefined;
}
