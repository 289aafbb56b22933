import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { CallLimits } from "@mss/call-control";
import type { OutgoingCall, SipPhone } from "@mss/call-control/testing";
import { parseNameAddress } from "@mss/sip-message";
import type { HeaderField, SipResponse } from "@mss/sip-message";
import { openPhone, startFederation } from "./federation.ts";

/** Alice on 1000 in Hong Kong and Bob on 4000 in London, both registered. */
export async function twoPhones(t: TestContext, subnet: number, limits?: CallLimits) {
  const federation = await startFederation(t, { subnet, ...(limits && { limits }) });
  const alice = await openPhone(t, federation.net, "1000", 10);
  const bob = await openPhone(t, federation.net, "4000", 11);
  for (const phone of [alice, bob]) {
    assert.equal((await phone.register()).status, 200);
  }
  return { federation, alice, bob };
}

export function fields(headers: Readonly<Record<string, string>>): readonly HeaderField[] {
  return Object.entries(headers).map(([name, value]) => ({ name, value }));
}

/** A request of the caller within the early dialog that a provisional response has made. */
export async function sendEarly(
  phone: SipPhone,
  { request }: OutgoingCall,
  progress: SipResponse,
  { method, headers = {}, body = "" }: { method: string; headers?: Readonly<Record<string, string>>; body?: string },
): Promise<SipResponse> {
  const within = phone.newRequest(method, {
    uri: parseNameAddress(progress.headers.get("Contact") ?? "")?.uri ?? "",
    from: request.headers.get("From") ?? "",
    to: progress.headers.get("To") ?? "",
    callId: request.headers.get("Call-ID") ?? "",
    headers: fields(headers),
    body,
  });
  return (await phone.send(within)).final;
}
