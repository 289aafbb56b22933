import type { TopologyStore } from "@mss/model";
import type { PublicationOptions } from "@mss/topology";
import type { Output } from "../output.ts";
import type { OpenStore } from "./federation-store.ts";

/** What `apply` and `rollback` have in common on the command line. */
export interface PublicationFlags {
  readonly message?: string;
  readonly author?: string;
  readonly force: boolean;
  /** The revision that was current when the change was decided. */
  readonly expect?: number;
  readonly above?: number;
  readonly json: boolean;
}

export interface PublicationCommand extends PublicationFlags {
  /** Who runs the command; author unless another is named. */
  readonly user: string;
  readonly openStore: OpenStore;
  readonly output: Output;
}

export function publicationOf(command: PublicationCommand, store: TopologyStore): PublicationOptions {
  const { author, user, message, force, expect, above } = command;
  return {
    store,
    author: author ?? user,
    message: message ?? "",
    force,
    ...(expect === undefined ? {} : { expectedRevision: expect }),
    ...(above === undefined ? {} : { above }),
    now: new Date(),
  };
}
