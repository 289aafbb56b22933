import type { Part } from "@mss/runtime";

/** A part that is made when it is started, because it needs what earlier parts know only then, such as a port. */
export interface DeferredPart<Made extends Part> extends Part {
  /** After the start. */
  get(): Made;
}

export function deferred<Made extends Part>(make: () => Made): DeferredPart<Made> {
  let made: Made | undefined;
  return {
    get() {
      if (made === undefined) {
        throw new TypeError("a deferred part is there after its start only");
      }
      return made;
    },
    async start() {
      made = make();
      await made.start();
    },
    async stop() {
      await made?.stop();
    },
  };
}
