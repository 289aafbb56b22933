const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** The wish to stop: the first signal asks for an orderly end, a second one for an end at once. */
export interface StopSignal {
  readonly first: Promise<string>;
  readonly second: Promise<string>;
}

/** Listens for SIGTERM and SIGINT from now on. */
export function listenForStop(): StopSignal {
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  let asked = false;
  for (const name of STOP_SIGNALS) {
    process.on(name, () => {
      (asked ? second : first).resolve(name);
      asked = true;
    });
  }
  return { first: first.promise, second: second.promise };
}
