/** Characters of a text that are written in one piece. */
const PIECE_CHARACTERS = 262_144;

/**
 * A value as `JSON.stringify` writes it, piece by piece: so that a topology of many megabytes does not hold up the calls
 * while it is written. For plain data: objects, arrays, texts, numbers, booleans, null; `undefined` is left out. Bytes are written
 * as `{"$bytes":N}`, how many there are, and put on the list.
 */
export function* jsonPieces(value: unknown, bytes: Uint8Array[]): Generator<string, void, undefined> {
  if (typeof value === "string" && value.length > PIECE_CHARACTERS) {
    yield* textPieces(value);
  } else if (value instanceof Uint8Array) {
    bytes.push(value);
    yield `{"$bytes":${value.length}}`;
  } else if (Array.isArray(value)) {
    yield* listPieces(value, bytes);
  } else if (typeof value === "object" && value !== null) {
    yield* objectPieces(value, bytes);
  } else {
    yield JSON.stringify(value) ?? "null";
  }
}

function* textPieces(text: string): Generator<string, void, undefined> {
  yield '"';
  for (let at = 0; at < text.length;) {
    let end = Math.min(at + PIECE_CHARACTERS, text.length);
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) {
      end += 1; // a pair is not torn
    }
    yield JSON.stringify(text.slice(at, end)).slice(1, -1);
    at = end;
  }
  yield '"';
}

function* listPieces(list: readonly unknown[], bytes: Uint8Array[]): Generator<string, void, undefined> {
  yield "[";
  for (const [position, item] of list.entries()) {
    yield position === 0 ? "" : ",";
    yield* jsonPieces(item, bytes);
  }
  yield "]";
}

function* objectPieces(object: object, bytes: Uint8Array[]): Generator<string, void, undefined> {
  yield "{";
  let separator = "";
  for (const [key, item] of Object.entries(object)) {
    if (item !== undefined) {
      yield `${separator}${JSON.stringify(key)}:`;
      yield* jsonPieces(item, bytes);
      separator = ",";
    }
  }
  yield "}";
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd8_00 && code <= 0xdb_ff;
}
