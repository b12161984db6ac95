/**
 * Whether a victim waits for a disk, and who keeps it busy.
 *
 * `io.pressure` alone is no contention: who reads waits. The disk must be busy and most of what it does for others. A
 * request that waits for a place in the disk's queue has not begun by the count of /proc/diskstats, so a disk that is full
 * shows by its queue, not by the time that its requests take. Where the kernel function may be read in which a thread
 * sleeps, a wait for such a place is seen itself.
 *
 *     σ         io.pressure some / own operations: what an operation of the victim's takes
 *     service   requests in flight / operations of the disk: what of it the request is with the disk (Little's law)
 *     σ - service is spent before the disk: for a place in its queue, or for io.max while the disk has nothing to do
 */

import { isWithin, parentOf } from '../../kernel/cgroup-path.ts';
import { formatValue } from '../../metrics/format.ts';
import type { Figure, Refusal, Suspect, Verdict } from '../model.ts';
import { advice, lessDisk, moreDisk } from '../remedy.ts';
import { THRESHOLDS } from '../thresholds.ts';
import { figure, ofEachSecond, percentText, persistenceOf, type Second, secondsOf, wholeOf } from './change.ts';
import { standOut } from './cpu-suspects.ts';
import { competitorOf, mostBelow } from './groups.ts';
import { type CloseLook, type DiskLoad, type DiskUse, HOST, type IoLimit, KERNEL, type Seen } from './model.ts';

export function diskVerdicts(look: CloseLook, victim: string): Verdict[] {
  const whole = wholeOf(look.marks.get(victim) ?? []);
  if (!whole) return [];
  const limited = limitVerdicts(look, victim, whole);
  return [...limited, ...(limited.length > 0 ? [] : busyVerdicts(look, victim, whole))];
}

const RATES = {
  riops: { of: 'reads', text: (value: number) => `${value} reads` },
  wiops: { of: 'writes', text: (value: number) => `${value} writes` },
  rbps: { of: 'readBytes', text: (value: number) => `${formatValue(value, 'bytes_per_second')} read` },
  wbps: { of: 'writtenBytes', text: (value: number) => `${formatValue(value, 'bytes_per_second')} written` },
} as const satisfies Record<IoLimit['key'], { of: keyof DiskUse; text: (value: number) => string }>;

/**
 * The rate is at the limit, and the disk has nothing to do meanwhile. One that waits for each operation before it asks for
 * the next stays below the limit, as its own work takes time too: there the operations wait before the disk.
 */
function limitVerdicts(look: CloseLook, victim: string, { ioSome }: Second): Verdict[] {
  if (!(ioSome >= THRESHOLDS.ioSome)) return [];
  return (look.ioLimits.get(victim) ?? []).flatMap((limit): Verdict[] => {
    const disk = look.disks.find(({ device }) => device === limit.device);
    const rate = disk?.byGroup.get(limit.from)?.[RATES[limit.key].of] ?? 0;
    const own = disk?.byGroup.get(victim);
    if (!disk || !own || isFull(disk)) return [];
    const waitsBefore = 1 - serviceOf(disk) / (ioSome / own.operations);
    const isHeld = rate >= THRESHOLDS.nearLimit * limit.value && waitsBefore >= THRESHOLDS.beforeDisk;
    if (!isHeld && rate < THRESHOLDS.atLimit * limit.value) return [];
    const name = look.groups.get(limit.from)?.name ?? limit.from;
    const whose = limit.from === victim ? 'its own io.max' : `the io.max of ${name}`;
    return [
      {
        cause: 'own-io-max',
        loss: ioSome,
        sentence: `${whose} holds it to ${RATES[limit.key].text(limit.value)} a second on ${disk.name}, which has nothing else to do: it waits for io for ${ofEachSecond(ioSome)}`,
        figures: [
          ...figuresOf(ioSome, disk),
          figure('io_rate', rate, 'per_second', `Δ io.stat of ${limit.from}`),
          figure('io_limit', limit.value, 'per_second', `io.max ${limit.key} of ${limit.from}`),
        ],
        suspects: [],
        remedies: [moreDisk({ path: limit.from, name }, disk.name, limit.key, limit.value)],
      },
    ];
  });
}

/** Milliseconds that a request is with the disk. */
const serviceOf = ({ queue, operations }: DiskLoad): number => (1000 * queue) / operations;

/** Few devices take more at once than this without slowing down; sysfs tells of virtual ones that they take hundreds. */
const DEEP = 64;

const isFull = ({ queue, depth, utilisation, rotational }: DiskLoad): boolean =>
  queue >= THRESHOLDS.queueShare * Math.min(depth, DEEP) ||
  (utilisation >= THRESHOLDS.queueShare && (rotational || queue >= (depth <= DEEP ? depth / 2 : 4)));

/** Kernel function in which a task waits for a place in the queue of a disk. */
const PLACE = /^blk_mq_get_tag/;
/** Samples of a victim in D from which on a share of them tells something. */
const ENOUGH_SAMPLES = 8;

/** Share of the samples of the victim in which it waited for io that it waited for a place in a queue. */
function placeShare({ instants }: CloseLook, victim: string): number {
  const waiting = instants.flatMap((instant) =>
    instant.filter(({ state, key }) => state === 'D' && competitorOf(victim, key) === undefined),
  );
  return waiting.length < ENOUGH_SAMPLES
    ? 0
    : waiting.filter(({ wchan }) => wchan !== undefined && PLACE.test(wchan)).length / waiting.length;
}

const figuresOf = (ioSome: number, { queue, utilisation, depth, operations, flushes }: DiskLoad): Figure[] => [
  figure('io_pressure_some', ioSome, 'ms_per_second', 'Δ io.pressure some total'),
  figure('disk_queue', queue, 'count', 'Δ /proc/diskstats weighted time / Δt'),
  figure('disk_depth', depth, 'count', '/sys/block/DISK/queue/nr_requests'),
  figure('disk_busy', utilisation * 100, 'percent', 'Δ /proc/diskstats time with any request / Δt'),
  figure('disk_operations', operations, 'per_second', 'Δ /proc/diskstats'),
  figure('disk_flushes', flushes, 'per_second', 'Δ /proc/diskstats flushes'),
];

interface User {
  readonly key: string;
  /** Share of what the disk does; `journal` is the part of it that the journal of a file system wrote for this user. */
  readonly blame: number;
  readonly journal: number;
  readonly operations: number;
}

function busyVerdicts(look: CloseLook, victim: string, whole: Second): Verdict[] {
  const flush = flushesOf(look, victim);
  const isFlushing = flush.victim >= THRESHOLDS.flushShare;
  if (!(whole.ioSome >= THRESHOLDS.ioSome) && !isFlushing) return [];
  const hasNoPlace = placeShare(look, victim) >= THRESHOLDS.placeShare;
  return look.disks.flatMap((disk): Verdict[] => {
    const own = disk.byGroup.get(victim);
    if (!own || !(own.operations > 0)) return [];
    const users = usersOf(look, disk, victim, flush);
    const { mine } = users;
    const others = 1 - mine;
    const isBusy = isFull(disk) || (hasNoPlace && disk.utilisation >= THRESHOLDS.blame);
    const isHurt = whole.ioSome >= THRESHOLDS.ioSome && isBusy && others >= THRESHOLDS.blame;
    const flushers = isHurt || !isFlushing ? [] : flushSuspects(users.others, flush);
    if (!isHurt && flushers.length === 0) return [];
    const named = isHurt ? standOut(users.others).filter(({ blame }) => blame >= 3 * mine || blame >= 0.8) : flushers;
    const stalled = Math.max(whole.ioSome, isHurt ? 0 : flush.victim * 1000);
    const loss = stalled * (isHurt ? others : Math.min(1, flush.others));
    const persistence = isHurt
      ? persistenceOf(secondsOf(look.marks.get(victim) ?? []), ({ ioSome }) => ioSome >= THRESHOLDS.ioSome)
      : 1;
    const suspects = named.map((user) => suspectOf(look, disk, users.others, user, own, persistence));
    const refusal: Refusal = 'no suspect';
    const names = suspects.map(({ name }) => name).join(' and ');
    const wait = isHurt ? 'waits for' : 'waits until its writes are on';
    return [
      {
        cause: 'disk',
        loss,
        sentence: `it ${wait} ${disk.name}, which ${names || 'others'} ${suspects.length > 1 || !names ? 'keep' : 'keeps'} busy, for ${ofEachSecond(stalled)}`,
        figures: [
          ...figuresOf(whole.ioSome, disk),
          figure('own_operations', own.operations, 'per_second', 'Δ io.stat rios + wios'),
          figure('sigma', whole.ioSome / own.operations, 'count', 'io.pressure some / own operations, in ms'),
          ...(isFlushing ? [figure('flush_waits', flush.victim * 100, 'percent', 'samples in D in a flush')] : []),
        ],
        suspects,
        ...(suspects.length === 0 && { refusal }),
        remedies: suspects.flatMap((suspect) => remediesFor(disk, suspect)),
      },
    ];
  });
}

const shareOf = (use: Pick<DiskUse, 'operations' | 'bytes'>, sum: Pick<DiskUse, 'operations' | 'bytes'>): number =>
  (use.operations / Math.max(1, sum.operations) + use.bytes / Math.max(1, sum.bytes)) / 2;

/** The share of a group, with all below it, in the time that requests were with the driver, as a tracer measured it. */
function timeShare(measured: ReadonlyMap<string, number>, key: string): number {
  const whole = [...measured.values()].reduce((sum, usec) => sum + usec, 0);
  const its = [...measured].filter(([path]) => path === key || (path.startsWith('/') && isWithin(path, key)));
  return whole > 0 ? its.reduce((sum, [, usec]) => sum + usec, 0) / whole : 0;
}

/**
 * Competitors on one disk, and the victim's own share. What no cgroup below the root did is the host's, except for what the
 * thread of a journal wrote: those caused that who wait in a flush.
 */
function usersOf(
  { groups, traced }: CloseLook,
  disk: DiskLoad,
  victim: string,
  flush: Flushes,
): { others: User[]; mine: number } {
  const uses = new Map<string, { operations: number; bytes: number }>();
  let [operations, bytes] = [0, 0];
  for (const [key, use] of disk.byGroup) {
    if (key === '/' || !groups.has(key)) continue;
    if (parentOf(key) === '/') {
      operations += use.operations;
      bytes += use.bytes;
    }
    if (competitorOf(victim, key) === key && !isWithin(victim, key)) uses.set(key, use);
  }
  // The groups' are counted before requests are merged: what is left may be less than nothing.
  const host = { operations: Math.max(0, disk.operations - operations), bytes: Math.max(0, disk.bytes - bytes) };
  if (host.bytes > 0) uses.set(HOST, host);
  const sum = { operations: operations + host.operations, bytes: bytes + host.bytes };
  const measured = traced?.deviceTime.get(disk.device);
  const blameOf = (key: string, use: { operations: number; bytes: number }): number =>
    measured ? timeShare(measured, key) : shareOf(use, sum);
  const written = flush.journal * (uses.has(HOST) ? blameOf(HOST, host) : 0);
  const others = [...uses].map(([key, use]): User => {
    const journal = written * (flush.byCompetitor.get(key) ?? 0);
    return {
      key,
      blame: blameOf(key, use) + journal - (key === HOST ? written : 0),
      journal,
      operations: use.operations,
    };
  });
  const own = disk.byGroup.get(victim) ?? { operations: 0, bytes: 0 };
  return { others, mine: shareOf(own, sum) + written * flush.ofVictim };
}

/** Kernel functions in which a task waits for its writes to be on the disk: the journal, a flush, pages written back. */
const FLUSH =
  /jbd2|fsync|flush|wait_on_(page|folio)|folio_wait|writeback|log_wait|xfs_log|btrfs_.*(sync|commit)|blk_execute/;

/** Kernel functions in which the thread of a journal waits, which writes for all who flush. */
const JOURNAL = /jbd2|xlog|xfs_log|btrfs_.*commit/;

interface Flushes {
  /** Shares of the samples in which the victim waits in a flush, and in which others do. */
  readonly victim: number;
  readonly others: number;
  /** Shares of the threads that wait in a flush, over all samples: they add up to 1 where any thread does. */
  readonly ofVictim: number;
  readonly byCompetitor: ReadonlyMap<string, number>;
  /** Of the threads outside all cgroups that wait for a disk: the share that writes a journal. */
  readonly journal: number;
}

function flushesOf({ instants }: CloseLook, victim: string): Flushes {
  const waiting = instants.map((instant) => instant.filter(({ state }) => state === 'D'));
  const isOutside = ({ key }: Seen): boolean => key === HOST || key === KERNEL;
  const isFlush = ({ key, wchan = '' }: Seen): boolean => key !== KERNEL && FLUSH.test(wchan);
  const isJournal = ({ key, wchan = '' }: Seen): boolean => key === KERNEL && JOURNAL.test(wchan);
  const flushers = waiting.map((threads) => threads.filter(isFlush).map(({ key }) => competitorOf(victim, key)));
  const all = flushers.flat();
  const shareIn = (count: number, of: readonly unknown[]): number => count / Math.max(1, of.length);
  const samplesWith = (isIt: (competitor?: string) => boolean): number =>
    shareIn(flushers.filter((competitors) => competitors.some(isIt)).length, instants);
  const threadsOf = (key?: string): number => shareIn(all.filter((one) => one === key).length, all);
  const outside = waiting.flat().filter(isOutside);
  return {
    victim: samplesWith((competitor) => competitor === undefined),
    others: samplesWith((competitor) => competitor !== undefined),
    ofVictim: threadsOf(),
    byCompetitor: new Map(
      [...new Set(all)].flatMap((key) => (key === undefined ? [] : [[key, threadsOf(key)] as const])),
    ),
    journal: shareIn(outside.filter(isJournal).length, outside),
  };
}

/** Who has most of the flushes that others wait in, and writes to that disk. */
function flushSuspects(users: readonly User[], { byCompetitor, ofVictim }: Flushes): User[] {
  return standOut(
    [...byCompetitor].flatMap(([key, share]) => {
      const user = users.find((one) => one.key === key);
      return user ? [{ ...user, blame: share / (1 - ofVictim) }] : [];
    }),
  ).filter(({ operations }) => operations > 0);
}

function suspectOf(
  { groups }: CloseLook,
  disk: DiskLoad,
  users: readonly User[],
  { key, blame, journal }: User,
  own: DiskUse,
  persistence: number,
): Suspect {
  const operations = new Map([...disk.byGroup].map(([path, use]) => [path, use.operations]));
  const at = mostBelow(key, operations, groups);
  const group = groups.get(at);
  const use = disk.byGroup.get(at);
  const next = Math.max(0, ...users.filter((one) => one.key !== key).map((one) => one.blame));
  const byJournal =
    Math.round(journal * 100) > 0 ? `, and ${percentText(journal)} is the journal that it waits for` : '';
  const did = use
    ? `${use.operations.toFixed(0)} operations and ${formatValue(use.bytes, 'bytes_per_second')} a second${byJournal}`
    : 'what no cgroup did';
  return {
    what: group?.what ?? 'workload',
    path: key === HOST ? '/' : at,
    name: group?.name ?? at,
    blame: Math.min(1, blame),
    evidence: `has ${percentText(blame)} of what ${disk.name} does (${did}), the victim ${own.operations.toFixed(0)} operations a second`,
    confidence: Math.max(0, 1 - (0.5 * next) / blame) * persistence,
  };
}

function remediesFor(disk: DiskLoad, { path, name, what }: Suspect): Verdict['remedies'] {
  const use = disk.byGroup.get(path);
  if (what === 'host' || !use) {
    return [
      advice(
        { path: '/', name: 'the host' },
        'find the process of the host (tscg doctor, iotop) and run it with ionice',
      ),
    ];
  }
  const key = use.reads >= use.writes ? 'riops' : 'wiops';
  return [lessDisk({ path, name }, disk.name, key, Math.max(use.reads, use.writes) / 2)];
}
