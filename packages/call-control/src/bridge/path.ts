import { createHmac, timingSafeEqual } from "node:crypto";
import type { ReadHeader } from "./header-policy.ts";

/** By which nodes a call has come, oldest first: `hk, hub-1;mac=…`. Between nodes alone, and never to a phone. */
export const PATH_HEADER = "X-Tmss-Path";

/** More nodes than a call can pass before Max-Forwards ends it. */
const MAX_NODES = 70;
const MAX_LENGTH = 4_096;
const VALUE = /^([a-z0-9-]{1,63}(?:, [a-z0-9-]{1,63})*)(?:;mac=([A-Za-z0-9_-]{43}))?$/;

/**
 * What vouches for the path at this hop: the password that both ends of a trunk have, or, with `proven`, the certificate
 * by which the peer is known.
 */
export type PathProof = { readonly kind: "key"; readonly key: string } | { readonly kind: "proven" };

/** The header's value. `sessionId` is part of what is signed, so that the path of one call is none of another. */
export function pathValue(nodes: readonly string[], sessionId: string, proof: PathProof): string {
  const text = nodes.join(", ");
  return proof.kind === "proven" ? text : `${text};mac=${macOf(text, sessionId, proof.key)}`;
}

/** The nodes by which a peer's call has come; empty where nothing is said, or nothing that can be believed. */
export function pathOf(read: ReadHeader, sessionId: string | undefined, proof: PathProof): readonly string[] {
  const value = read(PATH_HEADER);
  const [, text, mac] = (value !== undefined && value.length <= MAX_LENGTH && VALUE.exec(value)) || [];
  if (text === undefined || sessionId === undefined) {
    return [];
  }
  const isRight = proof.kind === "proven" ? mac === undefined : isSame(mac, macOf(text, sessionId, proof.key));
  const nodes = text.split(", ");
  return isRight && nodes.length <= MAX_NODES ? nodes : [];
}

function macOf(nodes: string, sessionId: string, key: string): string {
  return createHmac("sha256", key).update(`mss-path\n${sessionId}\n${nodes}`).digest("base64url");
}

function isSame(one: string | undefined, other: string): boolean {
  return one?.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
