/**
 * What the sampler reads, in the collector's terms. Files are in tiers, so that a pass costs what is shown. A `hot` file is
 * read in every tick for each row of which it can have changed (./sampling-plan.ts), a `warm` one in every tick for visible rows
 * and in turn for the others, a `limit` one now and then.
 */

import type { FileSpec } from '../kernel/collector.ts';
import { columnIndex } from '../kernel/collector.ts';
import { INTERFACE_COUNTERS } from '../kernel/net-dev.ts';
import { RECLAIMABLE_KEYS, SWAPPABLE_KEYS } from '../kernel/reclaimable.ts';

export type Tier = 'hot' | 'warm' | 'limit';

/** A file of a Snapshot. */
interface SnapshotFile extends FileSpec {
  /** Those of `keys` that only grow while the cgroup lives: where one went back, no rate of the file is told. */
  readonly counters?: readonly string[];
}

/**
 * What the file of a cgroup says of those below it (./vouching.ts). The figure is the sum of these keys, and nothing else in
 * the file changes without it, but averages that fall.
 * - `sum`: it is that of the cgroup's own processes and of all below it
 * - `stillness`: it grows whenever it does below
 */
export interface VouchingRule {
  readonly by: 'sum' | 'stillness';
  readonly keys: readonly string[];
}

export interface TieredFile extends SnapshotFile {
  readonly tier: Tier;
  readonly vouching?: VouchingRule;
}

const pressureFile = (file: string): TieredFile => ({
  file,
  format: 'pressure',
  keys: ['some', 'full'].flatMap((kind) => ['avg10', 'avg60', 'avg300', 'total'].map((key) => `${kind}.${key}`)),
  counters: ['some.total', 'full.total'],
  tier: 'hot',
  // Where all tasks wait, some do. The kernel counts a wait in each cgroup above (psi_group_change).
  vouching: { by: 'stillness', keys: ['some.total'] },
});

const IO_KEYS = ['rbytes', 'wbytes', 'rios', 'wios'];
const MEMORY_EVENTS = ['low', 'high', 'max', 'oom', 'oom_kill'];

export const CGROUP_FILES: readonly TieredFile[] = [
  {
    file: 'cpu.stat',
    format: 'flat',
    keys: ['usage_usec', 'user_usec', 'system_usec', 'nr_periods', 'nr_throttled', 'throttled_usec'],
    // The kernel scales user and system time to fit their total: each may step back.
    counters: ['usage_usec', 'nr_periods', 'nr_throttled', 'throttled_usec'],
    tier: 'hot',
    // A read adds up what all below have used until now (css_rstat_flush).
    vouching: { by: 'sum', keys: ['usage_usec'] },
  },
  pressureFile('cpu.pressure'),
  pressureFile('memory.pressure'),
  pressureFile('io.pressure'),
  { file: 'memory.current', format: 'single', keys: ['value'], tier: 'hot' },
  {
    file: 'memory.events',
    format: 'flat',
    keys: MEMORY_EVENTS,
    counters: MEMORY_EVENTS,
    tier: 'hot',
    // Each is counted in every cgroup above (memcg_memory_event), but with the mount option memory_localevents.
    vouching: { by: 'sum', keys: MEMORY_EVENTS },
  },
  {
    file: 'io.stat',
    format: 'devices',
    keys: IO_KEYS,
    counters: IO_KEYS,
    tier: 'hot',
    // A read adds up those below (blkcg_rstat_flush). Bytes come with an operation.
    vouching: { by: 'sum', keys: ['rios', 'wios'] },
  },
  { file: 'pids.current', format: 'single', keys: ['value'], tier: 'hot' },
  { file: 'cgroup.events', format: 'flat', keys: ['populated', 'frozen'], tier: 'hot', polled: true },
  {
    file: 'memory.stat',
    format: 'flat',
    keys: ['anon', 'file', 'kernel', 'shmem', ...RECLAIMABLE_KEYS, ...SWAPPABLE_KEYS, 'slab_unreclaimable', 'sock'],
    tier: 'warm',
  },
  { file: 'memory.swap.current', format: 'single', keys: ['value'], tier: 'warm' },
  { file: 'memory.peak', format: 'single', keys: ['value'], tier: 'warm' },
  { file: 'pids.events', format: 'flat', keys: ['max'], counters: ['max'], tier: 'hot' },
  { file: 'cpu.max', format: 'words', keys: ['quota', 'period'], tier: 'limit' },
  { file: 'cpu.weight', format: 'single', keys: ['value'], tier: 'limit' },
  { file: 'memory.max', format: 'single', keys: ['value'], tier: 'limit' },
  { file: 'memory.high', format: 'single', keys: ['value'], tier: 'limit' },
  { file: 'memory.swap.max', format: 'single', keys: ['value'], tier: 'limit' },
  { file: 'pids.max', format: 'single', keys: ['value'], tier: 'limit' },
  { file: 'cgroup.stat', format: 'flat', keys: ['nr_descendants', 'nr_dying_descendants'], tier: 'limit' },
];

/** `rx_bytes` for rxBytes. */
const NETWORK_COUNTERS = INTERFACE_COUNTERS.map((counter) =>
  counter.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`),
);

/**
 * Read through a process of the row (`network.ts`), not through the collector; a file of the Snapshot all the same. `netns`
 * is its inode, which tells network namespaces apart: rows with the same one show the same counters.
 */
export const NETWORK_FILE = {
  file: '/proc/PID/net/dev',
  format: 'devices',
  keys: [...NETWORK_COUNTERS, 'netns'],
  counters: NETWORK_COUNTERS,
} as const satisfies SnapshotFile;

/** Every file of a Snapshot, in order. */
export const SNAPSHOT_FILES: readonly SnapshotFile[] = [...CGROUP_FILES, NETWORK_FILE];

/** Column of a Snapshot by `file:key`. */
export const COLUMNS = columnIndex(SNAPSHOT_FILES);
export const COLUMN_COUNT = COLUMNS.size;

/** File index of each column. */
export const FILE_OF_COLUMN: readonly number[] = SNAPSHOT_FILES.flatMap(({ keys }, file) => keys.map(() => file));

/** First column of each file. */
export const FIRST_COLUMN: readonly number[] = SNAPSHOT_FILES.map((_, file) => FILE_OF_COLUMN.indexOf(file));

export const tierMask = (tier: Tier): number =>
  CGROUP_FILES.reduce((mask, spec, index) => (spec.tier === tier ? mask | (1 << index) : mask), 0);

export const fileMask = (file: string): number => 1 << CGROUP_FILES.findIndex((spec) => spec.file === file);

/** Column index of `file:key`; a name that is not in the schema is a programming error. */
export function column(ref: string): number {
  const index = COLUMNS.get(ref);
  if (index === undefined) throw new Error(`no column ${ref} in the Snapshot schema`);
  return index;
}

/** Whether the kernel only ever raises what this `file:key` says. */
export function isCounter(ref: string): boolean {
  const index = FILE_OF_COLUMN[column(ref)] ?? 0;
  const { file, counters = [] } = SNAPSHOT_FILES[index] ?? { file: '' };
  return counters.includes(ref.slice(file.length + 1));
}
