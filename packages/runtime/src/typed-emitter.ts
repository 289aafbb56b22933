type EventMap = Record<string, readonly unknown[]>;
type Listeners<Events extends EventMap> = { [Name in keyof Events]?: Set<(...args: Events[Name]) => void> };

/**
 * An emitter whose events are tuples: `type LinkEvents = { up: [peer: string] }`.
 * A listener that throws does not reach the emitting code: the error goes to `onListenerError` and the other
 * listeners still run.
 */
export class TypedEmitter<Events extends EventMap> {
  #listeners: Listeners<Events> = {};
  readonly #onListenerError: (error: unknown, event: keyof Events) => void;

  constructor(onListenerError: (error: unknown, event: keyof Events) => void) {
    this.#onListenerError = onListenerError;
  }

  /** Returns the function that takes the listener off again. */
  on<Name extends keyof Events>(event: Name, listener: (...args: Events[Name]) => void): () => void {
    const listeners = (this.#listeners[event] ??= new Set());
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }

  emit<Name extends keyof Events>(event: Name, ...args: Events[Name]): void {
    for (const listener of this.#listeners[event] ?? []) {
      try {
        listener(...args);
      } catch (error) {
        this.#onListenerError(error, event);
      }
    }
  }

  removeAllListeners(): void {
    this.#listeners = {};
  }
}
