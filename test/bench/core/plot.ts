/** A line of a plot; `hollow` points are drawn without filling. */
export interface Series {
  readonly name: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly hollow?: boolean }[];
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  /** Powers of ten on the horizontal axis. */
  readonly logarithmic?: boolean;
}

const COLOURS = ["#0b6e4f", "#c0392b", "#2c6fbb", "#d68910", "#7d3c98", "#616a6b"];
const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [860, 380, 70, 190, 44, 52];
const TICKS = 5;

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** 1, 2 or 5 times a power of ten, so that about five of them reach the greatest value. */
function tickStep(greatest: number): number {
  const rough = greatest / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough) ?? rough;
}

function multiples(step: number, greatest: number): number[] {
  return Array.from({ length: Math.floor(greatest / step) + 1 }, (_unused, index) => index * step);
}

interface Scales {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${escape(content)}</text>`;
}

function axes(plot: Plot, { x, y }: Scales, xTicks: readonly number[], yTicks: readonly number[]): readonly string[] {
  const bottom = HEIGHT - BOTTOM;
  return [
    ...yTicks.flatMap((tick) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick).toFixed(1)}" y2="${y(tick).toFixed(1)}" stroke="#ddd"/>`,
      text(LEFT - 8, y(tick) + 4, String(Number(tick.toPrecision(3))), 'text-anchor="end"'),
    ]),
    ...xTicks.map((tick) => text(x(tick), bottom + 18, String(tick), 'text-anchor="middle"')),
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}" stroke="#333"/>`,
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 14, plot.xLabel, 'text-anchor="middle"'),
    text(LEFT, TOP - 10, plot.yLabel),
    text(LEFT, 18, plot.title, 'font-weight="bold"'),
  ];
}

function drawSeries({ name, points }: Series, index: number, { x, y }: Scales): readonly string[] {
  const colour = COLOURS[index % COLOURS.length] ?? "#000";
  const sorted = points.toSorted((one, other) => one.x - other.x);
  const path = sorted.map((point) => `${x(point.x).toFixed(1)},${y(point.y).toFixed(1)}`).join(" ");
  const marks = sorted.map(
    (point) =>
      `<circle cx="${x(point.x).toFixed(1)}" cy="${y(point.y).toFixed(1)}" r="4" stroke="${colour}" fill="${point.hollow === true ? "#fff" : colour}"/>`,
  );
  const legendY = TOP + 14 + index * 20;
  return [
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...marks,
    `<circle cx="${WIDTH - RIGHT + 20}" cy="${legendY - 4}" r="4" fill="${colour}"/>`,
    text(WIDTH - RIGHT + 32, legendY, name),
  ];
}

/** Lines with their points, as SVG. */
export function drawPlot(plot: Plot): string {
  const all = plot.series.flatMap(({ points }) => points);
  const [xMax, yMax] = [Math.max(1, ...all.map(({ x }) => x)), Math.max(1e-9, ...all.map(({ y }) => y)) * 1.05];
  const xMin = plot.logarithmic === true ? Math.min(...all.map(({ x }) => x)) : 0;
  const part = (value: number): number =>
    plot.logarithmic === true ? Math.log(value / xMin) / Math.log(xMax / xMin) : value / xMax;
  const scales: Scales = {
    x: (value) => LEFT + part(value) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - (value / yMax) * (HEIGHT - TOP - BOTTOM),
  };
  const xTicks =
    plot.logarithmic === true
      ? [...new Set(all.map(({ x }) => x))].toSorted((one, other) => one - other)
      : multiples(tickStep(xMax), xMax);
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...axes(plot, scales, xTicks, multiples(tickStep(yMax), yMax)),
    ...plot.series.flatMap((series, index) => drawSeries(series, index, scales)),
    "</svg>",
  ];
  return `${lines.join("\n")}\n`;
}
