/** Rows of text as aligned columns; what does not fit the width is left out from the right, the first column is cut. */

import { cellWidth, cut, padEnd, padStart, terminalSafe } from '../text/cells.ts';

export interface TableColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Columns of the terminal; undefined for a pipe, and for a terminal that does not know (a serial line says 0). */
export const terminalWidth = (): number | undefined =>
  process.stdout.isTTY && process.stdout.columns > 0 ? process.stdout.columns : undefined;

const GAP = 2;
const LEAST_FIRST = 12;

/** `width` undefined: no limit, as for a pipe. Cells may hold untrusted text. */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  width?: number,
): string {
  const safe = rows.map((row) => row.map(terminalSafe));
  const widths = columns.map(({ title }, index) =>
    Math.max(cellWidth(title), ...safe.map((row) => cellWidth(row[index] ?? ''))),
  );
  const shown = fit(widths, width);
  const line = (cells: readonly string[]): string =>
    shown
      .map((width, index) => {
        const text = cut(cells[index] ?? '', width);
        return columns[index]?.align === 'right' ? padStart(text, width) : padEnd(text, width);
      })
      .join(' '.repeat(GAP))
      .trimEnd();
  return [line(columns.map(({ title }) => title)), ...safe.map(line)].join('\n');
}

/** Widths of the columns that fit: the first column shrinks down to LEAST_FIRST, then columns at the right are left out. */
function fit(widths: readonly number[], width: number | undefined): number[] {
  if (width === undefined) return [...widths];
  for (let count = widths.length; count > 0; count--) {
    const [first = 0, ...others] = widths.slice(0, count);
    const left = width - others.reduce((sum, other) => sum + other + GAP, 0);
    if (left >= Math.min(first, LEAST_FIRST) || count === 1) return [Math.max(1, Math.min(first, left)), ...others];
  }
  return [];
}
