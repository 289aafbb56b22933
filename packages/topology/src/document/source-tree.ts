import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from "yaml";
import type { Alias, Document, Node, YAMLMap, YAMLSeq } from "yaml";
import type { FaultCollector } from "../fault.ts";
import { formatPlace } from "../place.ts";
import type { Place } from "../place.ts";

/** A value of the document with the place where it is written. Keys are texts exactly as written: `0100` stays `0100`. */
export interface SourceNode {
  readonly path: string;
  /** Of the value; for an alias, of the alias. */
  readonly place: Place;
  /** Of the key before it, else of the value. */
  readonly keyPlace: Place;
  /** The value without places, for the schema. Mappings have no prototype. */
  readonly plain: unknown;
  /** Of a mapping; empty for everything else. */
  readonly entries: ReadonlyMap<string, SourceNode>;
  /** Of a list; empty for everything else. */
  readonly items: readonly SourceNode[];
}

/** Far above any real document: it stops what expands through aliases (the YAML bombs). */
const MAX_ALIASED_NODES = 20_000;
const MAX_DEPTH = 24;
/** One wrong bracket can make every line after it wrong. */
const MAX_SYNTAX_FAULTS = 20;

const NO_ENTRIES: ReadonlyMap<string, SourceNode> = new Map();
const NO_ITEMS: readonly SourceNode[] = [];

/** Reads YAML 1.2 (core schema, no merge keys). Undefined when it is not readable; the faults are then in `collector`. */
export function readSourceTree(file: string, text: string, collector: FaultCollector): SourceNode | undefined {
  const lineCounter = new LineCounter();
  const document = parse(text, lineCounter);
  const placeAt = (offset: number): Place => {
    const { line, col } = lineCounter.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  if (document === undefined) {
    const advice = "a topology needs no more than six levels";
    collector.fault(placeAt(0), { code: "too-large", path: "", message: "the file is nested too deep", advice });
    return undefined;
  }
  const problems = [...document.errors, ...document.warnings].slice(0, MAX_SYNTAX_FAULTS);
  for (const { message, pos } of problems) {
    const advice = "correct the YAML: check indentation, quotes, brackets and the space after a colon";
    const [reason = ""] = message.split(/: |; /); // what follows is a piece of the file, and may be a secret
    collector.fault(placeAt(pos[0]), { code: "yaml-syntax", path: "", message: `not valid YAML: ${reason}`, advice });
  }
  return problems.length > 0 ? undefined : new TreeReader({ document, placeAt, collector }).read();
}

function parse(text: string, lineCounter: LineCounter): Document.Parsed | undefined {
  try {
    return parseDocument(text, {
      version: "1.2",
      merge: false,
      stringKeys: true,
      uniqueKeys: false, // checked here, with both places
      prettyErrors: false,
      lineCounter,
    });
  } catch (error) {
    if (error instanceof RangeError) {
      return undefined; // the composer recurses once a level
    }
    throw error;
  }
}

interface TreeReaderOptions {
  readonly document: Document.Parsed;
  readonly placeAt: (offset: number) => Place;
  readonly collector: FaultCollector;
}

interface Position {
  readonly path: string;
  readonly depth: number;
  readonly keyPlace?: Place;
  /** Set below an alias: where it stands. */
  readonly aliasPlace?: Place;
  readonly insideAlias: boolean;
}

class TreeReader {
  readonly #document: Document.Parsed;
  readonly #placeAt: (offset: number) => Place;
  readonly #collector: FaultCollector;
  /** In the order of the file, so that an alias means the last anchor before it. */
  readonly #anchors = new Map<string, Node>();
  #aliasedNodes = 0;
  #tooLarge = false;

  constructor({ document, placeAt, collector }: TreeReaderOptions) {
    this.#document = document;
    this.#placeAt = placeAt;
    this.#collector = collector;
  }

  read(): SourceNode | undefined {
    const tree = this.#node(this.#document.contents, { path: "", depth: 0, insideAlias: false });
    return this.#tooLarge ? undefined : tree;
  }

  #node(node: Node | null, position: Position): SourceNode {
    const place = position.aliasPlace ?? this.#placeAt(node?.range?.[0] ?? 0);
    const leaf = (plain: unknown): SourceNode => ({
      path: position.path,
      place,
      keyPlace: position.keyPlace ?? place,
      plain,
      entries: NO_ENTRIES,
      items: NO_ITEMS,
    });
    if (node === null || this.#isTooLarge(place, position)) {
      return leaf(null);
    }
    if (isAlias(node)) {
      return this.#alias(node, position);
    }
    this.#remember(node);
    const below: Position = { path: position.path, depth: position.depth + 1, insideAlias: position.insideAlias };
    if (isMap(node)) {
      const entries = this.#entries(node, below);
      return { ...leaf(plainMapping(entries)), entries };
    }
    if (isSeq(node)) {
      const items = this.#items(node, below);
      return { ...leaf(items.map(({ plain }) => plain)), items };
    }
    return leaf(isScalar(node) ? node.value : null);
  }

  #alias(alias: Alias, position: Position): SourceNode {
    const place = this.#placeAt(alias.range?.[0] ?? 0);
    const target = this.#anchors.get(alias.source);
    if (target === undefined) {
      const message = "an alias (*name) without an anchor (&name) before it";
      const advice = "put a text that begins with * in quotes, or name the anchor";
      this.#collector.fault(place, { code: "yaml-syntax", path: position.path, message, advice });
    }
    // one level deeper, so that an alias to itself ends at the depth limit
    return this.#node(target ?? null, {
      ...position,
      depth: position.depth + 1,
      aliasPlace: place,
      insideAlias: true,
    });
  }

  #remember(node: Node): void {
    if ((isMap(node) || isSeq(node) || isScalar(node)) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node);
    }
  }

  #entries(map: YAMLMap, below: Position): ReadonlyMap<string, SourceNode> {
    const entries = new Map<string, SourceNode>();
    for (const pair of map.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      const keyPlace = this.#placeAt(isNode(pair.key) ? (pair.key.range?.[0] ?? 0) : 0);
      if (isNode(pair.key)) {
        this.#remember(pair.key);
      }
      const path = below.path === "" ? key : `${below.path}.${key}`;
      if (key === "__proto__") {
        const advice = "leave it out";
        this.#collector.fault(keyPlace, { code: "unknown-key", path, message: `${key} is not a key here`, advice });
        continue; // schemas pass it over in silence
      }
      const earlier = entries.get(key);
      if (earlier !== undefined) {
        this.#collector.fault(keyPlace, {
          code: "duplicate-key",
          path,
          message: `${key} stands here a second time, after ${formatPlace(earlier.keyPlace)}`,
          advice: "join the two, or give one of them another name",
          other: earlier.keyPlace,
        });
        continue;
      }
      entries.set(key, this.#node(nodeOrNull(pair.value), { ...below, path, keyPlace }));
    }
    return entries;
  }

  #items(list: YAMLSeq, below: Position): readonly SourceNode[] {
    return list.items.map((item, index) => this.#node(nodeOrNull(item), { ...below, path: `${below.path}[${index}]` }));
  }

  #isTooLarge(place: Place, { insideAlias, depth, path }: Position): boolean {
    this.#aliasedNodes += insideAlias ? 1 : 0;
    const isTooLarge = depth > MAX_DEPTH || this.#aliasedNodes > MAX_ALIASED_NODES;
    if (isTooLarge && !this.#tooLarge) {
      this.#tooLarge = true;
      const [message, advice] = insideAlias
        ? ["the aliases (*name) of this file repeat too much", "write the values out, or refer to smaller parts"]
        : ["the file is nested too deep", "a topology needs no more than six levels"];
      this.#collector.fault(place, { code: "too-large", path, message, advice });
    }
    return this.#tooLarge;
  }
}

/** An empty value or list item has no node. */
function nodeOrNull(value: unknown): Node | null {
  return isNode(value) ? value : null;
}

/** Without a prototype: a key such as `__proto__` is a key like any other. */
function plainMapping(entries: ReadonlyMap<string, SourceNode>): unknown {
  const mapping = { __proto__: null, ...Object.fromEntries([...entries].map(([key, { plain }]) => [key, plain])) };
  return mapping;
}
