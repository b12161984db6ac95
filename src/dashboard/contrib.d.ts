/** blessed-contrib has no types, and its widgets are imported by path: the index loads 179 modules, one of them 54. */
declare module 'blessed-contrib/lib/widget/sparkline.js' {
  import type { Widgets } from 'blessed';

  interface SparklineElement extends Widgets.BoxElement {
    setData(titles: readonly string[], data: readonly (readonly number[])[]): void;
  }
  const sparkline: (options: Widgets.BoxOptions & { style?: { fg?: string; titleFg?: string } }) => SparklineElement;
  export default sparkline;
}
