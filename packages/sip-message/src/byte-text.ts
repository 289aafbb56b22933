/** Decodes byte text as UTF-8 for people to read; bytes that are not UTF-8 become U+FFFD. */
export function toText(byteText: string): string {
  return isAscii(byteText) ? byteText : Buffer.from(byteText, "latin1").toString("utf8");
}

/** Encodes text as UTF-8 byte text, the form every other function of this package takes. */
export function toBytes(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) {
      return false;
    }
  }
  return true;
}
