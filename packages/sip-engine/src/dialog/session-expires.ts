/** Who sends the refreshes, by who sent the request that this stands in or answers. RFC 4028 §4. */
export type RefresherRole = "uac" | "uas";

/** Value of Session-Expires; `refresher` undefined where the header leaves it open. */
export interface SessionExpires {
  readonly seconds: number;
  readonly refresher: RefresherRole | undefined;
}

const VALUE = /^\s*(\d{1,10})\s*(;.*)?$/s;
const REFRESHER = /;\s*refresher\s*=\s*"?(uac|uas)"?\s*(?:;|$)/i;
const MIN_SE = /^\s*(\d{1,10})\s*(?:;.*)?$/s;

/** Undefined when the header is absent or says nothing that RFC 4028 §4 knows. */
export function parseSessionExpires(value: string | undefined): SessionExpires | undefined {
  const match = VALUE.exec(value ?? "");
  if (match === null) {
    return undefined;
  }
  const role = REFRESHER.exec(match[2] ?? "")?.[1]?.toLowerCase();
  return { seconds: Number(match[1]), refresher: role === "uac" || role === "uas" ? role : undefined };
}

export function formatSessionExpires(seconds: number, refresher: RefresherRole): string {
  return `${seconds};refresher=${refresher}`;
}

/** Seconds of Min-SE; undefined when the header is absent or no number. RFC 4028 §5. */
export function parseMinSe(value: string | undefined): number | undefined {
  const match = MIN_SE.exec(value ?? "");
  return match === null ? undefined : Number(match[1]);
}
