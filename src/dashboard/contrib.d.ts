/** blessed-contrib has no types, and its widgets are imported by path: the index loads 179 modules, one of them 54. */
declare module 'blessed-contrib/lib/widget/sparkline.js' {
  import type { Widgets } from 'blessed';

  interface SparklineElement extends Widgets.BoxElement {
    setData(titles: readonly string[], data: readonly (readonly number[])[]): void;
  }
  const sparkline: (options: Widgets.BoxOptions & { style?: { fg?: string; titleFg?: string } }) => SparklineElement;
  export default sparkline;
}

declare module 'blessed-contrib/lib/widget/charts/line.js' {
  import type { Widgets } from 'blessed';

  interface LineSeries {
    readonly title: string;
    readonly x: readonly string[];
    readonly y: readonly number[];
    readonly style: { readonly line: string | number };
  }
  interface LineElement extends Widgets.BoxElement {
    setData(series: readonly LineSeries[]): void;
  }
  interface LineOptions extends Widgets.BoxOptions {
    readonly style: { readonly line: string; readonly text: string; readonly baseline: string };
    readonly minY?: number;
    readonly maxY?: number;
    readonly numYLabels?: number;
    readonly xLabelPadding?: number;
    readonly xPadding?: number;
    readonly showLegend?: boolean;
  }
  const line: (options: LineOptions) => LineElement;
  export default line;
}
