/** How lists of rows become others, as steps that are written as JSON. */

/** Rows `[first, count]` of the list before, or a new one. */
export type RowStep<Row> = readonly [number, number] | Row;

const isTaken = <Row>(step: RowStep<Row>): step is readonly [number, number] => Array.isArray(step);

/** `from`: by row its place in the list before, -1 for a new one. */
export function stepsTo<Row>(from: Int32Array, rowAt: (row: number) => Row): RowStep<Row>[] {
  const steps: RowStep<Row>[] = [];
  for (let row = 0; row < from.length; ) {
    const first = from[row] ?? -1;
    if (first < 0) {
      steps.push(rowAt(row++));
      continue;
    }
    let count = 1;
    while (row + count < from.length && from[row + count] === first + count) count++;
    steps.push([first, count]);
    row += count;
  }
  return steps;
}

export interface Stepped<Row> {
  readonly rows: readonly Row[];
  readonly from: Int32Array;
}

/** The list that the steps make; undefined where they take rows that are not there, or more than `most`. */
export function afterSteps<Row>(
  before: readonly Row[],
  steps: readonly RowStep<Row>[],
  most: number,
): Stepped<Row> | undefined {
  const rows: Row[] = [];
  const from: number[] = [];
  for (const step of steps) {
    if (!isTaken(step)) {
      rows.push(step);
      from.push(-1);
      continue;
    }
    const [first, count] = step;
    if (first + count > before.length || rows.length + count > most) return undefined;
    for (let at = first; at < first + count; at++) {
      const row = before[at];
      if (row === undefined) return undefined;
      rows.push(row);
      from.push(at);
    }
  }
  return rows.length > most ? undefined : { rows, from: Int32Array.from(from) };
}
