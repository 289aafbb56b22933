import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { sharedText, readSealedRevision } from "@mss/model";
import type { Binding, CallRecord, OpenCall, RevisionHeader, SealedRevision } from "@mss/model";

/** A revision whose snapshot differs from others by `name`. What the snapshot says is nothing to a store. */
export function sampleRevision(name: string, revision: number, change: Partial<RevisionHeader> = {}): SealedRevision {
  const snapshot = JSON.stringify({ name });
  const header = {
    federation: "acme",
    revision,
    hash: createHash("sha256").update(snapshot).digest("hex"),
    publishedAt: "2026-01-01T00:00:00.000Z",
    author: "alice",
    message: `publishes ${name}`,
    ...change,
  };
  const sealed = readSealedRevision({ header: JSON.stringify(header), snapshot: sharedText(snapshot) });
  assert.ok(sealed);
  return sealed;
}

export function sampleBinding(change: Partial<Binding> = {}): Binding {
  return {
    aor: "1000",
    contact: "sip:1000@127.15.0.2:5062",
    source: { transport: "udp", host: "127.15.0.2", port: 5062 },
    callId: "call-1",
    cseq: 1,
    userAgent: "phone",
    expiresAt: 61_000,
    ...change,
  };
}

export function sampleRecord(id: string): CallRecord {
  return {
    id,
    sessionId: "0123456789abcdef0123456789abcdef",
    node: "hub-1",
    from: "1000",
    to: "4000",
    origin: "branch:hk",
    target: "branch:london",
    result: "answered",
    status: 200,
    startedAt: "2026-01-01T00:00:00.000Z",
    answeredAt: "2026-01-01T00:00:02.000Z",
    endedAt: "2026-01-01T00:01:00.000Z",
    endedBy: "caller",
    setupMs: 2000,
    durationMs: 58_000,
  };
}

export function sampleOpenCall(id: string, clock: Pick<OpenCall, "startedMs" | "answeredMs">): OpenCall {
  const {
    result: _result,
    status: _status,
    endedAt: _at,
    endedBy: _by,
    setupMs: _setup,
    durationMs: _ms,
    ...call
  } = sampleRecord(id);
  return { ...call, ...clock };
}
