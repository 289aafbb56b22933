import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLog } from "@mss/runtime";
import { DEFAULT_LIMITS, createStreamFramer, serializeMessage } from "@mss/sip-message";
import { TORTURE_MESSAGES } from "@mss/sip-message/testing";
import { Admission } from "../../src/transport/admission.ts";
import { Ingress } from "../../src/transport/ingress.ts";
import { createStats } from "../../src/transport/stats.ts";
import type { Flow } from "../../src/transport/types.ts";

const FLOW: Flow = {
  transport: "tcp",
  local: { host: "127.0.0.1", port: 5060 },
  remote: { host: "127.0.0.2", port: 40_000 },
  connection: "c",
};

/** What goes up and what is answered when a stream arrives in these pieces: framer, admission and ingress as on a socket. */
function read(pieces: readonly string[]): readonly string[] {
  const seen: string[] = [];
  const ingress = new Ingress({
    log: silentLog(),
    stats: createStats(),
    admission: new Admission(DEFAULT_LIMITS),
    user: () => ({ onMessage: (message) => seen.push(`up ${serializeMessage(message)}`) }),
    send: (text) => {
      seen.push(`answered ${text}`);
      return Promise.resolve(FLOW);
    },
    statelessTag: "t",
  });
  const framer = createStreamFramer();
  for (const item of pieces.flatMap((piece) => framer.push(piece))) {
    if (item.kind === "message") {
      ingress.acceptFramed(item.text, FLOW);
    } else if (item.kind === "broken") {
      seen.push("broken");
      ingress.refuse(item.fault, FLOW);
    }
  }
  seen.push(`${framer.pendingBytes} bytes wait`);
  return seen;
}

for (const { name, rfc, text } of TORTURE_MESSAGES) {
  test(`RFC ${rfc} ${name}: every cut of the stream in two gives the same`, () => {
    const whole = read([text]);
    for (let cut = 1; cut < text.length; cut += 1) {
      assert.deepEqual(read([text.slice(0, cut), text.slice(cut)]), whole, `cut at ${cut}`);
    }
    assert.deepEqual(read(text.split("")), whole, "cut at every byte");
  });
}
