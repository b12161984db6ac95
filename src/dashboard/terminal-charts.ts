/** blessed-contrib's line charts, made anew when their place changes: they measure it only when they are attached. */

import type blessed from 'blessed';
import line from 'blessed-contrib/lib/widget/charts/line.js';
import type { Chart } from './chart-view.ts';
import type { ChartColour } from './themes.ts';

export interface ChartPool {
  /**
   * Draws them if that is another picture than the last one, or the screen was cleared. `colours`: of the lines of each, in
   * turn.
   */
  draw(charts: readonly Chart[], colours: readonly ChartColour[], isCleared: boolean): void;
}

/** In a smaller area the axes of blessed-contrib leave no room for the line. */
const LEAST_HEIGHT = 6;
const LEAST_WIDTH = 24;

export const hasAxes = ({ area }: Chart): boolean => area.height > LEAST_HEIGHT && area.width >= LEAST_WIDTH;

/** contrib fails on a chart without a figure. */
const isDrawable = (chart: Chart): boolean =>
  hasAxes(chart) && chart.series.some(({ values }) => values.length > 0 && !values.some(Number.isNaN));

export function openCharts(screen: blessed.Widgets.Screen): ChartPool {
  let drawn = '';
  let places = '';
  let elements: ReturnType<typeof line>[] = [];
  return {
    draw: (charts, colours, isCleared) => {
      const fitting = charts.filter(isDrawable);
      const picture = JSON.stringify([fitting, colours]);
      if (picture === drawn && !isCleared) return;
      drawn = picture;
      const wanted = JSON.stringify(fitting.map(({ area }) => area));
      if (wanted !== places) {
        for (const element of elements) element.detach();
        elements = fitting.map(({ area }) => {
          const element = line({
            top: area.top + 1,
            left: area.left,
            width: area.width,
            height: area.height - 1,
            minY: 0,
            showLegend: false,
            numYLabels: 4,
            xLabelPadding: 2,
            xPadding: 5,
            style: { line: 'normal', text: 'normal', baseline: 'normal' },
          });
          // The canvas is made when it is appended; as a `parent` option it would have none.
          screen.append(element);
          return element;
        });
        places = wanted;
      }
      fitting.forEach(({ series, ages }, index) => {
        elements[index]?.setData(
          series.flatMap(({ label, values }, at) => {
            const style = { line: colours[at % colours.length] ?? 'normal' };
            return values.some(Number.isNaN) ? [] : [{ title: label, x: ages, y: values, style }];
          }),
        );
        elements[index]?.render();
      });
    },
  };
}
