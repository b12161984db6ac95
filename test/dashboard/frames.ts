/** Frames made by hand, for the pure views. */

import type { Workload } from '../../src/inventory/workload.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { frameBetween } from '../metrics/frames.ts';
import { snapshotOf } from '../metrics/snapshots.ts';

export interface Load {
  readonly name: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly kind?: Workload['kind'];
  readonly inode?: number;
  /** Beneath the mount; `/NAME` by default. Parents first. */
  readonly path?: string;
  /** What else it is. */
  readonly facts?: Partial<Workload>;
  readonly populated?: boolean;
  readonly frozen?: boolean;
  /** Percent of the time in which a task waited for the CPU. */
  readonly pressure?: number;
}

/** One second between the two Snapshots; `cpu` in percent of one CPU, `memory` in bytes. */
export function frameOf(loads: readonly Load[]): Frame {
  const rows = (scale: number) =>
    loads.map(({ name, cpu, memory, inode, path, populated, frozen, pressure }, index) => ({
      path: path ?? `/${name}`,
      inode: inode ?? index + 1,
      figures: {
        ...(cpu === undefined ? {} : { 'cpu.stat:usage_usec': scale * cpu * 1e4 }),
        ...(pressure === undefined ? {} : { 'cpu.pressure:some.total': scale * pressure * 1e4 }),
        ...(populated === undefined ? {} : { 'cgroup.events:populated': Number(populated) }),
        ...(frozen === undefined ? {} : { 'cgroup.events:frozen': Number(frozen) }),
        ...(memory === undefined ? {} : { 'memory.current:value': memory, 'memory.stat:inactive_file': 0 }),
      },
    }));
  const [before, now] = [snapshotOf(0, rows(0)), snapshotOf(1, rows(1))];
  return frameBetween(before, now, (row) => {
    const { name = '', kind = 'container', facts } = loads[row] ?? {};
    return { name, kind, ...facts };
  });
}
