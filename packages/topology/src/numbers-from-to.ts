/** Every number from `low` to `high`, both included, with as many digits. */
export function* numbersFromTo(low: string, high: string): Generator<string, void, undefined> {
  const last = Number(high);
  for (let value = Number(low); value <= last; value += 1) {
    yield String(value).padStart(low.length, "0");
  }
}
