import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { format } from "prettier";

const README = fileURLToPath(new URL("../README.md", import.meta.url));

/** The text with another block in the place of the one of that name; a block of its own at the end when there is none. */
export function withBlock(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: written by npm run bench -->`, `<!-- end of ${name} -->`];
  const block = `${begin}\n\n${content.trim()}\n\n${end}`;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  return from < 0 || to < 0
    ? `${text.trimEnd()}\n\n${block}\n`
    : text.slice(0, from) + block + text.slice(to + end.length);
}

/** Puts a result into the README of the benchmarks. */
export async function writeBlock(name: string, content: string): Promise<void> {
  const text = withBlock(await readFile(README, "utf8"), name, content);
  await writeFile(README, await format(text, { parser: "markdown", printWidth: 120 }));
}

export async function writePlot(name: string, svg: string): Promise<void> {
  await writeFile(fileURLToPath(new URL(`../${name}.svg`, import.meta.url)), svg);
}
