import { createHmac } from "node:crypto";

export interface BranchTokenOptions {
  readonly federation: string;
  readonly branch: string;
}

/**
 * The password with which a branch asks a hub for its part of the topology, made of the secret of its trunk: who should
 * see it cannot register the trunk with it, nor find the secret faster than by trying out.
 */
export function branchToken(trunkSecret: string, { federation, branch }: BranchTokenOptions): string {
  return createHmac("sha256", trunkSecret).update(`mss topology\n${federation}\n${branch}`).digest("base64url");
}
