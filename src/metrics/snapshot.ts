/** Raw counters of every row at one instant: what is recorded, replayed and compared to make a Usage. */

import { parentOf } from '../kernel/cgroup-path.ts';
import { NOT_READ } from '../kernel/collector.ts';
import { COLUMN_COUNT, SNAPSHOT_FILES } from './files.ts';
import type { HostSnapshot } from './host.ts';
import { unknownRows } from './moved-rows.ts';

export interface Snapshot {
  /** Milliseconds since the epoch, for showing; intervals come from `times`. */
  readonly wall: number;
  /** CLOCK_MONOTONIC in milliseconds when the pass began. */
  readonly monotonic: number;
  readonly host: HostSnapshot;
  /** One row a cgroup, parents before children. The array of the Snapshot before where none came, went or got a name. */
  readonly rows: readonly SnapshotRow[];
  /** Index of the parent's row; -1 for the root or where the parent is not in view. */
  readonly parents: Int32Array;
  /** By column, then by row. The array of the Snapshot before where no figure in it became another one; so are those below. */
  readonly values: readonly Float64Array[];
  /** errno by file, then by row; the codes below above 200. */
  readonly errors: readonly Uint8Array[];
  /**
   * CLOCK_MONOTONIC milliseconds, by file, then by row, at which it had these values: of its read, or of that of a parent
   * which vouched for it (./vouching.ts). A file of which this pass knows nothing new keeps value and time.
   */
  readonly times: readonly Float64Array[];
  /**
   * By row: 0 where nothing that this pass read can have changed a figure or a rate of the row. Absent where that is not
   * known.
   */
  readonly read?: Uint8Array;
}

export interface SnapshotRow {
  readonly path: string;
  /** Inode of the directory: the identity of the row between Snapshots. */
  readonly inode: number;
}

/** `errors` code of a read whose counters were lower than before, or missing: the Snapshot has those of the read before. */
export const COUNTERS_FELL = 250;

/** `errors` codes of network figures that are unavailable by nature, above every errno. */
export const HOST_NETWORK = 251;
export const NO_PROCESS = 252;
export const SEVERAL_NETWORKS = 253;

/** `errors` codes of what a store has of another machine: no figure, and one that no machine can have told. */
export const NOT_TOLD = 254;
export const IMPOSSIBLE = 249;

/** What is read of each row. */
export type RowFigures = Pick<Snapshot, 'values' | 'errors' | 'times'>;

/** The figures of so many rows, of which nothing is known yet. */
export function unknownFigures(rows: number): RowFigures {
  const unknown = (): Float64Array => unknownRows(rows);
  return {
    values: Array.from({ length: COLUMN_COUNT }, unknown),
    errors: SNAPSHOT_FILES.map(() => new Uint8Array(rows).fill(NOT_READ)),
    times: SNAPSHOT_FILES.map(unknown),
  };
}

export const valueAt = ({ values }: Pick<Snapshot, 'values'>, column: number, row: number): number =>
  values[column]?.[row] ?? Number.NaN;

export const errorAt = ({ errors }: Pick<Snapshot, 'errors'>, file: number, row: number): number =>
  errors[file]?.[row] ?? NOT_READ;

export const timeAt = ({ times }: Pick<Snapshot, 'times'>, file: number, row: number): number =>
  times[file]?.[row] ?? Number.NaN;

/** Parent row of each row, from paths; rows must have parents first. */
export function parentRows(rows: readonly SnapshotRow[]): Int32Array {
  const rowOf = new Map<string, number>();
  const parents = new Int32Array(rows.length);
  rows.forEach(({ path }, row) => {
    const up = path === '/' ? undefined : parentOf(path);
    parents[row] = up === undefined ? -1 : (rowOf.get(up) ?? -1);
    rowOf.set(path, row);
  });
  return parents;
}

/** By row, the first child of its parent; -1 for a row without a parent in view. */
export function firstChildren(parents: Int32Array): Int32Array {
  const first = new Int32Array(parents.length).fill(-1);
  return parents.map((parent, row) => {
    if (parent < 0) return -1;
    if ((first[parent] ?? -1) < 0) first[parent] = row;
    return first[parent] ?? -1;
  });
}

const BY_INODE = new WeakMap<readonly SnapshotRow[], ReadonlyMap<number, number>>();

/** Row by inode; made once for a list, which is the same one as long as no cgroup comes, goes or gets a name. */
export function rowByInode(rows: readonly SnapshotRow[]): ReadonlyMap<number, number> {
  const known = BY_INODE.get(rows) ?? new Map(rows.map(({ inode }, row) => [inode, row]));
  BY_INODE.set(rows, known);
  return known;
}

/** For each row its index among `others`, by inode; -1 where it is not there. */
export function matchRows(rows: readonly SnapshotRow[], others: readonly SnapshotRow[]): Int32Array {
  if (rows === others) return ownRows(rows);
  const matched = new Int32Array(rows.length);
  const indices = rowByInode(others);
  for (let row = 0; row < rows.length; row++) matched[row] = indices.get(rows[row]?.inode ?? -1) ?? -1;
  return matched;
}

const OWN_ROWS = new WeakMap<readonly SnapshotRow[], Int32Array>();

/** Each row is its own match. */
function ownRows(rows: readonly SnapshotRow[]): Int32Array {
  const known = OWN_ROWS.get(rows) ?? Int32Array.from(rows.keys());
  OWN_ROWS.set(rows, known);
  return known;
}
