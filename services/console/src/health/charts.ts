import { BarChart, CustomChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent } from "echarts/components";
import { type EChartsCoreOption, init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([BarChart, CustomChart, AriaComponent, GridComponent, LegendComponent, SVGRenderer]);

/** Told apart without colour too: by their place in the stack and by the table beneath. */
const COLOURS = ["#1d5c5a", "#b8621b", "#4c2c92", "#28608f", "#85994b", "#801650"];
const STATES: Readonly<Record<string, string>> = {
  live: "#00703c",
  "catching-up": "#5694ca",
  down: "#d4351c",
  unknown: "#b1b4b6",
};
const UNKNOWN = "#b1b4b6";
const TEXT = { color: "#0b0c0c", fontFamily: "Helvetica, Arial, sans-serif", fontSize: 14 };
const WIDTH = 960;

/** Messages a day, a bar a day, a colour a network: an SVG image. */
export function volumesChart(of: {
  readonly days: readonly string[];
  readonly series: readonly { readonly name: string; readonly values: readonly number[] }[];
}): string {
  return draw(320, {
    color: COLOURS,
    legend: { top: 0, left: 0, itemGap: 28, textStyle: TEXT },
    grid: { left: 56, right: 16, top: 40, bottom: 32 },
    xAxis: { type: "category", data: [...of.days], axisLabel: TEXT },
    yAxis: { type: "value", minInterval: 1, axisLabel: TEXT },
    series: of.series.map(({ name, values }) => ({
      type: "bar",
      stack: "all",
      name,
      data: [...values],
      barMaxWidth: 40,
    })),
  });
}

/** How a link stood over time, one bar from beginning to end: an SVG image. */
export function coverageChart(of: {
  readonly stretches: readonly { readonly from: string; readonly to: string; readonly state: string }[];
  readonly states: readonly { readonly state: string; readonly name: string }[];
  /** What an instant is called below the bar. */
  readonly label: (at: number) => string;
}): string {
  const first = Date.parse(of.stretches[0]?.from ?? "");
  const last = Date.parse(of.stretches.at(-1)?.to ?? "");
  return draw(150, {
    legend: { top: 0, left: 0, itemGap: 28, textStyle: TEXT },
    grid: { left: 32, right: 40, top: 40, bottom: 32 },
    xAxis: {
      type: "time",
      min: first,
      max: last,
      axisLabel: { ...TEXT, hideOverlap: true, formatter: (at: number) => of.label(at) },
    },
    yAxis: { type: "category", data: [""], axisTick: { show: false } },
    series: of.states.map(({ state, name }) => ({
      type: "custom",
      name,
      itemStyle: { color: STATES[state] ?? UNKNOWN },
      data: of.stretches
        .filter((one) => one.state === state)
        .map(({ from, to }) => [Date.parse(from), Date.parse(to)]),
      encode: { x: [0, 1] },
      renderItem: renderStretch(STATES[state] ?? UNKNOWN),
    })),
  });
}

interface RenderApi {
  value(dimension: number): number;
  coord(point: readonly [number, number]): [number, number];
  size(extent: readonly [number, number]): [number, number];
}

const renderStretch =
  (fill: string) =>
  (_: unknown, api: RenderApi): object => {
    const [left, middle] = api.coord([api.value(0), 0]);
    const [right] = api.coord([api.value(1), 0]);
    const height = api.size([0, 1])[1] * 0.8;
    const shape = { x: left, y: middle - height / 2, width: Math.max(right - left, 1), height };
    return { type: "rect", shape, style: { fill } };
  };

function draw(height: number, option: EChartsCoreOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ animation: false, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
