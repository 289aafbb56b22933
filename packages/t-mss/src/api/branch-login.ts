import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { TLSSocket } from "node:tls";
import type { FastifyRequest } from "fastify";
import { subjectNamesOf } from "@mss/certificates";
import type { BranchId, HubSettings } from "@mss/model";
import type { Logger } from "@mss/runtime";
import { branchToken } from "@mss/topology";
import { findTrunk, isFromBranch } from "../identify.ts";
import type { Trunk } from "../identify.ts";

export interface LoginOptions {
  readonly settings: () => HubSettings;
  readonly log: Logger;
}

export type Login =
  | { readonly kind: "branch"; readonly branch: BranchId }
  /** 401: no or wrong credentials, or no such branch; nobody is told which. */
  | { readonly kind: "unknown" }
  /** 403: the password is right, and address or certificate are not. */
  | { readonly kind: "refused" };

/** What a branch that does not exist is compared with, so that it takes as long. */
const NOBODY = randomBytes(32).toString("base64url");

function isEqual(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}

/** User name and password of Basic authentication (RFC 7617). */
function credentialsOf(header: string | undefined): { readonly name: string; readonly password: string } | undefined {
  const text = /^Basic ([A-Za-z0-9+/=]{1,512})$/i.exec(header ?? "")?.[1];
  const decoded = text === undefined ? "" : Buffer.from(text, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  return colon < 0 ? undefined : { name: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
}

/** The names that the client has proven by a certificate of the federation; undefined for one that is not believed. */
function provenNames({ socket }: FastifyRequest): readonly string[] | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  if (certificate === undefined) {
    return [];
  }
  return socket instanceof TLSSocket && socket.authorized ? subjectNamesOf(certificate).domains : undefined;
}

/**
 * Which branch asks: by the token that is made of its trunk's secret, compared in constant time; and, as with its calls,
 * from its address where the trunk has one, and with its own certificate where it shows one or the trunk asks for it.
 */
export function loginOf(request: FastifyRequest, { settings, log }: LoginOptions): Login {
  const current = settings();
  const given = credentialsOf(request.headers.authorization);
  const trunk = given === undefined ? undefined : findTrunk(current, given.name);
  const expected = trunk === undefined ? NOBODY : tokenOf(trunk, current);
  if (!isEqual(given?.password ?? "", expected) || trunk === undefined) {
    log.warn({ peer: request.ip, branch: trunk?.branch }, "request of a branch with wrong credentials");
    return { kind: "unknown" };
  }
  const peerNames = provenNames(request);
  const source = { transport: "tls", host: request.ip, port: 0 } as const;
  const isBranch = peerNames !== undefined && isFromBranch(trunk, { source, peerNames }, { settings: current, log });
  if (!isBranch) {
    log.warn(
      { peer: request.ip, branch: trunk.branch },
      "request is refused that has a branch's credentials, and not its address or certificate",
    );
    return { kind: "refused" };
  }
  return { kind: "branch", branch: trunk.branch };
}

function tokenOf({ branch, settings }: Trunk, { federation }: HubSettings): string {
  return branchToken(settings.secret, { federation, branch });
}
