/**
 * The sampler takes one Snapshot a tick. ./sampling-plan.ts says what a tick reads. A file that it does not read keeps
 * its values, and the time at which they were known to hold.
 */

import { type Collector, type Columns, NOT_READ, PRESENT } from '../kernel/collector.ts';
import { monotonicMs } from '../kernel/monotonic.ts';
import { createCounterCheck } from './counters.ts';
import { type Draft, draftAfter } from './draft.ts';
import { CGROUP_FILES, COLUMN_COUNT, column, FIRST_COLUMN, SNAPSHOT_FILES, type TieredFile } from './files.ts';
import type { HostReader } from './host.ts';
import { type NetworkReader, type NetworkReading, NO_COUNTERS } from './network.ts';
import type { Pass } from './pass.ts';
import { createSamplingPlan, type TickRequest, UNREAD_BOUNDS } from './sampling-plan.ts';
import { matchRows, NO_PROCESS, rowByInode, type Snapshot, type SnapshotRow, valueAt } from './snapshot.ts';
import { gridTime } from './time-grid.ts';
import type { UnreadBounds } from './vouching.ts';

export interface SamplerOptions {
  readonly collector: Collector;
  readonly host: HostReader;
  readonly network?: NetworkReader;
  /** Within so many milliseconds each row that is not visible is read once, as it may have changed unseen. */
  readonly turnMs?: number;
  readonly bounds?: UnreadBounds;
  /** CGROUP_FILES as the mount has them. */
  readonly files?: readonly TieredFile[];
  /** CPUs of the machine. */
  readonly cpus: number;
  /** See WaitBoundsOptions; it is asked after `host` was read. */
  readonly uncharged?: () => number;
  /** CLOCK_MONOTONIC in milliseconds. */
  readonly clock?: () => number;
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

/** The rows that were asked for last: in arrays, as thousands of objects take long to look at. */
interface Followed {
  readonly rows: readonly SnapshotRow[];
  readonly inodes: Float64Array;
  /** The collector's, by row. */
  readonly ids: Uint32Array;
  /** By id. */
  readonly rowOf: ReadonlyMap<number, number>;
}

export interface Sampler {
  tick(request: TickRequest): Promise<Tick>;
}

const NETWORK = SNAPSHOT_FILES.length - 1;
const FIRST_OF_NETWORK = FIRST_COLUMN[NETWORK] ?? COLUMN_COUNT;
const POPULATED = column('cgroup.events:populated');

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createSampler(options: SamplerOptions): Sampler {
  const {
    collector,
    host,
    network,
    turnMs = 10_000,
    bounds = UNREAD_BOUNDS,
    files = CGROUP_FILES,
    cpus,
    uncharged = () => Number.NaN,
    clock = monotonicMs,
  } = options;
  /** Collector id by inode. */
  const ids = new Map<number, number>();
  let followed: Followed | undefined;
  let previous: Snapshot | undefined;
  /**
   * Files with counters for which no parent vouches. A tick that reads one gives it a rate, also where it stood still; a tick
   * that does not gives it none.
   */
  const counted = files.reduce(
    (mask, { counters, vouching }, file) => (counters && !vouching ? mask | (1 << file) : mask),
    0,
  );
  const plan = createSamplingPlan({ bounds, turnMs, files, cpus, uncharged });
  const counters = createCounterCheck();

  /** Adds the request's cgroups to the collector and removes those that are no longer asked for. */
  function follow(rows: readonly SnapshotRow[]): Followed {
    if (followed?.rows === rows) return followed;
    const wanted = new Set(rows.map(({ inode }) => inode));
    for (const [inode, id] of ids) {
      if (wanted.has(inode)) continue;
      collector.remove(id);
      ids.delete(inode);
    }
    for (const { path, inode } of rows) if (!ids.has(inode)) ids.set(inode, collector.add(path));
    const idOfRow = Uint32Array.from(rows, ({ inode }) => ids.get(inode) ?? 0);
    const inodes = Float64Array.from(rows, ({ inode }) => inode);
    followed = { rows, inodes, ids: idOfRow, rowOf: new Map(Array.from(idOfRow, (id, row) => [id, row])) };
    return followed;
  }

  /** Notes what a pass read: in `read` the rows whose figures can be others now, in `gone` those that are gone. */
  function scatter(
    draft: Draft,
    { pass, columns, inodes }: { pass: Pass; columns: Columns; inodes: Float64Array },
    { read, gone }: { read: Uint8Array; gone: Set<number> },
  ): void {
    for (let place = 0; place < pass.rows.length; place++) {
      const row = pass.rows[place] ?? 0;
      if (columns.states[place] !== PRESENT || columns.inodes[place] !== inodes[row]) gone.add(row);
      const mask = pass.masks[place] ?? 0;
      for (let file = 0; mask >>> file; file++) {
        const at = (columns.filePlaces[file] ?? -1) * columns.rows + place;
        const error = columns.errors[at] ?? NOT_READ;
        if (error === NOT_READ) continue;
        let isOther = draft.setError(file, row, error);
        draft.setTime(file, row, gridTime(columns.times[at] ?? Number.NaN));
        const end = FIRST_COLUMN[file + 1] ?? COLUMN_COUNT;
        for (let index = FIRST_COLUMN[file] ?? 0; index < end; index++) {
          const value = columns.values[(columns.columnPlaces[index] ?? -1) * columns.rows + place] ?? Number.NaN;
          if (draft.setValue(index, row, value)) isOther = true;
        }
        plan.note(draft, row, file, isOther);
        if (isOther || (error === 0 && (counted >>> file) & 1)) read[row] = 1;
      }
      plan.watch(row, columns.watched[place] ?? 0);
    }
  }

  /** Reads what the plan asks for, until there is nothing left. */
  async function readAll(
    draft: Draft,
    request: TickRequest,
  ): Promise<{ gone: Set<number>; read: Uint8Array; reads: number }> {
    const { inodes, ids: idOfRow, rowOf } = follow(request.rows);
    const gone = new Set<number>();
    const read = new Uint8Array(request.rows.length);
    let reads = 0;
    let sameTick = false;
    for (let pass: Pass | undefined = plan.first(draft, request); pass; pass = plan.next(draft)) {
      const asked = pass.rows.map((row) => idOfRow[row] ?? 0);
      const columns = await collector.collect({ ids: asked, masks: pass.masks, sameTick });
      sameTick = true;
      reads += columns.reads;
      scatter(draft, { pass, columns, inodes }, { read, gone });
      for (const id of columns.told) {
        const row = rowOf.get(id);
        if (row !== undefined) plan.told(row);
      }
    }
    return { gone, read, reads };
  }

  function noteNetwork(draft: Draft, { row, counters, error, time }: NetworkReading, read: Uint8Array): void {
    const isOther = draft.setError(NETWORK, row, error);
    draft.setTime(NETWORK, row, gridTime(time));
    // It could not be told before either: all its counters are unknown already.
    if (error !== 0 && !isOther) return;
    read[row] = 1;
    for (let offset = 0; offset < counters.length; offset++)
      draft.setValue(FIRST_OF_NETWORK + offset, row, counters[offset] ?? Number.NaN);
  }

  /** Reads the network of what is shown into the draft, and marks its rows in `read`. */
  async function addNetwork(draft: Draft, { visible, network: asked }: TickRequest, read: Uint8Array): Promise<void> {
    if (!network) return;
    const rowOf = rowByInode(draft.rows);
    const wanted = visible ? new Set([...visible, ...(asked ?? [])]) : rowOf.keys();
    const shown = [...wanted].flatMap((inode) => {
      const row = rowOf.get(inode);
      const path = draft.rows[row ?? -1]?.path;
      if (row === undefined || path === undefined) return [];
      if (valueAt(draft, POPULATED, row) !== 0) return [{ path, inode, row }];
      // It holds no process, and so no network.
      noteNetwork(draft, { row, counters: NO_COUNTERS, error: NO_PROCESS, time: draft.monotonic }, read);
      return [];
    });
    for (const reading of await network.read(shown)) noteNetwork(draft, reading, read);
  }

  return {
    async tick(request) {
      const started = gridTime(clock());
      const asked = draftAfter(previous, request.rows, started);
      const [hostNow, { gone, read: readOfAsked, reads }] = await Promise.all([host.read(), readAll(asked, request)]);
      const wall = Date.now();
      const isWhole = gone.size === 0;
      const isThere = (_: unknown, row: number): boolean => !gone.has(row);
      const draft = isWhole ? asked : draftAfter(asked, asked.rows.filter(isThere), started);
      const read = isWhole ? readOfAsked : readOfAsked.filter(isThere);
      await addNetwork(draft, request, read);
      if (previous) counters.settle(draft, previous, matchRows(draft.rows, previous.rows));
      const { rows, parents, values, errors, times, monotonic } = draft;
      const snapshot: Snapshot = { wall, monotonic, host: hostNow, rows, parents, values, errors, times, read };
      const vanished = isWhole ? [] : request.rows.filter((_, row) => gone.has(row));
      // The collector must forget a vanished cgroup: the next one at its path is another one.
      for (const { inode } of vanished) {
        const id = ids.get(inode);
        if (id !== undefined) collector.remove(id);
        ids.delete(inode);
        followed = undefined;
      }
      previous = snapshot;
      return { snapshot, vanished, reads, descendants: descendantsOf(snapshot) };
    },
  };
}

const DESCENDANTS = FIRST_COLUMN[CGROUP_FILES.findIndex(({ file }) => file === 'cgroup.stat')] ?? 0;

const descendantsOf = (snapshot: Snapshot): number =>
  snapshot.rows[0]?.path === '/' ? valueAt(snapshot, DESCENDANTS, 0) : Number.NaN;
