/** The cgroups of a look: all their files at both ends, and a few of them often in between. */
import { constants } from 'node:os';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { type Collector, type Columns, PRESENT } from '../../kernel/collector.ts';
import { openCollector } from '../../kernel/open-collector.ts';
import { EVERY_FILE, fileIndex, LOOK_FILES, lookColumn, maskOf } from './files.ts';
import type { Figures } from './model.ts';

/** One pass over some cgroups. */
export interface CgroupReading {
  readonly time: number;
  /** Figures of a path; undefined where it is gone or was not read. */
  of(path: string): Figures | undefined;
  /** errno of one of its files; 0 where it was read. */
  error(path: string, file: string): number;
}

export interface LookCgroups {
  readonly paths: readonly string[];
  /** All files of all; of those that are far the few that tell how much they use. */
  everything(): Promise<CgroupReading>;
  /** The same without limits and weights: where only what changes is asked. */
  counters(): Promise<CgroupReading>;
  /** CPU time of all: who is active. */
  usage(): Promise<CgroupReading>;
  /** What of the victims shows whether it lasts. */
  mark(victims: readonly string[]): Promise<CgroupReading>;
  close(): void;
}

const CPU_STAT = maskOf('cpu.stat');
const SETTINGS = maskOf(
  ...['cpu.weight', 'cpu.idle', 'cpu.max', 'memory.min', 'memory.low', 'memory.high', 'memory.max', 'pids.max'],
);
const FAR = maskOf('cpu.stat', 'cpu.weight', 'memory.current', 'io.stat');
const MARK = maskOf('cpu.stat', 'cpu.stat.local', 'cpu.pressure', 'io.pressure', 'memory.pressure');

const BUDGET = 16_384;

export interface LookCgroupsOptions {
  readonly mount: string;
  readonly cgroups: readonly { readonly path: string; readonly inode: number }[];
  /** Devices that lie on others, left out of sums. */
  readonly stacked: readonly string[];
  /** Neither a victim or what is in one, nor an ancestor or its child: nobody competes with it directly. None if absent. */
  readonly isFar?: (path: string) => boolean;
}

export function openLookCgroups(options: LookCgroupsOptions): LookCgroups {
  const { mount, cgroups, stacked, isFar = () => false } = options;
  const collector: Collector = openCollector({ mount, files: LOOK_FILES, budget: BUDGET, skipDevices: stacked });
  const ids = new Map(cgroups.map(({ path }) => [path, collector.add(path)]));
  const inodes = new Map(cgroups.map(({ path, inode }) => [path, inode]));
  const paths = [...ids.keys()];

  async function read(masks: ReadonlyMap<string, number>): Promise<CgroupReading> {
    const asked = [...masks].filter(([path]) => ids.has(path));
    const columns = await collector.collect({
      ids: Uint32Array.from(asked, ([path]) => ids.get(path) ?? 0),
      masks: Uint32Array.from(asked, ([, mask]) => mask),
    });
    const rows = new Map(asked.map(([path], row) => [path, row]));
    return readingOf(columns, (path) => {
      const row = rows.get(path) ?? -1;
      // Another cgroup that took the path meanwhile is another one.
      const isSame = columns.states[row] === PRESENT && columns.inodes[row] === inodes.get(path);
      return isSame ? row : undefined;
    });
  }

  const all = (mask: number): Map<string, number> => new Map(paths.map((path) => [path, mask]));
  /** Without cpu.stat.local the quotas of the ancestors bound what a victim was throttled. */
  const withVictims = (masks: Map<string, number>, victims: readonly string[], mask: number): Map<string, number> => {
    for (const path of victims.flatMap(ancestorsOf)) masks.set(path, (masks.get(path) ?? 0) | CPU_STAT);
    for (const path of victims) masks.set(path, mask);
    return masks;
  };

  return {
    paths,
    everything: () => read(new Map(paths.map((path) => [path, isFar(path) ? FAR : EVERY_FILE]))),
    counters: () => read(new Map(paths.map((path) => [path, (isFar(path) ? FAR : EVERY_FILE) & ~SETTINGS]))),
    usage: () => read(all(CPU_STAT)),
    mark: (victims) => read(withVictims(new Map(), victims, MARK)),
    close: () => collector.close(),
  };
}

function readingOf(columns: Columns, rowOf: (path: string) => number | undefined): CgroupReading {
  const { rows, values, errors } = columns;
  return {
    time: now(),
    of(path) {
      const row = rowOf(path);
      return row === undefined ? undefined : (ref) => values[lookColumn(ref) * rows + row] ?? Number.NaN;
    },
    error(path, file) {
      const row = rowOf(path);
      return row === undefined ? constants.errno.ENODEV : (errors[fileIndex(file) * rows + row] ?? 0);
    },
  };
}

/** CLOCK_MONOTONIC milliseconds. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Microseconds throttled so far, quotas of the ancestors included; an upper bound without cpu.stat.local (before 6.6). */
export function throttledOf(reading: CgroupReading, path: string): number {
  const figures = reading.of(path);
  const local = figures?.('cpu.stat.local:throttled_usec') ?? Number.NaN;
  if (!Number.isNaN(local)) return local;
  const quotas = [path, ...ancestorsOf(path)].map((at) => reading.of(at)?.('cpu.stat:throttled_usec') ?? Number.NaN);
  const known = quotas.filter((value) => !Number.isNaN(value));
  // No quota can be set where no level has the figure: the cpu controller is not enabled.
  return known.reduce((sum, value) => sum + value, 0);
}
