/** A sampler over the simulated kernel, and what its ticks ask for. */

import type { Collector } from '../../src/kernel/collector.ts';
import { CGROUP_FILES, column } from '../../src/metrics/files.ts';
import { createSampler } from '../../src/metrics/sampler.ts';
import { UNREAD_BOUNDS } from '../../src/metrics/sampling-plan.ts';
import { type SnapshotRow, valueAt } from '../../src/metrics/snapshot.ts';
import { simulatedKernel } from './simulated-kernel.ts';
import { HOST } from './snapshots.ts';

export const TICK_MS = 1000;

const host = { read: async () => HOST };

type Kernel = ReturnType<typeof simulatedKernel>;

const ALL = CGROUP_FILES.map((_, index) => 1 << index);
const VOUCHED = ALL.filter((_, index) => CGROUP_FILES[index]?.vouching);
const CPU_PRESSURE = ALL.filter((_, index) => CGROUP_FILES[index]?.file === 'cpu.pressure');
const askedIn = (masks: Uint32Array, files: readonly number[]): number =>
  masks.reduce((count, mask) => count + files.filter((bit) => mask & bit).length, 0);

/**
 * A sampler of these cgroups, none of which is shown unless a tick says so, that has ticked until they are quiet. `uncharged`: see
 * WaitBoundsOptions.
 */
export async function watch(paths: readonly string[], uncharged?: () => number) {
  const kernel = simulatedKernel({ polls: true });
  for (const path of paths) kernel.make(path);
  let asked = 0;
  let files = 0;
  let vouched = 0;
  let pressures = 0;
  /** Of each pass, whether it goes on with the tick of the one before. */
  let passes: (boolean | undefined)[] = [];
  const collect: Collector['collect'] = (request) => {
    asked += request.ids.length;
    passes.push(request.sameTick);
    files += askedIn(request.masks, ALL);
    vouched += askedIn(request.masks, VOUCHED);
    pressures += askedIn(request.masks, CPU_PRESSURE);
    return kernel.collector.collect(request);
  };
  const collector = { ...kernel.collector, collect };
  const sampler = createSampler({
    ...{ collector, host, bounds: UNREAD_BOUNDS, cpus: 1, clock: kernel.now },
    ...(uncharged && { uncharged }),
  });
  let rows: readonly SnapshotRow[] = [];
  async function tick(milliseconds = TICK_MS, during: Parameters<Kernel['pass']>[1] = [], shown = '', exactly = '') {
    kernel.pass(milliseconds, during);
    asked = 0;
    files = 0;
    vouched = 0;
    pressures = 0;
    passes = [];
    const [visible, exact] = [shown, exactly].map(
      (wanted) => new Set(rows.flatMap(({ path, inode }) => (path === wanted ? [inode] : []))),
    );
    const { snapshot, reads } = await sampler.tick({ rows, visible, exact, touched: new Set() });
    const value = (path: string, ref: string): number => {
      const row = snapshot.rows.findIndex((one) => one.path === path);
      return valueAt(snapshot, column(ref), row);
    };
    return { snapshot, reads, asked, files, vouched, pressures, passes, value };
  }
  const list = () => {
    rows = kernel.cgroups().map(({ path, inode }) => ({ path, inode }));
  };
  list();
  for (let count = 0; count < 12; count++) await tick();
  return { kernel, tick, list };
}
