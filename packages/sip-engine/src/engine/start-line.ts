import { isKnownMethod } from "./methods.ts";

export type StartLine =
  | { readonly kind: "request"; readonly method: string; readonly uri: string }
  | { readonly kind: "response"; readonly status: number; readonly reason: string };

const RESPONSE = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/;
const REQUEST = /^([A-Z]+) (\S+) SIP\/2\.0$/;

/** The first line of an application's message; undefined for what it may not send. */
export function parseStartLine(line: string): StartLine | undefined {
  const response = RESPONSE.exec(line);
  if (response !== null) {
    return { kind: "response", status: Number(response[1]), reason: response[2] ?? "" };
  }
  const request = REQUEST.exec(line);
  const method = request?.[1] ?? "";
  const uri = request?.[2] ?? "";
  return isKnownMethod(method) ? { kind: "request", method, uri } : undefined;
}
