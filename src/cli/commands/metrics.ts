/** tscg metrics: the metric catalogue. */
import { jsonText } from '../../kernel/clean.ts';
import { METRICS } from '../../metrics/catalogue.ts';
import { printLine } from '../output.ts';
import { formatTable } from '../table.ts';

export function metrics({ json }: { json?: boolean }): void {
  if (json) {
    printLine(
      jsonText(
        METRICS.map(({ derive: _, ...shown }) => shown),
        2,
      ),
    );
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
