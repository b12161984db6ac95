/** Looks made by hand: five seconds of a machine with two CPUs, for the pure analysis. */

import {
  type CloseLook,
  type DiskLoad,
  type Group,
  HOST,
  KERNEL,
  type Mark,
  type Seen,
} from '../../src/diagnosis/look/model.ts';
import { ancestorsOf, parentOf } from '../../src/kernel/cgroup-path.ts';

const SECONDS = 5;
const TICK_MS = 50;
const MARK_MS = 1000;
const INSTANTS = 300;

export interface Actor {
  /** Milliseconds of CPU a second; 0 if absent. */
  readonly uses?: number;
  /** Share of the instants in which a thread of it is ready to run, and on which CPU. */
  readonly ready?: number;
  readonly cpu?: number;
  readonly threads?: number;
  readonly weight?: number;
  /** Other figures at both ends, as `memory.stat:pgsteal: [first, last]`. */
  readonly figures?: Readonly<Record<string, readonly [first: number, last: number]>>;
  readonly what?: Group['what'];
}

export interface Scene {
  /** By path; the first is the victim. HOST for the host's processes. */
  readonly actors: Readonly<Record<string, Actor>>;
  /** Of the victim, milliseconds a second. */
  readonly full?: number;
  readonly some?: number;
  readonly waited?: number;
  /** Times a second that it got a CPU; 60 if absent. */
  readonly turns?: number;
  readonly throttled?: number;
  readonly ioSome?: number;
  readonly memorySome?: number;
  /** Busy and stolen milliseconds a second of CPU 1. */
  readonly busy?: number;
  readonly steal?: number;
  readonly allowed?: readonly number[];
  readonly disks?: readonly DiskLoad[];
  readonly vmstat?: Readonly<Record<string, number>>;
  readonly more?: Partial<CloseLook>;
}

/** Defaults to a victim that runs undisturbed on CPU 1. */
export function lookOf(scene: Scene): CloseLook {
  const [victim = ''] = Object.keys(scene.actors);
  const paths = new Set(Object.keys(scene.actors).filter((key) => key.startsWith('/')));
  for (const path of [...paths]) for (const up of ancestorsOf(path)) paths.add(up);
  const uses = (key: string): number =>
    Object.entries(scene.actors)
      .filter(([path]) => path === key || path.startsWith(`${key}/`))
      .reduce((sum, [, { uses = 0 }]) => sum + uses, 0);
  const groups = new Map([...paths].sort().map((path) => [path, groupOf(path, scene.actors[path], uses(path))]));
  groups.set(HOST, { ...groupOf(HOST, undefined, 0), what: 'host' });
  groups.set(KERNEL, { ...groupOf(KERNEL, undefined, 0), what: 'kernel' });
  const times = Array.from({ length: (SECONDS * 1000) / TICK_MS + 1 }, (_, tick) => tick * TICK_MS);
  const grow = (rate: number): number[] => times.map((time) => rate * time);
  const keys = [...paths, ...(scene.actors[HOST] ? [HOST] : [])].filter((key) => key !== '/');
  return {
    when: 0,
    seconds: SECONDS,
    victims: [{ path: victim, inode: 1, name: victim.slice(victim.lastIndexOf('/') + 1) }],
    groups,
    ticks: {
      times,
      usage: new Map(keys.map((key) => [key, grow(uses(key))])),
      full: new Map([[victim, grow(scene.full ?? 0)]]),
      throttled: new Map([[victim, grow(scene.throttled ?? 0)]]),
    },
    instants: instantsOf(scene),
    fleeting: new Set(),
    comms: new Map(),
    marks: new Map([[victim, marksOf(scene, uses(victim))]]),
    cpus: new Map([
      [0, { busy: 0, idle: 500, steal: 0 }],
      [1, cpuOf(scene, [HOST, ...[...paths].filter((path) => path !== '/' && parentOf(path) === '/')].map(uses))],
    ]),
    allowed: new Map([[victim, scene.allowed ?? [1]]]),
    disks: scene.disks ?? [],
    ioLimits: new Map(),
    vmstat: (key) => scene.vmstat?.[key] ?? 0,
    memory: { total: 2 ** 34, available: 2 ** 33, pageSize: 4096 },
    network: new Map(),
    quotasV1: new Map(),
    costPercent: 5,
    absent: new Map(),
    missing: [],
    ...scene.more,
  };
}

function groupOf(path: string, actor: Actor | undefined, uses: number): Group {
  const figures: Record<string, readonly [number, number]> = {
    'cpu.stat:usage_usec': [0, uses * 1000 * SECONDS],
    'cpu.stat:throttled_usec': [0, 0],
    'cpu.stat.local:throttled_usec': [0, 0],
    'cpu.weight:value': [actor?.weight ?? 100, actor?.weight ?? 100],
    'memory.stat:pgscan': [0, 0],
    'io.stat:rios': [0, 0],
    ...actor?.figures,
  };
  const at = (end: 0 | 1) => (ref: string) => figures[ref]?.[end] ?? Number.NaN;
  const name = path.slice(path.lastIndexOf('/') + 1) || '/';
  return { key: path, name, what: actor?.what ?? 'workload', first: at(0), last: at(1) };
}

/** Spread evenly, so that a share is met exactly whatever the other shares are. */
const isAt = (instant: number, share: number): boolean =>
  Math.floor((instant + 1) * share + 1e-9) > Math.floor(instant * share + 1e-9);

function instantsOf({ actors }: Scene): Seen[][] {
  return Array.from({ length: INSTANTS }, (_, instant) =>
    Object.entries(actors).flatMap(([key, { ready = 0, cpu = 1, threads = 1 }], index): Seen[] =>
      isAt(instant, ready)
        ? Array.from({ length: threads }, (_, thread) => ({ tid: 100 * (index + 1) + thread, key, state: 'R', cpu }))
        : [],
    ),
  );
}

function marksOf(scene: Scene, uses: number): Mark[] {
  return Array.from({ length: SECONDS + 1 }, (_, second) => {
    const usec = (ms = 0): number => ms * 1000 * second;
    return {
      time: second * MARK_MS,
      usage: usec(uses),
      cpuSome: usec(scene.some ?? scene.full),
      cpuFull: usec(scene.full),
      ioSome: usec(scene.ioSome),
      memorySome: usec(scene.memorySome),
      throttled: usec(scene.throttled),
      ran: uses * second,
      waited: (scene.waited ?? scene.full ?? 0) * second,
      turns: (scene.turns ?? 60) * second,
    };
  });
}

/** Clock ticks over the look. */
function cpuOf({ busy, steal = 0 }: Scene, uses: readonly number[]): { busy: number; idle: number; steal: number } {
  const used =
    busy ??
    Math.min(
      1000,
      uses.reduce((sum, ms) => sum + ms, 0),
    );
  const ticks = (ms: number): number => (ms * SECONDS) / 10;
  return { busy: ticks(used), steal: ticks(steal), idle: ticks(Math.max(0, 1000 - used - steal)) };
}
