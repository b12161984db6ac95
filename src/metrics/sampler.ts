/**
 * The sampler takes one Snapshot a tick, at the cost of what is shown. It reads the hot files of all rows every tick, the
 * warm ones of the visible rows every tick and of the others in turn, and limits when they were written and in turn. A
 * file that a tick does not read keeps its values and the time of its last read.
 */
import { type Collector, type Columns, NOT_READ, PRESENT } from '../kernel/collector.ts';
import { createCounterCheck } from './counters.ts';
import { CGROUP_FILES, COLUMN_COUNT, FIRST_COLUMN, fileMask, SNAPSHOT_FILES, tierMask } from './files.ts';
import type { HostReader } from './host.ts';
import type { NetworkReader } from './network.ts';
import { emptyColumns, matchRows, parentRows, type Snapshot, type SnapshotRow } from './snapshot.ts';
import { gridTime } from './time-grid.ts';

export interface SamplerOptions {
  readonly collector: Collector;
  readonly host: HostReader;
  readonly network?: NetworkReader;
  /** In so many ticks the warm files and limits of each row that is not visible are read once. */
  readonly slowTicks?: number;
}

export interface TickRequest {
  /** Every cgroup to sample, parents before children. */
  readonly rows: readonly SnapshotRow[];
  /** Inodes whose warm files, limits and network are read in this tick; undefined for all. */
  readonly visible?: ReadonlySet<number>;
  /** Inodes whose network is read in this tick though they are not visible. */
  readonly network?: ReadonlySet<number>;
  /** Inodes whose limits were just written by somebody; `all` where that is not known. */
  readonly touched?: ReadonlySet<number> | 'all';
}

export interface Tick {
  readonly snapshot: Snapshot;
  /** Rows of the request that were gone or re-created: the tree must be walked again. */
  readonly vanished: readonly SnapshotRow[];
  /** Files read. */
  readonly reads: number;
  /** The kernel's count of live cgroups beneath the mount; NaN where it is not known. */
  readonly descendants: number;
}

export interface Sampler {
  tick(request: TickRequest): Promise<Tick>;
}

interface Assembled {
  readonly snapshot: Snapshot;
  /** Row of the Snapshot before, by row; -1 for a new one. */
  readonly oldRows: Int32Array;
}

const HOT = tierMask('hot');
const WARM = tierMask('warm');
const LIMIT = tierMask('limit');
const CGROUP_STAT = fileMask('cgroup.stat');
const NETWORK = SNAPSHOT_FILES.length - 1;

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createSampler({ collector, host, network, slowTicks = 10 }: SamplerOptions): Sampler {
  /** Collector id by inode. */
  const ids = new Map<number, number>();
  /** Of the rows that were asked for last. */
  let followed: { readonly rows: readonly SnapshotRow[]; readonly ids: Uint32Array } | undefined;
  let previous: { snapshot: Snapshot; rowOf: ReadonlyMap<number, number> } | undefined;
  let tickNumber = 0;
  const counters = createCounterCheck();

  /** Adds the request's cgroups to the collector and removes those that are no longer asked for. */
  function follow(rows: readonly SnapshotRow[]): Uint32Array {
    if (followed?.rows === rows) return followed.ids;
    const wanted = new Set(rows.map(({ inode }) => inode));
    for (const [inode, id] of ids) {
      if (wanted.has(inode)) continue;
      collector.remove(id);
      ids.delete(inode);
    }
    for (const { path, inode } of rows) if (!ids.has(inode)) ids.set(inode, collector.add(path));
    followed = { rows, ids: Uint32Array.from(rows, ({ inode }) => ids.get(inode) ?? 0) };
    return followed.ids;
  }

  function maskOf({ path, inode }: SnapshotRow, { visible, touched }: TickRequest): number {
    const root = path === '/' ? CGROUP_STAT : 0;
    const isNew = previous?.rowOf.has(inode) !== true;
    if (isNew || visible === undefined) return HOT | WARM | LIMIT | root;
    const written = touched === 'all' || touched?.has(inode) === true;
    // Limits change only when somebody writes them. Where no watch tells of it, each row has its turn.
    const turn = (inode + tickNumber) % slowTicks === 0;
    return HOT | root | (visible.has(inode) || turn ? WARM : 0) | (written || turn ? LIMIT : 0);
  }

  /** Makes the pass a Snapshot: leaves out rows that are gone, and carries over values that were not read. */
  function assemble(request: TickRequest, columns: Columns, hostNow: Snapshot['host'], started: number): Assembled {
    const asked = request.rows;
    const from = new Int32Array(asked.length);
    let count = 0;
    for (let row = 0; row < asked.length; row++) {
      if (columns.states[row] === PRESENT && columns.inodes[row] === asked[row]?.inode) from[count++] = row;
    }
    const rows =
      count === asked.length ? asked : Array.from(from.subarray(0, count)).flatMap((row) => asked[row] ?? []);
    const old = previous?.snapshot;
    const oldRows = matchRows(rows, old?.rows ?? []);
    const { values, errors, times } = emptyColumns(count);
    const oldCount = old?.rows.length ?? 0;
    const isRead = new Uint8Array(count);
    /** Fills one column: with what this pass read, else with what was known before. */
    const join = (into: Float64Array, index: number, read: Float64Array, before: Float64Array | undefined): void => {
      for (let row = 0; row < count; row++) {
        if (isRead[row]) into[index * count + row] = read[index * columns.rows + (from[row] ?? 0)] ?? Number.NaN;
        else if (before) into[index * count + row] = before[index * oldCount + (oldRows[row] ?? -1)] ?? Number.NaN;
      }
    };
    for (let file = 0; file < CGROUP_FILES.length; file++) {
      for (let row = 0; row < count; row++) {
        const error = columns.errors[file * columns.rows + (from[row] ?? 0)] ?? NOT_READ;
        const oldRow = oldRows[row] ?? -1;
        isRead[row] = Number(error !== NOT_READ || oldRow < 0);
        errors[file * count + row] = isRead[row] ? error : (old?.errors[file * oldCount + oldRow] ?? NOT_READ);
      }
      const first = FIRST_COLUMN[file] ?? 0;
      const end = first + (CGROUP_FILES[file]?.keys.length ?? 0);
      for (let index = first; index < end; index++) join(values, index, columns.values, old?.values);
      join(times, file, columns.times, old?.times);
      for (let row = 0, at = file * count; row < count; row++, at++)
        if (isRead[row]) times[at] = gridTime(times[at] ?? Number.NaN);
    }
    const parents = old?.rows === rows ? old.parents : parentRows(rows);
    const snapshot = { wall: Date.now(), monotonic: started, host: hostNow, rows, parents, values, errors, times };
    return { snapshot, oldRows };
  }

  async function addNetwork(snapshot: Snapshot, { visible, network: asked }: TickRequest): Promise<void> {
    if (!network) return;
    const shown = snapshot.rows.flatMap(({ path, inode }, row) =>
      !visible || visible.has(inode) || asked?.has(inode) ? [{ path, inode, row }] : [],
    );
    const count = snapshot.rows.length;
    const first = FIRST_COLUMN[NETWORK] ?? COLUMN_COUNT;
    for (const { row, counters, error, time } of await network.read(shown)) {
      counters.forEach((value, offset) => {
        snapshot.values[(first + offset) * count + row] = value;
      });
      snapshot.errors[NETWORK * count + row] = error;
      snapshot.times[NETWORK * count + row] = gridTime(time);
    }
  }

  return {
    async tick(request) {
      const asked = follow(request.rows);
      const started = gridTime(Number(process.hrtime.bigint()) / 1e6);
      const [columns, hostNow] = await Promise.all([
        collector.collect({
          ids: asked,
          masks: Uint32Array.from(request.rows, (row) => maskOf(row, request)),
        }),
        host.read(),
      ]);
      tickNumber++;
      const { snapshot, oldRows } = assemble(request, columns, hostNow, started);
      await addNetwork(snapshot, request);
      if (previous) counters.settle(snapshot, previous.snapshot, oldRows);
      const isSame = previous?.snapshot.rows === snapshot.rows;
      const rowOf = previous && isSame ? previous.rowOf : new Map(snapshot.rows.map(({ inode }, row) => [inode, row]));
      const isWhole = snapshot.rows.length === request.rows.length;
      const vanished = isWhole ? [] : request.rows.filter(({ inode }) => !rowOf.has(inode));
      // The collector must forget a vanished cgroup: the next one at its path is another one.
      for (const { inode } of vanished) {
        const id = ids.get(inode);
        if (id !== undefined) collector.remove(id);
        ids.delete(inode);
        followed = undefined;
      }
      previous = { snapshot, rowOf };
      return { snapshot, vanished, reads: columns.reads, descendants: descendantsOf(snapshot) };
    },
  };
}

function descendantsOf({ rows, values }: Snapshot): number {
  const index = (FIRST_COLUMN[CGROUP_FILES.findIndex(({ file }) => file === 'cgroup.stat')] ?? 0) * rows.length;
  return rows[0]?.path === '/' ? (values[index] ?? Number.NaN) : Number.NaN;
}
