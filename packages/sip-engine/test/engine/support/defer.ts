import type { TestContext } from "node:test";

const stacks = new WeakMap<TestContext, (() => void | Promise<void>)[]>();

/** Runs `close` when the test ends, the last one first: node:test runs its own hooks in the order they were given. */
export function defer(context: TestContext, close: () => void | Promise<void>): void {
  const known = stacks.get(context);
  if (known !== undefined) {
    known.push(close);
    return;
  }
  const stack = [close];
  stacks.set(context, stack);
  context.after(async () => {
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      await next();
    }
  });
}
