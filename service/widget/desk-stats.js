// Draws the charts of /desk/stats from the tables that stand there; without it the tables are all there is.

import uPlot from "uplot";

const HEIGHT = 260; // pixels
const SHOWN = 12; // columns; the table has the rest
const LABEL = 14; // characters below a column

/** @param {Element} element @param {string} name */
const colour = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

/** @param {ParentNode} row */
const counts = (row) =>
  [.../** @type {NodeListOf<HTMLElement>} */ (row.querySelectorAll("[data-count]"))].map((cell) => Number(cell.dataset.count));

/** @param {HTMLElement} place @returns {uPlot.Axis} */
const axis = (place) => ({
  stroke: colour(place, "--muted"),
  grid: { stroke: colour(place, "--rule"), width: 1 },
  ticks: { stroke: colour(place, "--rule"), width: 1 },
  font: "13px system-ui, sans-serif",
});

/**
 * Only whole numbers of comments are marked.
 * @param {HTMLElement} place @returns {uPlot.Axis}
 */
const countAxis = (place) => ({ ...axis(place), size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] });

/** @param {number} seconds */
const written = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");

/** @param {number} seconds */
const clock = (seconds) => (written(seconds).endsWith(" 00:00") ? written(seconds).slice(5, 10) : written(seconds).slice(11));

/** @type {uPlot.Range.Function} */
const fromZero = (_plot, _least, most) => [0, Math.max(most || 0, 1) * 1.05];

/**
 * @param {HTMLElement} place @param {HTMLTableElement} table
 * @returns {[Omit<uPlot.Options, "width" | "height">, uPlot.AlignedData]}
 */
function hours(place, table) {
  const rows = [.../** @type {NodeListOf<HTMLElement>} */ (table.querySelectorAll("[data-hour]"))];
  const begins = rows.map((row) => Number(row.dataset.hour));
  const both = rows.map(counts);
  // The last hour has a width too.
  begins.push((begins.at(-1) ?? 0) + 3600);
  both.push(both.at(-1) ?? []);
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return [
    {
      // The table says UTC, and so does the chart.
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      scales: { y: { range: fromZero } },
      axes: [{ ...axis(place), values: (_plot, moments) => moments.map(clock) }, countAxis(place)],
      cursor: { drag: { x: true, y: false } },
      series: [
        { label: "Hour (UTC)", value: (_plot, seconds) => (seconds === null ? "–" : written(seconds)) },
        { label: "Arrived", stroke: colour(place, "--accent"), width: 2, paths: stepped, points: { show: false } },
        // Dashed, for whoever cannot tell the colours apart.
        { label: "Decisions", stroke: colour(place, "--ink"), width: 2, dash: [6, 4], paths: stepped, points: { show: false } },
      ],
    },
    [begins, both.map(([arrived]) => arrived ?? 0), both.map(([, decided]) => decided ?? 0)],
  ];
}

/**
 * Columns of decisions by action, one on top of the other: each is drawn up to the sum of it and those below it, the
 * tallest first, so that the lower ones cover all but its own part.
 * @param {HTMLElement} place @param {HTMLTableElement} table
 * @returns {[Omit<uPlot.Options, "width" | "height">, uPlot.AlignedData]}
 */
function rates(place, table) {
  const rows = [...table.tBodies[0].rows].slice(0, SHOWN);
  const names = rows.map((row) => row.cells[0].innerText.trim());
  const actions = [...table.querySelectorAll("[data-action]")].map((cell) => cell.textContent ?? "");
  const parts = rows.map(counts);
  const sums = actions.map((_, action) => parts.map((part) => part.slice(0, action + 1).reduce((sum, count) => sum + count, 0)));
  const bars = uPlot.paths.bars?.({ size: [0.6, 64] });
  const order = actions.map((_, action) => action).reverse();
  return [
    {
      scales: { x: { time: false, range: [-0.6, Math.max(rows.length, 4) - 0.4] }, y: { range: fromZero } },
      axes: [
        {
          ...axis(place),
          grid: { show: false },
          splits: names.map((_, index) => index),
          values: names.map((name) => (name.length > LABEL ? `${name.slice(0, LABEL - 1)}…` : name)),
        },
        countAxis(place),
      ],
      cursor: { drag: { x: false, y: false } },
      series: [
        { label: table.tHead?.rows[0].cells[0].innerText ?? "", value: (_plot, index) => names[index] ?? "–" },
        ...order.map((action) => ({
          label: actions[action],
          fill: colour(place, `--chart-${action + 1}`),
          stroke: colour(place, "--paper"),
          width: 1,
          paths: bars,
          points: { show: false },
          value: (/** @type {uPlot} */ _plot, /** @type {number} */ _sum, /** @type {number} */ _series, /** @type {number | null} */ index) =>
            index === null ? "–" : (parts[index]?.[action] ?? 0),
        })),
      ],
    },
    [rows.map((_, index) => index), ...order.map((action) => sums[action])],
  ];
}

/** @param {HTMLElement} place */
function draw(place) {
  const { hours: ofHours, rates: ofRates, title } = place.dataset;
  const table = /** @type {HTMLTableElement | null} */ (document.getElementById(ofHours ?? ofRates ?? ""));
  if (!table) return;
  place.hidden = false;
  place.replaceChildren();
  const [options, data] = ofHours ? hours(place, table) : rates(place, table);
  const plot = new uPlot({ ...options, width: place.clientWidth, height: HEIGHT }, data, place);
  const picture = plot.root.querySelector("canvas");
  picture?.setAttribute("role", "img");
  picture?.setAttribute("aria-label", `${title}. The table below says the same.`);
  // The table below is the better place to read numbers without a pointer.
  plot.root.querySelector(".u-legend")?.setAttribute("aria-hidden", "true");
  plots.set(place, plot);
}

/** @type {Map<HTMLElement, uPlot>} */
const plots = new Map();
const places = [.../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".chart"))];

places.forEach(draw);
new ResizeObserver(() => {
  for (const [place, plot] of plots) if (plot.width !== place.clientWidth) plot.setSize({ width: place.clientWidth, height: HEIGHT });
}).observe(document.body);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const plot of plots.values()) plot.destroy();
  places.forEach(draw);
});
