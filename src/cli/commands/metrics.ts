/** tscg metrics: the metric catalogue. */
import { METRICS } from '../../metrics/catalogue.ts';
import { formatTable } from '../table.ts';

export function metrics({ json }: { json?: boolean }): void {
  if (json) {
    console.log(
      JSON.stringify(
        METRICS.map(({ derive: _, ...shown }) => shown),
        undefined,
        2,
      ),
    );
    return;
  }
  const titles = ['METRIC', 'UNIT', 'FORMULA', 'WHAT'];
  console.log(
    formatTable(
      titles.map((title) => ({ title, align: 'left' })),
      METRICS.map(({ id, unit, formula, help }) => [id, unit, formula, help]),
    ),
  );
}
