import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { createChance, startRelay } from "./relay.ts";
import type { Impairment, Relay } from "./relay.ts";

const FLUSH = "flush";
const LAST = "last";

interface Line {
  readonly relay: Relay;
  /** What arrives at the other end for these datagrams, until one that says so is there. */
  sent(datagrams: readonly string[]): Promise<readonly string[]>;
}

async function createLine(t: TestContext, net: number): Promise<Line> {
  const address = (host: number): { host: string; port: number } => ({ host: `127.31.${net}.${host}`, port: 5060 });
  const relay = await startRelay({
    towardsA: address(2),
    towardsB: address(3),
    a: address(1),
    b: address(4),
    random: createChance(1),
  });
  const [a, b] = [await bound(address(1)), await bound(address(4))];
  t.after(async () => {
    await relay.close();
    a.close();
    b.close();
  });
  return {
    relay,
    async sent(datagrams) {
      const arrived: string[] = [];
      const { promise, resolve } = Promise.withResolvers<void>();
      b.on("message", (datagram, { address: host }) => {
        assert.equal(host, address(3).host);
        if (String(datagram) === LAST) {
          resolve();
        } else if (String(datagram) !== FLUSH) {
          arrived.push(String(datagram));
        }
      });
      for (const datagram of datagrams) {
        a.send(datagram, address(2).port, address(2).host);
      }
      while (relay.counts.received < datagrams.length) {
        await new Promise((turn) => setImmediate(turn));
      }
      relay.impair({ aToB: { delayMs: 50 } });
      a.send(FLUSH, address(2).port, address(2).host); // lets go what is held back
      a.send(LAST, address(2).port, address(2).host);
      await promise;
      b.removeAllListeners("message");
      return arrived;
    },
  };
}

async function bound({ host, port }: { readonly host: string; readonly port: number }): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.bind(port, host);
  await once(socket, "listening");
  return socket;
}

const NUMBERS = Array.from({ length: 100 }, (_unused, index) => String(index));

const CASES: readonly {
  readonly name: string;
  readonly impairment: Impairment;
  readonly check: (arrived: readonly string[]) => void;
}[] = [
  { name: "nothing set: all arrive, in order", impairment: {}, check: (arrived) => assert.deepEqual(arrived, NUMBERS) },
  { name: "cut: none arrives", impairment: { cut: true }, check: (arrived) => assert.deepEqual(arrived, []) },
  {
    name: "loss of a fifth: about that many are missing",
    impairment: { loss: 0.2 },
    check: (arrived) => assert.ok(arrived.length > 65 && arrived.length < 95, String(arrived.length)),
  },
  {
    name: "two copies: each arrives twice",
    impairment: { copies: 2 },
    check: (arrived) =>
      assert.deepEqual(
        arrived,
        NUMBERS.flatMap((number) => [number, number]),
      ),
  },
  {
    name: "swapped: all arrive, some behind the one after them",
    impairment: { swapped: 0.2 },
    check: (arrived) => {
      assert.deepEqual(arrived.toSorted(byNumber), NUMBERS);
      const late = arrived.filter((number, index) => Number(arrived[index - 1] ?? 0) > Number(number));
      assert.ok(late.length > 5, String(late.length));
    },
  },
  {
    name: "jitter: all arrive, in another order",
    impairment: { jitterMs: 20 },
    check: (arrived) => {
      assert.deepEqual(arrived.toSorted(byNumber), NUMBERS);
      assert.notDeepEqual(arrived, NUMBERS);
    },
  },
];

for (const [index, { name, impairment, check }] of CASES.entries()) {
  test(name, async (t) => {
    const line = await createLine(t, index + 1);
    line.relay.impair({ aToB: impairment });
    check(await line.sent(NUMBERS));
  });
}

function byNumber(one: string, other: string): number {
  return Number(one) - Number(other);
}
