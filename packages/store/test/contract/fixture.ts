/** Makes a fresh store for one test and says how to close it. */
export type MakeStore<Store> = () => Promise<{ readonly store: Store; readonly close: () => Promise<void> }>;

/** Runs `body` on a fresh store and closes it, whatever happens. */
export async function withStore<Store>(make: MakeStore<Store>, body: (store: Store) => Promise<void>): Promise<void> {
  const { store, close } = await make();
  try {
    await body(store);
  } finally {
    await close();
  }
}
