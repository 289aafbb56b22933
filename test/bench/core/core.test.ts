import assert from "node:assert/strict";
import { test } from "node:test";
import { percentile } from "./percentile.ts";
import { drawPlot } from "./plot.ts";
import { withBlock } from "./readme.ts";
import { delayAt, parseDelayBuckets } from "./stalls.ts";
import { markdownTable } from "./table.ts";

function metrics(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([bound, count]) => `mss_event_loop_delay_seconds_bucket{le="${bound}",node="hub-1",role="hub"} ${count}\n`)
    .join("");
}

test("a delay is told by what came between two looks at the metrics", () => {
  const before = parseDelayBuckets(metrics({ "0.001": 100, "0.02": 100, "0.1": 105, "+Inf": 105 }));
  const after = parseDelayBuckets(metrics({ "0.001": 1090, "0.02": 1099, "0.1": 1105, "+Inf": 1105 }));
  assert.deepEqual([...before.keys()], [1, 20, 100, Infinity]);
  assert.equal(delayAt(0.99, before, after), 1);
  assert.equal(delayAt(0.995, before, after), 20);
  assert.equal(delayAt(0.9999, before, after), 100);
  assert.ok(Number.isNaN(delayAt(0.5, new Map(), new Map())));
});

test("percentiles are by the nearest rank", () => {
  const values = [30, 10, 20, 40];
  assert.deepEqual([percentile(values, 0), percentile(values, 0.5), percentile(values, 0.75)], [10, 20, 30]);
  assert.deepEqual([percentile(values, 0.76), percentile(values, 1)], [40, 40]);
  assert.ok(Number.isNaN(percentile([], 0.5)));
});

test("a result takes the place of the one before and leaves the rest of the README", () => {
  const first = withBlock("# Title\n\ntext\n", "calls", "one");
  const both = withBlock(first, "register", "other");
  const again = withBlock(both, "calls", "two\n");
  assert.match(first, /^# Title\n\ntext\n\n<!-- calls: .*-->\n\none\n\n<!-- end of calls -->\n$/);
  assert.equal(again, both.replace("one", "two"));
});

test("a plot has a line with its points for each series, hollow ones where it is said", () => {
  const svg = drawPlot({
    title: "a < b",
    xLabel: "x",
    yLabel: "y",
    series: [
      {
        name: "hub",
        points: [
          { x: 2, y: 1, hollow: true },
          { x: 1, y: 3 },
        ],
      },
    ],
  });
  assert.match(svg, /a &lt; b/);
  assert.equal(svg.match(/<polyline/g)?.length, 1);
  assert.equal(svg.match(/<circle[^>]*fill="#fff"/g)?.length, 1);
  assert.doesNotMatch(svg, /NaN/);
});

test("a table has as many columns as its head", () => {
  assert.equal(markdownTable(["a", "b"], [["1", "2"]]), "| a | b |\n| --- | ---: |\n| 1 | 2 |");
});
