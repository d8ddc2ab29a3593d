/** Draws a chart, with only what is used of the chart library: loaded by the first chart that is looked at, never with a page's own script. */
import { useComputedColorScheme } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { BarChart, LineChart, type BarSeriesOption, type LineSeriesOption } from "echarts/charts";
import { GridComponent, TooltipComponent, type GridComponentOption, type TooltipComponentOption } from "echarts/components";
import { init, use as drawWith, type ComposeOption, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef, useState, type ReactNode } from "react";
import type { Drawn } from "./chart.tsx";
import { count } from "./words.tsx";

// On a canvas nothing is written into the page: no style element, no style attribute, and text of a record stays text.
drawWith([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

type Option = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | TooltipComponentOption>;

export function Drawing({ name, labels, series, say, height }: Drawn): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const [chart, setChart] = useState<ECharts | null>(null);
  const scheme = useComputedColorScheme("light");
  const still = useReducedMotion();
  useEffect(() => {
    if (place.current === null) return undefined;
    const made = init(place.current, null, { renderer: "canvas" });
    const watch = new ResizeObserver(() => made.resize());
    watch.observe(place.current);
    setChart(made);
    return () => {
      watch.disconnect();
      made.dispose();
      setChart(null);
    };
  }, []);
  useEffect(() => {
    if (chart === null || chart.isDisposed()) return;
    const styles = getComputedStyle(chart.getDom());
    chart.setOption(optionOf({ labels, series, say, still, scheme }, (colour) => styles.getPropertyValue(`--${colour}`).trim()), true);
  }, [chart, scheme, still, labels, series, say]);
  return <div ref={place} className="chart-place" style={{ height }} role="img" aria-label={`${name}. The same as a table follows.`} />;
}

const FONT = "Inter Variable, sans-serif";

function optionOf({ labels, series, say, still, scheme }: Pick<Drawn, "labels" | "series" | "say"> & { readonly still: boolean; readonly scheme: "light" | "dark" }, colourOf: (name: string) => string): Option {
  const [line, faint, surface, text] = [colourOf("line"), colourOf("faint"), colourOf("surface"), colourOf("text")];
  const axisLabel = { color: faint, fontSize: 11, fontFamily: FONT };
  return {
    darkMode: scheme === "dark",
    animation: !still,
    animationDuration: 250,
    grid: { left: 4, right: 8, top: 8, bottom: 2, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "axis",
      // Drawn on the canvas like all else: a tooltip of HTML would need styles that the policy refuses.
      renderMode: "richText",
      confine: true,
      backgroundColor: surface,
      borderColor: line,
      textStyle: { color: text, fontSize: 12, fontFamily: FONT },
      axisPointer: { type: "shadow", shadowStyle: { opacity: 0.35 } },
      valueFormatter: (value) => (typeof value === "number" ? say(value) : "–"),
    },
    xAxis: { type: "category", data: [...labels], axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { ...axisLabel, hideOverlap: true } },
    yAxis: { type: "value", minInterval: say === count ? 1 : 0, splitNumber: 3, axisLabel: { ...axisLabel, formatter: (value: number) => say(value) }, splitLine: { lineStyle: { color: line } } },
    series: series.map((one) =>
      one.kind === "bar"
        ? { type: "bar", name: one.name, stack: "all", data: [...one.values], itemStyle: { color: colourOf(one.colour) }, barMaxWidth: 22, barCategoryGap: "25%" }
        : { type: "line", name: one.name, data: [...one.values], symbol: "circle", symbolSize: 4, connectNulls: false, lineStyle: { color: colourOf(one.colour), width: 2 }, itemStyle: { color: colourOf(one.colour) } },
    ),
  };
}
