import { isCoded } from "@mss/runtime";
import type { CodedError } from "@mss/runtime";
import { EXIT } from "./output.ts";
import type { ExitStatus } from "./output.ts";

export interface StartFault {
  /** One line: what is wrong, with what, and why the system said so. */
  readonly text: string;
  readonly status: ExitStatus;
}

function causeOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? ` (${cause.message === "" ? cause.name : cause.message})` : "";
}

function detailsOf(error: CodedError): string {
  const shown = Object.entries(error.details).map(([key, value]) => `${key}=${String(value)}`);
  return shown.length === 0 ? "" : `: ${shown.join(" ")}`;
}

/** Message, details, cause and code in one line. */
export function codedText(error: CodedError): string {
  return `${error.message}${detailsOf(error)}${causeOf(error)} [${error.code}]`;
}

/** Failures that trying again cannot mend; the others may be gone in a second, as when Redis or an address comes up late. */
const CONFIGURATION_CODES: readonly string[] = [
  "STORE_BAD_URL",
  "STORE_ACCESS_DENIED",
  "STORE_UNTRUSTED",
  "STORE_NEWER",
  "NUMBERS_REFUSED",
  "CERTIFICATE_UNUSABLE",
  "CERTIFICATES_UNSEEN",
];

/**
 * A failure to start as one line without a stack, and with the status that tells a supervisor whether to try again.
 * Everything that can be foreseen there is a CodedError, and is the configuration's or the machine's; anything else is
 * a fault of ours and is thrown on.
 */
export function startFault(error: unknown): StartFault {
  if (!isCoded(error)) {
    throw error;
  }
  return {
    text: `cannot start: ${codedText(error)}`,
    status: CONFIGURATION_CODES.includes(error.code) ? EXIT.usage : EXIT.failed,
  };
}
