/**
 * A hierarchy in memory that counts as the kernel does, with a log of what each figure was at each time; and a Collector of
 * it. Time passes with each read, and what is planned for the middle of a tick happens between two reads.
 */

import { constants } from 'node:os';
import { type Collector, type CollectRequest, type Columns, PRESENT, REMOVED } from '../../src/kernel/collector.ts';
import { CGROUP_FILES, FIRST_COLUMN } from '../../src/metrics/files.ts';
import { unreadColumns } from './snapshots.ts';

const { ENOENT, ENODEV } = constants.errno;
/** Milliseconds, a multiple of the grid of times. */
const READ_MS = 1 / 16;

/** Averages begin so long after a wait, and end. */
const AVERAGES = {
  avg10: { from: 1500, to: 7000, is: 5 },
  avg60: { from: 1500, to: 20_000, is: 5 },
  avg300: { from: 1500, to: 40_000, is: 3 },
};

/** Figures that change, by `file:key`. */
type Figures = Record<string, number>;

interface Cgroup {
  readonly path: string;
  readonly inode: number;
  readonly parent: Cgroup | undefined;
  readonly made: number;
  figures: Figures;
  /** What the figures were from each time on. */
  readonly log: { readonly time: number; readonly figures: Figures }[];
  /** Whether its children have the files of controllers. */
  controllers: boolean;
  hasPressure: boolean;
  /** It has no files of memory and io, whatever its parent enables. */
  isThreaded: boolean;
  /** Of cgroup.events: it changed, and was not read since. */
  isTold: boolean;
}

export type Act =
  | { readonly kind: 'run'; readonly usec: number }
  | { readonly kind: 'io'; readonly operations: number }
  | { readonly kind: 'wait'; readonly resource: 'cpu' | 'memory' | 'io'; readonly usec: number }
  | { readonly kind: 'allocate'; readonly bytes: number }
  | { readonly kind: 'fork'; readonly tasks: number }
  | { readonly kind: 'event' }
  | { readonly kind: 'freeze' }
  /** Its only process is moved in, or out. */
  | { readonly kind: 'populate' }
  | { readonly kind: 'throttle' }
  | { readonly kind: 'controllers' }
  | { readonly kind: 'pressure' }
  | { readonly kind: 'thread' };

const FRESH: Figures = Object.fromEntries(
  CGROUP_FILES.flatMap(({ file, keys }) => keys.map((key) => [`${file}:${key}`, 0])),
);

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function simulatedKernel({ polls }: { readonly polls: boolean }) {
  const cgroups = new Map<string, Cgroup>();
  /** By collector id. */
  const followed = new Map<number, Cgroup | undefined>();
  const watched = new Map<number, number>();
  /** After so many reads of a tick. */
  let planned: { readonly after: number; readonly path: string; readonly act: Act }[] = [];
  let clock = 1000;
  let nextId = 1;
  let nextInode = 1;
  let reads = 0;

  const isRoot = ({ path }: Cgroup): boolean => path === '/';

  function change(cgroup: Cgroup, changes: Figures): void {
    cgroup.figures = { ...cgroup.figures, ...changes };
    cgroup.log.push({ time: clock, figures: cgroup.figures });
  }

  function add(cgroup: Cgroup | undefined, amounts: Figures): void {
    for (let at = cgroup; at; at = at.parent) {
      const { figures } = at;
      change(at, Object.fromEntries(Object.entries(amounts).map(([key, by]) => [key, (figures[key] ?? 0) + by])));
    }
  }

  const hasThrottledChild = (cgroup: Cgroup): boolean =>
    [...cgroups.values()].some(
      ({ parent, figures }) => parent === cgroup && (figures['cpu.stat:nr_throttled'] ?? 0) > 0,
    );

  function act(path: string, what: Act): void {
    const cgroup = cgroups.get(path);
    if (!cgroup) return;
    if (what.kind === 'run') add(cgroup, { 'cpu.stat:usage_usec': what.usec, 'cpu.stat:user_usec': what.usec });
    if (what.kind === 'io') add(cgroup, { 'io.stat:rios': what.operations, 'io.stat:rbytes': what.operations * 4096 });
    if (what.kind === 'allocate') add(cgroup, { 'memory.current:value': what.bytes });
    if (what.kind === 'fork') add(cgroup, { 'pids.current:value': what.tasks });
    if (what.kind === 'event') add(cgroup, { 'memory.events:max': 1 });
    if (what.kind === 'wait') {
      const file = `${what.resource}.pressure`;
      for (let at: Cgroup | undefined = cgroup; at; at = at.parent) {
        if (!at.hasPressure) continue;
        change(at, {
          [`${file}:some.total`]: (at.figures[`${file}:some.total`] ?? 0) + what.usec,
          [`${file}:waited`]: clock,
        });
      }
    }
    // Only a cgroup that has a quota and runs is held up, and it is counted to the end of the period.
    if (what.kind === 'throttle' && missing(cgroup, 'cpu.max') === 0) {
      add(cgroup, { 'cpu.stat:usage_usec': 20 });
      change(cgroup, { 'cpu.stat:nr_throttled': (cgroup.figures['cpu.stat:nr_throttled'] ?? 0) + 1 });
    }
    if (what.kind === 'freeze' && !isRoot(cgroup)) {
      change(cgroup, { 'cgroup.events:frozen': 1 - (cgroup.figures['cgroup.events:frozen'] ?? 0) });
      cgroup.isTold = true;
    }
    if (what.kind === 'populate' && !isRoot(cgroup)) {
      const isPopulated = cgroup.figures['cgroup.events:populated'] === 1;
      add(cgroup, { 'pids.current:value': isPopulated ? -1 : 1 });
      change(cgroup, { 'cgroup.events:populated': isPopulated ? 0 : 1 });
      cgroup.isTold = true;
    }
    // The count of periods goes and comes with the controller, which is not simulated.
    if (what.kind === 'controllers' && !hasThrottledChild(cgroup)) cgroup.controllers = !cgroup.controllers;
    if (what.kind === 'thread' && !isRoot(cgroup)) cgroup.isThreaded = !cgroup.isThreaded;
    if (what.kind === 'pressure' && !isRoot(cgroup)) cgroup.hasPressure = !cgroup.hasPressure;
  }

  function make(path: string): void {
    const parent = path === '/' ? undefined : cgroups.get(path.slice(0, Math.max(1, path.lastIndexOf('/'))));
    if (cgroups.has(path) || (path !== '/' && !parent)) return;
    const cgroup: Cgroup = {
      ...{ path, inode: nextInode++, parent, made: clock, figures: FRESH, log: [] },
      ...{ controllers: true, hasPressure: true, isThreaded: false, isTold: false },
    };
    change(cgroup, { 'cgroup.events:populated': 1 });
    cgroups.set(path, cgroup);
  }

  function remove(path: string): void {
    const hasChildren = [...cgroups.keys()].some((other) => other.startsWith(`${path}/`));
    if (path === '/' || hasChildren) return;
    const { figures, parent } = cgroups.get(path) ?? { figures: FRESH };
    add(parent, {
      'memory.current:value': -(figures['memory.current:value'] ?? 0),
      'pids.current:value': -(figures['pids.current:value'] ?? 0),
    });
    cgroups.delete(path);
  }

  /** The errno of a file that is not there. */
  function missing(cgroup: Cgroup, file: string): number {
    if (cgroups.get(cgroup.path) !== cgroup) return ENODEV;
    if (file.endsWith('.pressure')) return cgroup.hasPressure ? 0 : ENOENT;
    if (file === 'cpu.stat' || file === 'cgroup.stat' || (isRoot(cgroup) && file === 'io.stat')) return 0;
    if (isRoot(cgroup) || (cgroup.isThreaded && /^(memory|io)\./.test(file))) return ENOENT;
    return file === 'cgroup.events' || cgroup.parent?.controllers ? 0 : ENOENT;
  }

  /** A file's figures as of that time. */
  function figuresAt(cgroup: Cgroup, file: number, time: number): number[] {
    const { file: name, keys } = CGROUP_FILES[file] ?? { file: '', keys: [] };
    const figures = cgroup.log.findLast((entry) => entry.time <= time)?.figures ?? FRESH;
    return keys.map((key) => {
      const value = figures[`${name}:${key}`] ?? 0;
      // The kernel counts the ticks of the clock for the root.
      if (isRoot(cgroup) && name === 'cpu.stat') return Math.floor(value / 10_000) * 10_000;
      const [, average] = /^some\.(avg\d+)$/.exec(key) ?? [];
      if (average === undefined) return value;
      const since = time - (figures[`${name}:waited`] ?? Number.NaN);
      const { from, to, is } = AVERAGES[average as keyof typeof AVERAGES];
      if (average !== 'avg300') return since >= from && since < to ? is : 0;
      const level = Math.min(is, (figures[`${name}:some.total`] ?? 0) / 3e6) * Math.exp((from - since) / 300_000);
      return since >= from && (since < to || level > 0.09) ? level : 0;
    });
  }

  function collect({ ids, masks }: CollectRequest): Columns {
    const rows = ids.length;
    const columns = {
      ...unreadColumns(rows),
      told: Uint32Array.from([...followed].flatMap(([id, cgroup]) => (cgroup?.isTold && watched.has(id) ? [id] : []))),
    };
    ids.forEach((id, row) => {
      const cgroup = followed.get(id);
      columns.states[row] = cgroup && cgroups.get(cgroup.path) === cgroup ? PRESENT : REMOVED;
      columns.inodes[row] = cgroup?.inode ?? Number.NaN;
      CGROUP_FILES.forEach(({ file: name, polled }, file) => {
        if (!(((masks[row] ?? 0) >>> file) & 1)) return;
        const error = cgroup ? missing(cgroup, name) : ENODEV;
        columns.errors[file * rows + row] = error;
        if (error !== 0 || !cgroup) return;
        clock += READ_MS;
        columns.reads++;
        columns.times[file * rows + row] = clock;
        figuresAt(cgroup, file, clock).forEach((value, key) => {
          columns.values[((FIRST_COLUMN[file] ?? 0) + key) * rows + row] = value;
        });
        if (polled) cgroup.isTold = false;
        if (polled && polls) watched.set(id, 1 << file);
        reads++;
        const due = planned.filter(({ after }) => after <= reads);
        planned = planned.filter(({ after }) => after > reads);
        if (due.length > 0) clock += READ_MS;
        for (const { path, act: what } of due) act(path, what);
      });
      columns.watched[row] = watched.get(id) ?? 0;
    });
    return columns;
  }

  const collector: Collector = {
    kind: 'fallback',
    add(path) {
      followed.set(nextId, cgroups.get(path));
      return nextId++;
    },
    remove: (id) => void followed.delete(id),
    skip: () => {},
    collect: async (request) => collect(request),
    descriptors: () => ({ files: 0, directories: 0 }),
    close: () => {},
  };

  make('/');
  return {
    collector,
    make,
    remove,
    act,
    missing,
    figuresAt,
    cgroups: () => [...cgroups.values()],
    figure: (path: string, ref: string) => cgroups.get(path)?.figures[ref],
    now: () => clock,
    /** Lets time pass, and plans what happens during the reads of the next tick. */
    pass(milliseconds: number, during: typeof planned) {
      clock += milliseconds;
      reads = 0;
      planned = [...during];
    },
  };
}
