/** tscg metrics: the metric catalogue. */

import { ROW_FIELDS } from '../../diagnosis/fields.ts';
import { printJson, printLine } from '../output.ts';
import { formatTable } from '../table.ts';

export function metrics({ json }: { json?: boolean }): void {
  if (json) {
    printJson(ROW_FIELDS.map(({ figures: _, text: __, json: ___, reason: ____, ...shown }) => shown));
    return;
  }
  const titles = ['METRIC', 'UNIT', 'FORMULA', 'WHAT'];
  printLine(
    formatTable(
      titles.map((title) => ({ title, align: 'left' })),
      ROW_FIELDS.map(({ id, unit, formula, help }) => [id, unit, formula, help]),
    ),
  );
}
