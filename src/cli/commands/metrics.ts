/** tscg metrics: the metric catalogue. */
import { METRICS } from '../../metrics/catalogue.ts';
import { printJson, printLine } from '../output.ts';
import { formatTable } from '../table.ts';

export function metrics({ json }: { json?: boolean }): void {
  if (json) {
    printJson(METRICS.map(({ derive: _, ...shown }) => shown));
    return;
  }
  const titles = ['METRIC', 'UNIT', 'FORMULA', 'WHAT'];
  printLine(
    formatTable(
      titles.map((title) => ({ title, align: 'left' })),
      METRICS.map(({ id, unit, formula, help }) => [id, unit, formula, help]),
    ),
  );
}
