import { randomBytes } from "node:crypto";

const MAGIC_COOKIE = "z9hG4bK";
const POOL_BYTES = 4_096; // one call of the generator for several hundred ids
const RANDOM_BYTES = 10; // 80 bits: more than the 64 that make a blind guess hopeless
const TAG_BYTES = 8;
const OWN_MARK_BYTES = 4;

/** Makes the ids that a peer must not be able to guess, from `node:crypto`. */
export interface IdSource {
  /** A branch of this source: the magic cookie, a mark of the source and 80 random bits. RFC 3261 §8.1.1.7. */
  branch(): string;
  /** A tag of 64 random bits. RFC 3261 §19.3. */
  tag(): string;
  /** Whether a branch carries the mark of this source. Weeds out blind forgeries; is no proof. */
  made(branch: string): boolean;
}

export function createIdSource(): IdSource {
  const ownPrefix = MAGIC_COOKIE + randomBytes(OWN_MARK_BYTES).toString("hex");
  let pool = Buffer.alloc(0);
  let used = 0;

  function randomHex(bytes: number): string {
    if (used + bytes > pool.length) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    used += bytes;
    return pool.toString("hex", used - bytes, used);
  }

  return {
    branch: () => ownPrefix + randomHex(RANDOM_BYTES),
    tag: () => randomHex(TAG_BYTES),
    made: (branch) => branch.startsWith(ownPrefix),
  };
}

/** RFC 3261 §8.1.1.7: the peer promises that the branch is unique. Compared without case, as tokens are. */
export function hasMagicCookie(branch: string): boolean {
  return branch.slice(0, MAGIC_COOKIE.length).toLowerCase() === MAGIC_COOKIE.toLowerCase();
}

/** The branch of a further attempt of a request: as unique as the first one's, and known to belong to it. */
export function laterBranch(branch: string, attempt: number): string {
  return `${branch}.${attempt}`;
}

/** The branch of the first attempt. */
export function firstBranch(branch: string): string {
  const end = branch.indexOf(".");
  return end < 0 ? branch : branch.slice(0, end);
}
