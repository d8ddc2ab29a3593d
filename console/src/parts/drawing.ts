/** The chart library, only what is used of it: loaded by the first chart that is looked at, never with a page's own script. */
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, TooltipComponent } from "echarts/components";
import { init, use, type ComposeOption, type ECharts } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import type { BarSeriesOption, LineSeriesOption } from "echarts/charts";
import type { GridComponentOption, TooltipComponentOption } from "echarts/components";

// On a canvas nothing is written into the page: no style element, no style attribute, and text of a record stays text.
use([BarChart, LineChart, GridComponent, TooltipComponent, CanvasRenderer]);

export type Option = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | TooltipComponentOption>;

export function drawIn(place: HTMLElement): ECharts {
  return init(place, null, { renderer: "canvas" });
}
