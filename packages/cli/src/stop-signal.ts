const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** The wish to stop: the first signal asks for an orderly end, a second one for an end at once. */
export interface StopSignal {
  readonly first: Promise<string>;
  readonly second: Promise<string>;
}

/** Listens for SIGTERM and SIGINT from now on; the end of the `mss` process that started this one counts as the first. */
export function listenForStop(): StopSignal {
  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  let asked = false;
  const stop = (name: string): void => {
    (asked ? second : first).resolve(name);
    asked = true;
  };
  for (const name of STOP_SIGNALS) {
    process.on(name, () => stop(name));
  }
  if (process.channel !== undefined) {
    process.once("disconnect", () => stop("end of the mss process"));
    process.channel.unref();
  }
  return { first: first.promise, second: second.promise };
}
