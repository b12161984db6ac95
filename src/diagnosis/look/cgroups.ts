/** The cgroups of a look: their counters when it begins, those that matter when it ends, and a few of them often in between. */

import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { type Collector, type Columns, PRESENT } from '../../kernel/collector.ts';
import { interfaceFile } from '../../kernel/interface-files.ts';
import { monotonicMs } from '../../kernel/monotonic.ts';
import { openCollector } from '../../kernel/open-collector.ts';
import { EVERY_FILE, LOOK_FILES, lookColumn, maskOf } from './files.ts';
import type { Figures } from './model.ts';

/** What one pass over some cgroups has read. */
export interface CgroupReading {
  readonly time: number;
  /** Figures of a path; undefined where it is gone or was not read. */
  of(path: string): Figures | undefined;
}

/** What a look must know of cgroups that are not the victims' own. */
export interface Matters {
  /** Cgroups that used CPU time. Of the others no figure of the CPU is read. */
  readonly users: ReadonlySet<string>;
  /** Whether a victim may be short of memory, so that others may be to blame. */
  readonly memory: boolean;
  /** The same of io. */
  readonly io: boolean;
}

export interface LookCgroups {
  readonly paths: readonly string[];
  /** Reads of each cgroup the counters that may matter: more of those that are nearer to a victim. */
  counters(): Promise<CgroupReading>;
  /** Reads all files of the victims, of what is in them, and of their ancestors. */
  everything(): Promise<CgroupReading>;
  /** Reads what matters of all others, at the end of a look. */
  others(matters: Matters): Promise<CgroupReading>;
  /** Reads the CPU time of these, to learn which are active. */
  usage(paths: readonly string[]): Promise<CgroupReading>;
  /** Reads the files of the victims that show whether their trouble lasts. */
  mark(victims: readonly string[]): Promise<CgroupReading>;
  close(): void;
}

const CPU_STAT = maskOf('cpu.stat');
const SETTINGS = maskOf(
  ...['cpu.weight', 'cpu.idle', 'cpu.max', 'memory.min', 'memory.low', 'memory.high', 'memory.max', 'pids.max'],
);
/** The files of a cgroup that may use much, but does not compete with a victim directly. */
const FAR = maskOf('cpu.stat', 'cpu.weight', 'memory.current', 'io.stat');
/** The files of a competitor: what it uses, and what it is given; not what holds it up itself. */
const COMPETITOR = FAR | maskOf('cpu.idle', 'memory.stat', 'memory.min', 'memory.low');
/** The files that matter of a cgroup that is not a victim's own, by the resource for which it may compete. */
const CPU_FILES = maskOf('cpu.stat', 'cpu.weight', 'cpu.idle');
const MEMORY_FILES = maskOf('memory.current', 'memory.stat', 'memory.min', 'memory.low');
const IO_FILES = maskOf('io.stat');
const MARK = maskOf('cpu.stat', 'cpu.stat.local', 'cpu.pressure', 'io.pressure', 'memory.pressure');

/**
 * How many descriptors are kept: enough for the cgroups that are read often. Keeping those of thousands that are read once
 * costs more than opening them.
 */
const KEPT = 256;

/** What a pass reads, and the row of each path in it. */
interface Asked {
  readonly ids: Uint32Array;
  readonly masks: Uint32Array;
  readonly rows: ReadonlyMap<string, number>;
}

export interface LookCgroupsOptions {
  readonly mount: string;
  readonly cgroups: readonly { readonly path: string; readonly inode: number }[];
  /** Devices that lie on others, left out of sums. */
  readonly stacked: readonly string[];
  /** How much is asked of each; everything of all if absent. */
  readonly closeness?: (path: string) => Closeness;
  /** Controllers that the hierarchy does not have: no cgroup has their files, and to look for them costs more than a read. */
  readonly absent?: ReadonlyMap<string, unknown>;
}

/** `own`: a victim, what is in it, and what holds it; `competitor`: a child of what holds it. */
export type Closeness = 'own' | 'competitor' | 'far';

const MASKS: Readonly<Record<Closeness, number>> = { own: EVERY_FILE, competitor: COMPETITOR, far: FAR };

export function openLookCgroups(options: LookCgroupsOptions): LookCgroups {
  const { mount, cgroups, stacked, closeness = () => 'own', absent } = options;
  const collector: Collector = openCollector({
    mount,
    files: LOOK_FILES,
    budget: KEPT,
    watches: 0,
    skipDevices: stacked,
  });
  const ids = new Map(cgroups.map(({ path }) => [path, collector.add(path)]));
  const inodes = new Map(cgroups.map(({ path, inode }) => [path, inode]));
  const paths = [...ids.keys()];

  async function read({ rows, ...request }: Asked): Promise<CgroupReading> {
    const columns = await collector.collect(request);
    return readingOf(columns, (path) => {
      const row = rows.get(path) ?? -1;
      // Another cgroup that took the path meanwhile is another one.
      const isSame = columns.states[row] === PRESENT && columns.inodes[row] === inodes.get(path);
      return isSame ? row : undefined;
    });
  }

  function askedOf(masks: ReadonlyMap<string, number>): Asked {
    const known = [...masks].filter(([path]) => ids.has(path));
    return {
      ids: Uint32Array.from(known, ([path]) => ids.get(path) ?? 0),
      masks: Uint32Array.from(known, ([, mask]) => mask),
      rows: new Map(known.map(([path], row) => [path, row])),
    };
  }

  const isAbsent = (file: string): boolean => absent?.has(interfaceFile(file)?.controller ?? '') ?? false;
  const there = maskOf(...LOOK_FILES.map(({ file }) => file).filter((file) => !isAbsent(file)));
  const masks = new Map(paths.map((path) => [path, MASKS[closeness(path)] & there]));
  const own = askedOf(new Map([...masks].filter(([path]) => closeness(path) === 'own')));

  function othersOf({ users, memory, io }: Matters): Asked {
    const whole = (memory ? MEMORY_FILES : 0) | (io ? IO_FILES : 0);
    const asked = [...masks].flatMap(([path, mask]) => {
      const files = own.rows.has(path) ? 0 : mask & (users.has(path) ? whole | CPU_FILES : whole);
      return files === 0 ? [] : [[path, files] as const];
    });
    return askedOf(new Map(asked));
  }

  /** Without cpu.stat.local the quotas of the ancestors bound what a victim was throttled. */
  const marked = (victims: readonly string[]): Map<string, number> =>
    new Map([
      ...victims.flatMap(ancestorsOf).map((path) => [path, CPU_STAT] as const),
      ...victims.map((path) => [path, MARK] as const),
    ]);

  return {
    paths,
    counters: () => read(askedOf(new Map([...masks].map(([path, mask]) => [path, mask & ~SETTINGS])))),
    everything: () => read(own),
    others: (matters) => read(othersOf(matters)),
    usage: (asked) => read(askedOf(new Map(asked.map((path) => [path, CPU_STAT])))),
    mark: (victims) => read(askedOf(marked(victims))),
    close: () => collector.close(),
  };
}

function readingOf(columns: Columns, rowOf: (path: string) => number | undefined): CgroupReading {
  const { rows, values, columnPlaces } = columns;
  return {
    time: monotonicMs(),
    of(path) {
      const row = rowOf(path);
      if (row === undefined) return undefined;
      return (ref) => values[(columnPlaces[lookColumn(ref)] ?? -1) * rows + row] ?? Number.NaN;
    },
  };
}

/** Microseconds throttled so far, quotas of the ancestors included; an upper bound without cpu.stat.local (before 6.6). */
export function throttledOf(reading: CgroupReading, path: string): number {
  const figures = reading.of(path);
  const local = figures?.('cpu.stat.local:throttled_usec') ?? Number.NaN;
  if (!Number.isNaN(local)) return local;
  const quotas = [path, ...ancestorsOf(path)].map((at) => reading.of(at)?.('cpu.stat:throttled_usec') ?? Number.NaN);
  const known = quotas.filter((value) => !Number.isNaN(value));
  // No quota can be set in this hierarchy where no level has the figure: the cpu controller is not enabled.
  return known.reduce((sum, value) => sum + value, 0);
}
