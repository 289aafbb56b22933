import { z } from "zod";
import { bindingSchema } from "@mss/model";
import type { Binding, BindingLimits, BindingOutcome, BindingStore } from "@mss/model";
import { StoreError } from "../errors.ts";
import type { BindingChange } from "../bindings/apply-change.ts";
import { checkStored, parseStored } from "../stored-value.ts";
import type { RedisKeys } from "./keys.ts";
import type { RedisLink } from "./redis-link.ts";

const KEY_GRACE_MS = 24 * 3_600_000; // purge is to count what expired; the key goes by itself only where nobody purges
const READ_AT_ONCE = 200;

const storedBindingSchema = z.strictObject({ order: z.int().nonnegative(), binding: bindingSchema });
type StoredBinding = z.infer<typeof storedBindingSchema>;
const applyReplySchema = z.tuple([z.enum(["stored", "tooMany", "outOfOrder", "corrupt"])], z.string());

/** Contacts of an address of record in one hash; an index of addresses by earliest expiry serves `all` and `purge`. */
export class RedisBindingStore implements BindingStore {
  readonly #call: RedisLink;
  /** For what grows with the count of bindings. */
  readonly #bulk: RedisLink;
  readonly #keys: RedisKeys;

  constructor(links: { readonly call: RedisLink; readonly bulk: RedisLink }, keys: RedisKeys) {
    this.#call = links.call;
    this.#bulk = links.bulk;
    this.#keys = keys;
  }

  async apply(aor: string, change: BindingChange, limits: BindingLimits): Promise<BindingOutcome> {
    const key = this.#keys.bindings(aor);
    const sets = [...new Map(change.set.map((binding) => [binding.contact, binding])).values()];
    const reply = await this.#call.script("applyBindings", {
      keys: [key, this.#keys.bindingIndex],
      args: [
        limits.nowMs,
        limits.maxContacts,
        aor,
        KEY_GRACE_MS,
        change.remove.length,
        ...change.remove,
        ...sets.flatMap(scriptArguments),
      ],
    });
    const [kind, ...texts] = checkStored(applyReplySchema, reply, key);
    if (kind === "corrupt") {
      throw new StoreError("STORE_CORRUPT", { key, operation: "applyBindings" });
    }
    if (kind === "stored") {
      return { kind, bindings: inOrder(texts.map((text) => parseStored(storedBindingSchema, text, key))) };
    }
    return kind === "tooMany" ? { kind, limit: limits.maxContacts } : { kind };
  }

  async clear(aor: string): Promise<void> {
    await this.#call.script("clearBindings", {
      keys: [this.#keys.bindings(aor), this.#keys.bindingIndex],
      args: [aor],
    });
  }

  async find(aor: string, nowMs: number): Promise<readonly Binding[]> {
    return this.#read(this.#call, aor, nowMs);
  }

  async #read(link: RedisLink, aor: string, nowMs: number): Promise<readonly Binding[]> {
    const key = this.#keys.bindings(aor);
    const fields = await link.run("findBindings", (redis) => redis.hvals(key));
    const bindings = inOrder(fields.map((text) => parseStored(storedBindingSchema, text, key)));
    return bindings.filter((binding) => binding.expiresAt > nowMs);
  }

  async all(nowMs: number): Promise<readonly Binding[]> {
    const aors = await this.#bulk.run("allBindings", (redis) => redis.zrange(this.#keys.bindingIndex, "0", "-1"));
    const found: Binding[] = [];
    for (let first = 0; first < aors.length; first += READ_AT_ONCE) {
      const some = aors.slice(first, first + READ_AT_ONCE);
      found.push(...(await Promise.all(some.map((aor) => this.#read(this.#bulk, aor, nowMs)))).flat());
    }
    return found;
  }

  async purge(nowMs: number): Promise<number> {
    let forgotten = 0;
    for (;;) {
      const index = this.#keys.bindingIndex;
      const due = await this.#bulk.run("dueBindings", (redis) =>
        redis.zrangebyscore(index, "-inf", nowMs, "LIMIT", 0, READ_AT_ONCE),
      );
      if (due.length === 0) {
        return forgotten;
      }
      // Each address leaves the list or moves behind `nowMs`, so the loop ends.
      const counts = await Promise.all(due.map((aor) => this.#purgeOne(aor, nowMs)));
      forgotten += counts.reduce((sum, count) => sum + count, 0);
    }
  }

  async #purgeOne(aor: string, nowMs: number): Promise<number> {
    const key = this.#keys.bindings(aor);
    const reply = await this.#bulk.script("purgeBindings", {
      keys: [key, this.#keys.bindingIndex],
      args: [nowMs, aor],
    });
    const count = checkStored(z.int(), reply, key);
    if (count < 0) {
      throw new StoreError("STORE_CORRUPT", { key, operation: "purgeBindings" });
    }
    return count;
  }
}

function scriptArguments(binding: Binding): (string | number)[] {
  return [binding.contact, binding.callId, binding.cseq, binding.expiresAt, JSON.stringify(binding)];
}

function inOrder(stored: readonly StoredBinding[]): Binding[] {
  return stored.toSorted((left, right) => left.order - right.order).map((entry) => entry.binding);
}
