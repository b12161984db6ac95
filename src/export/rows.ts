/** The rows of a Frame as JSON and CSV have them: what each workload is, and its figures. */

import type { Field } from '../diagnosis/fields.ts';
import { FACTS } from '../inventory/workload-facts.ts';
import type { Frame } from '../metrics/source.ts';
import { clean } from '../text/clean.ts';
import { csvLine } from '../text/csv.ts';

/** A field of JSON, and a column of CSV. */
export interface RowColumn {
  readonly name: string;
  /** Null for what is not known. */
  readonly of: (frame: Frame, row: number) => string | number | null;
}

/** When the row was measured: of what is past, where it is not known by itself. */
export const TIME_COLUMN: RowColumn = {
  name: 'time',
  of: ({ usage }) => new Date(usage.snapshot.wall).toISOString(),
};

/** Which machine the row is of, where there are several. */
export const HOST_COLUMN: RowColumn = { name: 'host', of: ({ workloads }, row) => workloads[row]?.host ?? null };

const FACT_COLUMNS = Object.entries(FACTS).map(
  ([name, fact]): RowColumn => ({
    name,
    of: ({ workloads }, row) => {
      const workload = workloads[row];
      return (workload && fact(workload)) || null;
    },
  }),
);

/** The columns of every row: the facts, and then the fields. */
export const rowColumns = (fields: readonly Field[]): readonly RowColumn[] => [
  ...FACT_COLUMNS,
  ...fields.map(({ id, json }): RowColumn => ({ name: id, of: ({ usage }, row) => json(usage, row) })),
];

export const rowObject = (
  columns: readonly RowColumn[],
  frame: Frame,
  row: number,
): Readonly<Record<string, string | number | null>> =>
  Object.fromEntries(columns.map(({ name, of }) => [name, of(frame, row)]));

export const csvHead = (columns: readonly RowColumn[]): string => csvLine(columns.map(({ name }) => name));

export const csvRow = (columns: readonly RowColumn[], frame: Frame, row: number): string =>
  csvLine(
    columns.map(({ of }) => {
      const value = of(frame, row);
      return typeof value === 'string' ? clean(value) : value;
    }),
  );
