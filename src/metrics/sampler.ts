/**
 * The sampler: one Snapshot a tick, at the cost of what is shown. Hot files of all rows every tick; warm ones of the
 * visible rows every tick and of the others in turn; limits now and then. What a tick does not read keeps its value
 * and the time of its read.
 */
import { type Collector, type Columns, NOT_READ, PRESENT } from '../kernel/collector.ts';
import { CGROUP_FILES, COLUMN_COUNT, FIRST_COLUMN, fileMask, SNAPSHOT_FILES, tierMask } from './files.ts';
import type { HostReader } from './host.ts';
import type { NetworkReader } from './network.ts';
import { emptyColumns, parentRows, type Snapshot, type SnapshotRow } from './snapshot.ts';

export interface SamplerOptions {
  readonly collector: Collector;
  readonly host: HostReader;
  readonly network?: NetworkReader;
  /** Ticks in which every row's warm files and limits are read once, where it is not visible. */
  readonly slowTicks?: number;
}

export interface TickRequest {
  /** Every cgroup to sample, parents before children. */
  readonly rows: readonly SnapshotRow[];
  /** Inodes whose warm files, limits and network are read in this tick; undefined for all. */
  readonly visible?: ReadonlySet<number>;
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

const HOT = tierMask('hot');
const WARM = tierMask('warm');
const LIMIT = tierMask('limit');
const CGROUP_STAT = fileMask('cgroup.stat');
const NETWORK = SNAPSHOT_FILES.length - 1;

export function createSampler({ collector, host, network, slowTicks = 10 }: SamplerOptions): Sampler {
  /** Collector id by inode. */
  const ids = new Map<number, number>();
  let previous: { snapshot: Snapshot; rowOf: ReadonlyMap<number, number> } | undefined;
  let tickNumber = 0;

  /** Follows the request's cgroups and lets go of the others. */
  function follow(rows: readonly SnapshotRow[]): void {
    const wanted = new Set(rows.map(({ inode }) => inode));
    for (const [inode, id] of ids) {
      if (wanted.has(inode)) continue;
      collector.remove(id);
      ids.delete(inode);
    }
    for (const { path, inode } of rows) if (!ids.has(inode)) ids.set(inode, collector.add(path));
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

  /** The pass as a Snapshot: rows that are gone left out, values that were not read carried over. */
  function assemble(request: TickRequest, columns: Columns, hostNow: Snapshot['host'], started: number): Snapshot {
    const kept: number[] = [];
    request.rows.forEach((entry, row) => {
      if (columns.states[row] === PRESENT && columns.inodes[row] === entry.inode) kept.push(row);
    });
    const rows = kept.flatMap((row) => request.rows[row] ?? []);
    const { values, errors, times } = emptyColumns(rows.length);
    const old = previous?.snapshot;
    kept.forEach((from, to) => {
      const oldRow = old ? (previous?.rowOf.get(rows[to]?.inode ?? -1) ?? -1) : -1;
      for (let file = 0; file < CGROUP_FILES.length; file++) {
        const read = columns.errors[file * columns.rows + from] !== NOT_READ;
        if (!read && oldRow < 0) continue;
        const source = read ? columns : old;
        if (!source) continue;
        const sourceRows = read ? columns.rows : (old?.rows.length ?? 0);
        const sourceRow = read ? from : oldRow;
        const first = FIRST_COLUMN[file] ?? 0;
        const end = first + (CGROUP_FILES[file]?.keys.length ?? 0);
        for (let index = first; index < end; index++) {
          values[index * rows.length + to] = source.values[index * sourceRows + sourceRow] ?? Number.NaN;
        }
        errors[file * rows.length + to] = source.errors[file * sourceRows + sourceRow] ?? NOT_READ;
        times[file * rows.length + to] = source.times[file * sourceRows + sourceRow] ?? Number.NaN;
      }
    });
    return {
      wall: Date.now(),
      monotonic: started,
      host: hostNow,
      rows,
      parents: parentRows(rows),
      values,
      errors,
      times,
    };
  }

  async function addNetwork(snapshot: Snapshot, visible: ReadonlySet<number> | undefined): Promise<void> {
    if (!network) return;
    const shown = snapshot.rows.flatMap((entry, row) =>
      !visible || visible.has(entry.inode) ? [{ ...entry, row }] : [],
    );
    const count = snapshot.rows.length;
    const first = FIRST_COLUMN[NETWORK] ?? COLUMN_COUNT;
    for (const { row, counters, error, time } of await network.read(shown)) {
      counters.forEach((value, offset) => {
        snapshot.values[(first + offset) * count + row] = value;
      });
      snapshot.errors[NETWORK * count + row] = error;
      snapshot.times[NETWORK * count + row] = time;
    }
  }

  return {
    async tick(request) {
      follow(request.rows);
      const started = Number(process.hrtime.bigint()) / 1e6;
      const [columns, hostNow] = await Promise.all([
        collector.collect({
          ids: Uint32Array.from(request.rows, ({ inode }) => ids.get(inode) ?? 0),
          masks: Uint32Array.from(request.rows, (row) => maskOf(row, request)),
        }),
        host.read(),
      ]);
      tickNumber++;
      const snapshot = assemble(request, columns, hostNow, started);
      await addNetwork(snapshot, request.visible);
      const rowOf = new Map(snapshot.rows.map(({ inode }, row) => [inode, row]));
      const vanished = request.rows.filter(({ inode }) => !rowOf.has(inode));
      // A vanished cgroup is let go of here: whoever has its path next is another one.
      for (const { inode } of vanished) {
        const id = ids.get(inode);
        if (id !== undefined) collector.remove(id);
        ids.delete(inode);
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
