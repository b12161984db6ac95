/**
 * Since when each counter counts, as OpenTelemetry wants it told of a cumulative sum. The kernel does not say when a cgroup was
 * made, so that it goes by the Frames:
 *
 *     a cgroup that the Frame before had not      the time of that Frame: all that it counts came after it
 *     one that the first Frame has                the time of that Frame, by which a receiver knows that the start is unknown
 *     a counter that fell, or was unavailable     the time of this Frame: of what it counts nobody knows when it came
 */

import { matchRows, type Snapshot, type SnapshotRow } from '../metrics/snapshot.ts';

/**
 * By row, in milliseconds since the epoch. `name` tells these figures apart from others of the Frame; `mayFall`: they are a level,
 * such as memory in use.
 */
export type StartsOf = (name: string, figures: Float64Array, mayFall: boolean) => Float64Array;

interface Counted {
  readonly figures: Float64Array;
  readonly starts: Float64Array;
}

interface Passed {
  readonly wall: number;
  readonly rows: readonly SnapshotRow[];
  readonly counted: Map<string, Counted>;
}

/** Is given each Snapshot in turn. */
export function createStarts(): (snapshot: Pick<Snapshot, 'wall' | 'rows'>) => StartsOf {
  let last: Passed | undefined;
  return ({ wall, rows }) => {
    const before = last;
    const matched = before && matchRows(rows, before.rows);
    const counted = new Map<string, Counted>();
    last = { wall, rows, counted };

    function startOf(row: number, known: Counted | undefined, figure: number, mayFall: boolean): number {
      const was = matched?.[row];
      if (before === undefined || was === undefined) return wall;
      if (was < 0) return before.wall;
      const figureBefore = known?.figures[was] ?? Number.NaN;
      const isOn = mayFall ? !Number.isNaN(figureBefore) : figure >= figureBefore;
      return isOn ? (known?.starts[was] ?? wall) : wall;
    }

    return (name, figures, mayFall) => {
      const known = before?.counted.get(name);
      // Where the clock was set back, a start would be later than the figure.
      const starts = figures.map((figure, row) => Math.min(wall, startOf(row, known, figure, mayFall)));
      counted.set(name, { figures, starts });
      return starts;
    };
  };
}
