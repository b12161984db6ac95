/**
 * The limit that really binds: the smallest over a cgroup and its ancestors (memory.max, memory.swap.max, pids.max,
 * quota / period of cpu.max), and which of them it is; of a container of crun also that of the cgroup below it which has
 * all its processes. A limit at or above what the machine has binds nothing.
 */
import { crunOuter } from '../inventory/crun.ts';
import { limitOf, NO_LIMIT } from '../kernel/value.ts';
import { column } from './files.ts';
import type { LimitKind } from './reading.ts';
import type { Snapshot } from './snapshot.ts';

export interface EffectiveLimit {
  /** Smallest by row: NO_LIMIT where none is set, NaN where the row's own file is unavailable. */
  readonly values: Float64Array;
  /** Row whose file it is; -1 for no limit. */
  readonly rows: Int32Array;
}

const ownLimit: Record<LimitKind, (snapshot: Snapshot, row: number) => number> = {
  cpu: (snapshot, row) =>
    limitOf(
      at(snapshot, column('cpu.max:quota'), row) / at(snapshot, column('cpu.max:period'), row),
      snapshot.host.cpus,
    ),
  memory: (snapshot, row) => limitOf(at(snapshot, column('memory.max:value'), row), snapshot.host.memoryTotal),
  swap: (snapshot, row) => limitOf(at(snapshot, column('memory.swap.max:value'), row)),
  pids: (snapshot, row) => limitOf(at(snapshot, column('pids.max:value'), row)),
};

const at = ({ values, rows }: Snapshot, index: number, row: number): number =>
  values[index * rows.length + row] ?? Number.NaN;

/** Parents come before their children. */
export function effectiveLimits(snapshot: Snapshot, kind: LimitKind): EffectiveLimit {
  const count = snapshot.rows.length;
  const values = new Float64Array(count);
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row++) {
    const own = ownLimit[kind](snapshot, row);
    const parent = snapshot.parents[row] ?? -1;
    // The file is missing in the root and where the controller is not enabled: that level sets nothing, the ones
    // above still bind. A row is unavailable only where neither it nor any ancestor has the file.
    const above = parent >= 0 ? (values[parent] ?? Number.NaN) : Number.NaN;
    const aboveRow = parent >= 0 ? (rows[parent] ?? -1) : -1;
    const ownBinds = !Number.isNaN(own) && !(own > above);
    values[row] = Number.isNaN(own) ? above : Number.isNaN(above) ? own : Math.min(own, above);
    rows[row] = values[row] === NO_LIMIT || Number.isNaN(values[row] ?? Number.NaN) ? -1 : ownBinds ? row : aboveRow;
  }
  for (let row = 0; row < count; row++) {
    const outer = snapshot.parents[row] ?? -1;
    if (outer < 0 || crunOuter(snapshot.rows[row]?.path ?? '') === undefined) continue;
    const [below, known] = [values[row] ?? Number.NaN, values[outer] ?? Number.NaN];
    if (Number.isNaN(below) || below >= known) continue;
    values[outer] = below;
    rows[outer] = rows[row] ?? -1;
  }
  return { values, rows };
}
