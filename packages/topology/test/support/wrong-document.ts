import { changed } from "./documents.ts";

export interface WrongDocument {
  readonly name: string;
  readonly text: string;
  /** `line:column code` of every fault, and nothing more. */
  readonly faults?: readonly string[];
  readonly warnings?: readonly string[];
  /** In the message or the advice of the first fault, else of the first warning. */
  readonly says: RegExp;
}

export const one = (replace: string, by: string): string => changed({ replace, by });
export const hkNumbers = (by: string): string => one('["1xxx"]', by);
export const hkListen = (by: string): string => one("udp://198.51.100.1:5060", by);
export const hkTrunk = (by: string): string => one("{ env: HK_TRUNK_SECRET }, maxCalls: 30", by);
export const hkExtension = (by: string): string => one('"1000": { name: Alice, secret: { env: HK_1000_SECRET } }', by);
export const hkKey = (by: string): string => one("    extensions:\n", `    ${by}\n    extensions:\n`);
export const top = (by: string): string => one("hubs:\n", `${by}\nhubs:\n`);
