import { readFileSync } from "node:fs";

/** One frame of a recording, cut at its bars; `message` is what follows its first line. */
export interface RecordedFrame {
  readonly direction: "to server" | "to app";
  readonly length: number;
  readonly tokens: readonly string[];
  readonly message: string | undefined;
  readonly text: string;
}

const FRAME_START = /^(app -> server|server -> app) (\d+)#/;

/** A recording as it stands in `recordings/`: a paragraph per frame, CRLF as a new line with three spaces. */
export function readRecording(name: string): readonly RecordedFrame[] {
  const text = readFileSync(new URL(`../recordings/${name}.txt`, import.meta.url), "latin1");
  return text
    .split(/\n(?=app -> server|server -> app)/)
    .filter((paragraph) => FRAME_START.test(paragraph))
    .map((paragraph) => {
      const start = FRAME_START.exec(paragraph);
      const lines = paragraph.replace(/\n+$/, "").split("\n");
      const frame = lines.map((line, index) => line.slice(index === 0 ? (start?.[0].length ?? 0) : 3)).join("\r\n");
      return frameOf(frame, start?.[1] === "app -> server" ? "to server" : "to app", Number(start?.[2]));
    });
}

export function frameOf(text: string, direction: RecordedFrame["direction"], length = text.length): RecordedFrame {
  const lineEnd = text.indexOf("\r\n");
  return {
    direction,
    length,
    tokens: (lineEnd < 0 ? text : text.slice(0, lineEnd)).split("|"),
    message: lineEnd < 0 ? undefined : text.slice(lineEnd + 2),
    text,
  };
}
