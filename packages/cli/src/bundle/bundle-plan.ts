import type { TlsCredentials } from "@mss/certificates";
import type { TransportAddress } from "@mss/model";

/** A password of the node: the name that its topology file gives it, and what it protects. */
export interface BundleSecret {
  readonly name: string;
  readonly of: string;
  /** Absent: to be put there by hand. */
  readonly value?: string;
}

/** What a bundle is made from. */
export interface BundlePlan {
  readonly role: "hub" | "branch";
  readonly node: string;
  readonly federation: string;
  readonly topology: string;
  readonly listen: readonly TransportAddress[];
  readonly http: { readonly host: string; readonly port: number } | undefined;
  readonly secrets: readonly BundleSecret[];
  /** Absent: there is no certificate of this node. */
  readonly certificates: TlsCredentials | undefined;
  /** The unit for all nodes, `mss@.service`. */
  readonly unit: string;
  /** Path of the archive that `npm run package` makes; absent: it is brought to the machine in another way. */
  readonly software: { readonly name: string; readonly file: string } | undefined;
}
