import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { orderTargets, shareOf } from "../../src/routing/order-targets.ts";

const target = fc.record({
  priority: fc.constantFrom(undefined, 1, 2, 5),
  weight: fc.constantFrom(undefined, 1, 3, 70),
});

test("every target comes once, lower priorities first, and the same draw gives the same order", () => {
  fc.assert(
    fc.property(
      fc.array(target, { maxLength: 6 }),
      fc.double({ min: 0, max: 1 - 1e-12, noNaN: true }),
      (targets, draw) => {
        const order = orderTargets(targets, draw);
        assert.deepEqual(new Set(order), new Set(targets));
        assert.equal(order.length, targets.length);
        const priorities = order.map(({ priority = 1 }) => priority);
        assert.deepEqual(
          priorities,
          priorities.toSorted((one, other) => one - other),
        );
        assert.deepEqual(orderTargets(targets, draw), order);
      },
    ),
  );
});

test("each is first as often as its weight says, and second as often among those that are left", () => {
  const targets = [{ weight: 70 }, { weight: 20 }, { weight: 10 }];
  const draws = Array.from({ length: 10_000 }, (_unused, step) => (step + 0.5) / 10_000);
  const orders = draws.map((draw) => orderTargets(targets, draw));
  const first = targets.map((each) => orders.filter((order) => order[0] === each).length);
  assert.deepEqual(first, [7000, 2000, 1000]);
  const secondAfterFirst = orders.filter((order) => order[0] === targets[0] && order[1] === targets[1]).length;
  assert.ok(Math.abs(secondAfterFirst - (7000 * 20) / 30) <= 1, String(secondAfterFirst));
  assert.deepEqual(
    targets.map((each) => shareOf(each, targets)),
    [0.7, 0.2, 0.1],
  );
});
