/**
 * Texts of a topology, which may have many megabytes, as UTF-8 in memory that threads share: another thread has them in no
 * time, and no collection of garbage moves or looks through them.
 */
export type SharedText = Uint8Array;

export function sharedText(text: string): SharedText {
  const bytes = emptySharedText(Buffer.byteLength(text));
  Buffer.from(bytes.buffer).write(text);
  return bytes;
}

/** Of so many bytes, to be filled. */
export function emptySharedText(byteLength: number): SharedText {
  return new Uint8Array(new SharedArrayBuffer(byteLength));
}

/** All of it as one string: for another thread than that of the calls, where it is large. */
export function textOf({ buffer, byteOffset, byteLength }: SharedText): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("utf8");
}
