import type { CallRecordReader, TopologyStore } from "@mss/model";
import { isCoded } from "@mss/runtime";
import type { Part } from "@mss/runtime";
import { EXIT } from "../output.ts";
import type { ExitStatus, Output } from "../output.ts";
import { codedText } from "../start-fault.ts";

/** The shared store of a federation; not yet started. */
export interface FederationStore extends Part {
  readonly topology: TopologyStore;
  readonly callRecords: CallRecordReader;
}

/** Undefined when the environment names no store. Throws `STORE_BAD_URL`. */
export type OpenStore = (federation: string) => FederationStore | undefined;

export interface WithStoreOptions {
  readonly federation: string;
  readonly json: boolean;
  readonly openStore: OpenStore;
  readonly output: Output;
}

const CONFIGURATION_CODES: readonly string[] = ["STORE_BAD_URL", "STORE_ACCESS_DENIED", "STORE_UNTRUSTED"];

/** Runs a command on the shared store and closes it. A store that is away is one line, and a status of its own. */
export async function withFederationStore(
  options: WithStoreOptions,
  body: (topology: TopologyStore, store: FederationStore) => Promise<ExitStatus>,
): Promise<ExitStatus> {
  let store: FederationStore | undefined;
  try {
    store = options.openStore(options.federation);
    if (store === undefined) {
      const text =
        "topology and call records are in the Redis of the hubs: set REDIS_URL, such as redis://127.0.0.1:6379";
      return failed(options, { outcome: "no-store", text }, EXIT.usage);
    }
    await store.start();
    return await body(store.topology, store);
  } catch (error) {
    if (!isCoded(error) || !error.code.startsWith("STORE_")) {
      throw error;
    }
    const isConfiguration = CONFIGURATION_CODES.includes(error.code);
    const outcome = isConfiguration ? "no-store" : "unavailable";
    return failed(
      options,
      { outcome, text: `the store of the hubs cannot be used now: ${codedText(error)}` },
      isConfiguration ? EXIT.usage : EXIT.unavailable,
    );
  } finally {
    await store?.stop();
  }
}

/** One line for a person, or one object for a program. */
export function failed(
  { json, output }: Pick<WithStoreOptions, "json" | "output">,
  { text, ...fields }: { readonly outcome: string; readonly text: string } & Readonly<Record<string, unknown>>,
  status: ExitStatus,
): ExitStatus {
  output.err(json ? "" : `${text}\n`);
  output.out(json ? `${JSON.stringify({ ...fields, reason: text }, undefined, 2)}\n` : "");
  return status;
}
