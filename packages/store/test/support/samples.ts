import { createHash } from "node:crypto";
import { snapshotSchema } from "@mss/model";
import type { Binding, CallRecord, Snapshot } from "@mss/model";

/** A snapshot that differs from others by `name`. */
export function sampleSnapshot(name: string): Snapshot {
  return snapshotSchema.parse({
    federation: "acme",
    hubs: [{ id: "hub-1", listen: [{ transport: "udp", host: "127.15.0.1", port: 5060 }] }],
    branches: [{ id: "hk", name, numbers: ["1xxx"], maxCalls: 30 }],
    hash: createHash("sha256").update(name).digest("hex"),
  });
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
