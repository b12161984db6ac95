/**
 * The limits that bind a cgroup, of those that are set on it, on its ancestors, and below it.
 *
 * - The effective limit is the smallest of them: memory.max, memory.swap.max, pids.max, quota / period of cpu.max. A limit
 *   at or above what the machine has binds nothing.
 * - The headroom is how much more may be used before one of them is reached: the smallest limit minus use. It may be that
 *   of another cgroup than the smallest limit: a parent of 100M of which 97M are in use leaves less than a child of 80M of
 *   which 50M are.
 *
 * A limit below counts where one child has all the processes: Slurm limits `step_0/user` and leaves `step_0` at `max`, some
 * versions of crun limit `container` below the container's own cgroup, and nspawn's payload is beside its supervisor.
 */

import { holdsOthers, isHelper, kindOfPath } from '../inventory/only-child.ts';
import type { WorkloadKind } from '../inventory/workload.ts';
import { limitOf, NO_LIMIT } from '../kernel/value.ts';
import { column } from './files.ts';
import { unknownRows } from './moved-rows.ts';
import type { LimitKind } from './reading.ts';
import { type Snapshot, valueAt } from './snapshot.ts';

export interface EffectiveLimit {
  /** Smallest by row: NO_LIMIT where none is set, NaN where the row's own file is unavailable. */
  readonly values: Float64Array;
  /** Row whose file it is; -1 for no limit. */
  readonly rows: Int32Array;
}

export interface LimitOfFiles extends EffectiveLimit {
  /** What each row's own file says: NaN where it has none, as the root and where the controller is not enabled. */
  readonly own: Float64Array;
}

/** How much more each row may use, in the unit of the limit. */
export interface Headroom {
  /** Smallest by row, never negative: NO_LIMIT where nothing limits it, NaN where the use of a limited cgroup is unknown. */
  readonly values: Float64Array;
  /** Row that has so little left, or whose use is unknown; -1 where nothing limits it. */
  readonly rows: Int32Array;
  /** Use of that row divided by its limit; NaN where nothing limits it, or the limit is 0. */
  readonly shares: Float64Array;
}

const CPU_QUOTA = column('cpu.max:quota');
const CPU_PERIOD = column('cpu.max:period');
const MEMORY_MAX = column('memory.max:value');
const SWAP_MAX = column('memory.swap.max:value');
const PIDS_MAX = column('pids.max:value');
const PIDS_CURRENT = column('pids.current:value');
const POPULATED = column('cgroup.events:populated');

const OWN_LIMIT: Record<LimitKind, (snapshot: Snapshot, row: number) => number> = {
  cpu: (snapshot, row) =>
    limitOf(valueAt(snapshot, CPU_QUOTA, row) / valueAt(snapshot, CPU_PERIOD, row), snapshot.host.cpus),
  memory: (snapshot, row) => limitOf(valueAt(snapshot, MEMORY_MAX, row), snapshot.host.memoryTotal),
  swap: (snapshot, row) => limitOf(valueAt(snapshot, SWAP_MAX, row)),
  pids: (snapshot, row) => limitOf(valueAt(snapshot, PIDS_MAX, row)),
};

function ownLimits(snapshot: Snapshot, kind: LimitKind): Float64Array {
  const limits = new Float64Array(snapshot.rows.length);
  for (let row = 0; row < limits.length; row++) limits[row] = OWN_LIMIT[kind](snapshot, row);
  return limits;
}

/** What effective limits go by, beside the rows. */
const LIMIT_COLUMNS = [CPU_QUOTA, CPU_PERIOD, MEMORY_MAX, SWAP_MAX, PIDS_MAX, PIDS_CURRENT, POPULATED];

/** Whether all limits are effective as they were in the Snapshot before. */
export const hasSameLimits = (snapshot: Snapshot, before: Snapshot): boolean =>
  snapshot.rows === before.rows &&
  snapshot.host.cpus === before.host.cpus &&
  snapshot.host.memoryTotal === before.host.memoryTotal &&
  LIMIT_COLUMNS.every((index) => snapshot.values[index] === before.values[index]);

export function effectiveLimits(snapshot: Snapshot, kind: LimitKind): LimitOfFiles {
  const own = ownLimits(snapshot, kind);
  return { ...smallest(snapshot, own), own };
}

/** `use`: by row, in the unit of the limit; NaN where unknown. It is not asked for where nothing is limited. */
export function headrooms(snapshot: Snapshot, { values, rows, own }: LimitOfFiles, use: () => Float64Array): Headroom {
  if (rows.every((row) => row === -1)) return { values, rows, shares: unknownRows(rows.length) };
  const used = use();
  const left = own.map((limit, row) => {
    if (Number.isNaN(limit) || limit === NO_LIMIT) return limit;
    const usedHere = used[row] ?? Number.NaN;
    return Number.isNaN(usedHere) ? UNKNOWN : Math.max(0, limit - usedHere);
  });
  const least = smallest(snapshot, left);
  const shares = new Float64Array(rows.length);
  for (let row = 0; row < shares.length; row++) {
    const tightest = least.rows[row] ?? -1;
    shares[row] = (used[tightest] ?? Number.NaN) / (own[tightest] || Number.NaN);
  }
  return {
    values: least.values.map((value) => (value === UNKNOWN ? Number.NaN : value)),
    rows: least.rows,
    shares,
  };
}

/** A level whose use is unknown leaves the headroom of all below it unknown: it is the smallest of all. */
const UNKNOWN = Number.NEGATIVE_INFINITY;

/**
 * The smallest figure over each row, its ancestors, and those below it that have all its processes. `levels`: by row; NaN
 * where a level has none. The result is NaN only where no level has one.
 */
function smallest(snapshot: Snapshot, levels: Float64Array): EffectiveLimit {
  const count = snapshot.rows.length;
  const values = new Float64Array(count);
  const rows = new Int32Array(count);
  // Parents come before their children.
  for (let row = 0; row < count; row++) {
    const parent = snapshot.parents[row] ?? -1;
    const own = levels[row] ?? Number.NaN;
    const above = values[parent] ?? Number.NaN;
    const isOwn = !Number.isNaN(own) && !(own > above);
    values[row] = isOwn ? own : above;
    rows[row] = isOwn ? row : (rows[parent] ?? -1);
  }
  const below = unknownRows(count);
  const belowRows = new Int32Array(count).fill(-1);
  const onlyChildren = onlyChildrenOf(snapshot);
  for (let row = count - 1; row >= 0; row--) {
    const child = onlyChildren[row] ?? -1;
    if (child < 0) continue;
    const [own, deeper] = [levels[child] ?? Number.NaN, below[child] ?? Number.NaN];
    const isDeeper = Number.isNaN(own) || deeper < own;
    below[row] = isDeeper ? deeper : own;
    belowRows[row] = isDeeper ? (belowRows[child] ?? -1) : child;
  }
  for (let row = 0; row < count; row++) {
    const [least, known] = [below[row] ?? Number.NaN, values[row] ?? Number.NaN];
    if (!Number.isNaN(least) && !(least >= known)) {
      values[row] = least;
      rows[row] = belowRows[row] ?? -1;
    }
    if (values[row] === NO_LIMIT || Number.isNaN(values[row] ?? Number.NaN)) rows[row] = -1;
  }
  return { values, rows };
}

const NONE = -1;
const SEVERAL = -2;
const ONLY_CHILDREN = new WeakMap<Snapshot, Int32Array>();

/** For each row the child that has all its processes, helpers of the runtime aside; negative for none. */
function onlyChildrenOf(snapshot: Snapshot): Int32Array {
  const found = ONLY_CHILDREN.get(snapshot) ?? findOnlyChildren(snapshot);
  ONLY_CHILDREN.set(snapshot, found);
  return found;
}

function findOnlyChildren(snapshot: Snapshot): Int32Array {
  const { rows, parents } = snapshot;
  const only = new Int32Array(rows.length).fill(NONE);
  const tasksBelow = new Float64Array(rows.length);
  const helps = (row: number): boolean => isHelper(kindOf(rows, row));
  rows.forEach((_, row) => {
    const parent = parents[row] ?? -1;
    if (parent < 0 || valueAt(snapshot, POPULATED, row) === 0) return;
    tasksBelow[parent] = (tasksBelow[parent] ?? 0) + valueAt(snapshot, PIDS_CURRENT, row);
    const known = only[parent] ?? NONE;
    if (known === NONE) only[parent] = row;
    else if (known >= 0 && !helps(row)) only[parent] = helps(known) ? row : SEVERAL;
  });
  rows.forEach((_, row) => {
    const child = only[row] ?? NONE;
    if (child < 0) return;
    // The kernel enables the memory controller for children only where the cgroup itself has no process. Beside the
    // threaded controllers (cpu, pids) it may have some: then the tasks are counted.
    const hasNone =
      !Number.isNaN(valueAt(snapshot, MEMORY_MAX, child)) || valueAt(snapshot, PIDS_CURRENT, row) === tasksBelow[row];
    const isKnown = valueAt(snapshot, POPULATED, child) === 1 && hasNone;
    if (!isKnown || holdsOthers(kindOf(rows, row))) only[row] = NONE;
  });
  return only;
}

/** By list of rows, which is the same as long as no cgroup comes or goes. */
const KINDS = new WeakMap<Snapshot['rows'], WorkloadKind[]>();

function kindOf(rows: Snapshot['rows'], row: number): WorkloadKind {
  const kinds = KINDS.get(rows) ?? [];
  KINDS.set(rows, kinds);
  kinds[row] ??= kindOfPath(rows[row]?.path ?? '');
  return kinds[row] ?? 'cgroup';
}
