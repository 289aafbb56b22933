/** Calls back each time somebody wants new files to be taken into use. */
export type ReloadSignal = (listener: () => void) => void;

/** SIGHUP, as services have it. Until somebody listens it ends the process, as it does by default. */
export const listenForReload: ReloadSignal = (listener) => {
  process.on("SIGHUP", listener);
};
