/**
 * The cases of the bench: who runs where, and what is true by the way it was made. Paths are beneath the cgroup of the
 * run; `victim` is the one that is asked about. What is under `afterwards` happens after the victim was measured alone.
 */

import type { Cause } from '../../src/diagnosis/model.ts';

export interface Load {
  /** Cgroup that it runs in; `/` for the root: a process of the host. */
  readonly in: string;
  /** Of load.c. `%N` is the N-th null_blk disk, `%file NAME MIB` a file on the scratch disk. */
  readonly run: string;
  readonly threads?: number;
  readonly cpu?: number;
}

export interface Case {
  readonly name: string;
  /** The host's own device or feature that it needs. */
  readonly needs?: 'null_blk' | 'swap';
  readonly victim: readonly Load[];
  /** Interface files by cgroup, set before anything runs. */
  readonly files?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly afterwards: {
    readonly files?: Readonly<Record<string, Readonly<Record<string, string>>>>;
    readonly loads?: readonly Load[];
  };
  /** Of each, one of these: what the first Verdicts must say. */
  readonly causes: readonly (readonly Cause[])[];
  /** Who must be named first, each for one of the causes; none: naming anybody is a false accusation. */
  readonly culprits: readonly string[];
  /** Whether the victim's measured slowdown tells: `no` where its work is not what suffers (frozen, pids, own threads). */
  readonly slow: 'yes' | 'no' | 'untold';
  /** Milliseconds until the neighbours have got going. */
  readonly settle?: number;
}

const FINE = [['fine']] as const;
/** A third of CPU 1 where it is alone. */
const duty: Load = { in: 'victim', run: 'cpu 8000 16000', cpu: 1 };
const full: Load = { in: 'victim', run: 'cpu 8000 0', cpu: 1 };
const hog = (name: string, more: Partial<Load> = {}): Load => ({ in: name, run: 'cpu 8000 0', cpu: 1, ...more });
const cpuHurt = { causes: [['cpu-wait']], slow: 'yes' } as const;
const reader: Load = { in: 'victim', run: 'read %0 4096 3000', cpu: 1 };
/** On the other CPU, so that the disk alone is what it takes. */
const diskHog = (name: string, run: string): Load => ({ in: name, run, threads: 12, cpu: 0 });

const CPU: readonly Case[] = [
  { name: 'alone', victim: [duty], afterwards: {}, causes: FINE, culprits: [], slow: 'no' },
  {
    name: 'idle-machine',
    victim: [{ ...duty, run: 'cpu 500 60000' }],
    afterwards: {},
    causes: FINE,
    culprits: [],
    slow: 'no',
  },
  { name: 'hog', victim: [duty], afterwards: { loads: [hog('hog')] }, culprits: ['hog'], ...cpuHurt },
  {
    name: 'hog-threads',
    victim: [duty],
    afterwards: { loads: [hog('hog', { threads: 6 })] },
    culprits: ['hog'],
    ...cpuHurt,
  },
  {
    name: 'bursts',
    victim: [duty],
    afterwards: { loads: [hog('hog', { run: 'burst 100 100' })] },
    culprits: ['hog'],
    ...cpuHurt,
  },
  {
    name: 'low-weight',
    victim: [duty],
    files: { hog: { 'cpu.weight': '1' } },
    afterwards: { loads: [hog('hog')] },
    causes: FINE,
    culprits: [],
    slow: 'no',
  },
  {
    name: 'other-cpu',
    victim: [duty],
    afterwards: { loads: [hog('busy', { cpu: 0 })] },
    causes: FINE,
    culprits: [],
    slow: 'no',
  },
  {
    name: 'cpusets',
    victim: [{ in: 'victim', run: 'cpu 8000 16000' }],
    files: { victim: { 'cpuset.cpus': '1' }, busy: { 'cpuset.cpus': '0' } },
    afterwards: { loads: [{ in: 'busy', run: 'cpu 8000 0', threads: 2 }] },
    causes: FINE,
    culprits: [],
    slow: 'no',
  },
  {
    name: 'own-quota',
    victim: [full],
    afterwards: { files: { victim: { 'cpu.max': '30000 100000' } }, loads: [hog('busy', { cpu: 0 })] },
    causes: [['own-cpu-quota']],
    culprits: [],
    slow: 'yes',
  },
  {
    name: 'quota-above',
    victim: [{ ...full, in: 'slice/victim' }],
    afterwards: {
      files: { slice: { 'cpu.max': '60000 100000' } },
      loads: [hog('slice/hog', { cpu: 0 }), hog('slice/hog', { cpu: 1 })],
    },
    causes: [['ancestor-cpu-quota']],
    culprits: ['hog'],
    slow: 'yes',
  },
  {
    name: 'throttled-and-hog',
    victim: [full],
    afterwards: { files: { victim: { 'cpu.max': '35000 100000' } }, loads: [hog('hog')] },
    causes: [['own-cpu-quota'], ['cpu-wait']],
    culprits: ['hog'],
    slow: 'yes',
  },
  {
    name: 'two-hogs',
    victim: [duty],
    afterwards: { loads: [hog('hog'), hog('hog2')] },
    culprits: ['hog', 'hog2'],
    ...cpuHurt,
  },
  { name: 'equals', victim: [full], afterwards: { loads: [hog('other')] }, culprits: [], ...cpuHurt },
  {
    name: 'three-equals',
    victim: [full],
    afterwards: { loads: [hog('other'), hog('third')] },
    culprits: [],
    ...cpuHurt,
  },
  {
    name: 'large-weight',
    victim: [duty],
    files: { important: { 'cpu.weight': '1000' } },
    afterwards: { loads: [hog('important')] },
    culprits: [],
    ...cpuHurt,
  },
  {
    name: 'victim-is-largest',
    victim: [full],
    afterwards: { loads: [hog('small', { run: 'cpu 3000 9000' })] },
    culprits: [],
    ...cpuHurt,
  },
  {
    name: 'split-hog',
    victim: [duty],
    afterwards: { loads: ['a', 'b', 'c', 'd', 'e'].map((name) => hog(`crowd/${name}`)) },
    culprits: ['crowd'],
    ...cpuHurt,
  },
  { name: 'host-process', victim: [duty], afterwards: { loads: [hog('/')] }, culprits: ['the host'], ...cpuHurt },
  {
    name: 'forks',
    victim: [duty],
    afterwards: { loads: [hog('hog', { run: 'forks 3000' })] },
    culprits: ['hog'],
    ...cpuHurt,
  },
  {
    name: 'bystander',
    victim: [duty],
    afterwards: { loads: [hog('hog'), hog('bystander', { run: 'cpu 1000 30000' })] },
    culprits: ['hog'],
    ...cpuHurt,
  },
  {
    name: 'own-threads',
    victim: [{ ...full, threads: 4 }],
    afterwards: {},
    causes: [['self-cpu']],
    culprits: [],
    slow: 'untold',
  },
  {
    name: 'pids',
    victim: [{ in: 'victim', run: 'children 8', cpu: 1 }],
    afterwards: { files: { victim: { 'pids.max': '4' } }, loads: [hog('busy', { cpu: 0 })] },
    causes: [['pids']],
    culprits: [],
    slow: 'untold',
  },
  {
    name: 'frozen',
    victim: [duty],
    afterwards: { files: { victim: { 'cgroup.freeze': '1' } }, loads: [hog('busy', { cpu: 0 })] },
    causes: [['frozen']],
    culprits: [],
    slow: 'untold',
  },
];

const onDisk = { needs: 'null_blk' } as const;
const diskHurt = { ...onDisk, causes: [['disk']], slow: 'yes' } as const;

const DISK: readonly Case[] = [
  { name: 'disk-alone', ...onDisk, victim: [reader], afterwards: {}, causes: FINE, culprits: [], slow: 'no' },
  {
    name: 'read-hog',
    victim: [reader],
    afterwards: { loads: [diskHog('hog', 'read %0 4096 0')] },
    culprits: ['hog'],
    ...diskHurt,
  },
  {
    name: 'write-hog',
    victim: [reader],
    afterwards: { loads: [diskHog('hog', 'write %0 65536 0')] },
    culprits: ['hog'],
    ...diskHurt,
  },
  {
    name: 'other-disk',
    ...onDisk,
    victim: [reader],
    afterwards: { loads: [diskHog('busy', 'read %1 4096 0')] },
    causes: FINE,
    culprits: [],
    slow: 'no',
  },
  {
    name: 'small-reader',
    ...onDisk,
    victim: [reader],
    afterwards: { loads: [{ in: 'busy', run: 'read %0 4096 100000', cpu: 1 }] },
    causes: FINE,
    culprits: [],
    slow: 'no',
  },
  {
    name: 'own-io-max',
    ...onDisk,
    victim: [reader],
    afterwards: { files: { victim: { 'io.max': '%0 riops=15' } } },
    causes: [['own-io-max']],
    culprits: [],
    slow: 'yes',
  },
  {
    name: 'host-disk',
    victim: [reader],
    afterwards: { loads: [diskHog('/', 'read %0 4096 0')] },
    culprits: ['the host'],
    ...diskHurt,
  },
  {
    name: 'two-resources',
    victim: [duty, reader],
    afterwards: { loads: [hog('hog'), diskHog('reader', 'read %0 4096 0')] },
    ...onDisk,
    causes: [['cpu-wait'], ['disk']],
    culprits: ['hog', 'reader'],
    slow: 'yes',
  },
  {
    name: 'fsync-storm',
    ...onDisk,
    victim: [{ in: 'victim', run: 'fsync %mount/victim 5000', cpu: 1 }],
    afterwards: { loads: [{ in: 'hog', run: 'fsync %mount/hog 0', threads: 6, cpu: 0 }] },
    culprits: ['hog'],
    causes: [['disk']],
    slow: 'yes',
  },
];

const MEMORY: readonly Case[] = [
  {
    name: 'cache-thrash',
    victim: [{ in: 'slice/victim', run: 'cache %file:victim:40 40 1000', cpu: 1 }],
    files: { slice: { 'memory.max': '96M' } },
    afterwards: { loads: [{ in: 'slice/hog', run: 'cache %file:hog:300 300 0', cpu: 0 }] },
    causes: [['memory-short']],
    culprits: ['hog'],
    slow: 'yes',
    settle: 3000,
  },
  {
    name: 'anon-growth',
    needs: 'swap',
    victim: [{ in: 'slice/victim', run: 'touch 40 2000', cpu: 1 }],
    files: { slice: { 'memory.max': '96M' } },
    afterwards: { loads: [{ in: 'slice/hog', run: 'grow 200 512 1000', cpu: 0 }] },
    causes: [['memory-short', 'swap']],
    culprits: ['hog'],
    slow: 'yes',
    settle: 3000,
  },
  {
    name: 'own-memory-high',
    victim: [{ in: 'victim', run: 'cache %file:victim:40 40 1000', cpu: 1 }],
    afterwards: {
      files: { victim: { 'memory.high': '20M' } },
      loads: [hog('busy', { cpu: 0 })],
    },
    causes: [['own-memory']],
    culprits: [],
    slow: 'yes',
    settle: 2000,
  },
  {
    name: 'slice-filled',
    victim: [{ in: 'slice/victim', run: 'cache %file:victim:40 40 1000', cpu: 1 }],
    files: { slice: { 'memory.max': '96M' } },
    afterwards: { loads: [{ in: 'slice/hog', run: 'touch 80 500', cpu: 0 }] },
    causes: [['memory-short']],
    culprits: ['hog'],
    slow: 'yes',
    settle: 3000,
  },
  {
    name: 'keeps-its-pages',
    victim: [{ in: 'slice/victim', run: 'touch 6 1000', cpu: 1 }],
    files: { slice: { 'memory.max': '96M' } },
    afterwards: { loads: [{ in: 'slice/busy', run: 'cache %file:hog:300 300 3000', cpu: 0 }] },
    causes: FINE,
    culprits: [],
    slow: 'no',
    settle: 3000,
  },
  {
    name: 'swap-storm',
    needs: 'swap',
    victim: [{ in: 'slice/victim', run: 'touch 50 2000', cpu: 1 }],
    files: { slice: { 'memory.max': '96M' } },
    afterwards: { loads: [{ in: 'slice/hog', run: 'touch 160 0', cpu: 0 }] },
    causes: [['swap']],
    culprits: ['hog'],
    slow: 'yes',
    settle: 4000,
  },
];

export const CASES: readonly Case[] = [...CPU, ...DISK, ...MEMORY];
