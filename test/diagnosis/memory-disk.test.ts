/** Memory and disk: who fills it, who keeps it busy, and who is left alone. Looks made by hand. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { diagnose } from '../../src/diagnosis/diagnose.ts';
import { parseDiskstats } from '../../src/diagnosis/look/disks.ts';
import { type DiskLoad, type DiskUse, HOST, KERNEL, type Seen } from '../../src/diagnosis/look/model.ts';
import { linkShareBetween, parseSnmp, readLinks } from '../../src/diagnosis/look/network-use.ts';
import type { Verdict } from '../../src/diagnosis/model.ts';
import { withTree } from '../kernel/hierarchies.ts';
import { type Actor, lookOf, type Scene } from './looks.ts';

const verdictsOf = (scene: Scene): readonly Verdict[] => diagnose(lookOf(scene))[0]?.verdicts ?? [];
const firstOf = (scene: Scene): Verdict | undefined => verdictsOf(scene)[0];
const names = (verdict: Verdict | undefined): string[] => verdict?.suspects.map(({ name }) => name) ?? [];

const MIB = 2 ** 20;

/** Holds so much, and in five seconds so many pages were taken from it and came back. */
const holds = (mib: number, stolen: number, refaults: number, more: Actor['figures'] = {}): Actor => ({
  figures: {
    'memory.current:value': [mib * MIB, mib * MIB],
    'memory.stat:pgsteal': [0, stolen],
    'memory.stat:workingset_refault_file': [0, refaults],
    'memory.stat:workingset_refault_anon': [0, 0],
    'memory.stat:pswpin': [0, 0],
    ...more,
  },
});
const limit = (mib: number, hits: number): Actor => ({
  figures: {
    'memory.max:value': [mib * MIB, mib * MIB],
    'memory.events.local:max': [0, hits],
    'memory.current:value': [mib * MIB, mib * MIB],
  },
});

test('a neighbour that streams through a shared limit is the culprit', () => {
  const verdict = firstOf({
    actors: { '/s/web': holds(30, 20_000, 18_000), '/s/batch': holds(66, 200_000, 0), '/s': limit(96, 1600) },
    memorySome: 120,
  });
  assert.is(verdict?.cause, 'memory-short');
  assert.equal(names(verdict), ['batch']);
});

test('pages that come back from swap are called swap', () => {
  const swapped = {
    'memory.stat:workingset_refault_anon': [0, 18_000],
    'memory.stat:workingset_refault_file': [0, 0],
  } as const;
  const verdict = firstOf({
    actors: { '/s/web': holds(30, 20_000, 0, swapped), '/s/batch': holds(66, 200_000, 0), '/s': limit(96, 1600) },
    memorySome: 300,
  });
  assert.is(verdict?.cause, 'swap');
  assert.equal(names(verdict), ['batch']);
});

test('a victim that keeps its pages is not hurt, however often the limit is hit', () => {
  const actors = { '/s/web': holds(8, 0, 0), '/s/batch': holds(88, 200_000, 0), '/s': limit(96, 1920) };
  assert.is(firstOf({ actors, memorySome: 4 })?.cause, 'fine');
});

test('its own limit is nobody else’s fault', () => {
  const own = holds(20, 90_000, 88_000, {
    'memory.high:value': [20 * MIB, 20 * MIB],
    'memory.events.local:high': [0, 900],
  });
  const verdict = firstOf({ actors: { '/web': own, '/batch': holds(4000, 0, 0) }, memorySome: 300 });
  assert.is(verdict?.cause, 'own-memory');
  assert.equal(names(verdict), []);
  assert.equal(verdict?.remedies[0]?.limits, { '--memory-high': '30M' });
});

test('who holds most of a shared limit and gives none back is named, though it brings in nothing', () => {
  const verdict = firstOf({
    actors: { '/s/web': holds(14, 90_000, 90_000), '/s/batch': holds(80, 0, 0), '/s': limit(96, 900) },
    memorySome: 200,
  });
  assert.is(verdict?.cause, 'memory-short');
  assert.equal(names(verdict), ['batch']);
});

test('who holds most of it is named, though the victim brings in somewhat more than it does', () => {
  const verdict = firstOf({
    actors: { '/s/web': holds(20, 60_000, 60_000), '/s/batch': holds(76, 45_000, 0), '/s': limit(96, 900) },
    memorySome: 200,
  });
  assert.is(verdict?.cause, 'memory-short');
  assert.equal(names(verdict), ['batch']);
});

test('nobody who has less than the victim is named', () => {
  const size = fc.integer({ min: 1, max: 90 });
  fc.assert(
    fc.property(size, fc.nat({ max: 200_000 }), fc.nat({ max: 200_000 }), (mib, own, other) => {
      const actors = {
        '/s/web': holds(mib, own, own),
        '/s/batch': holds(Math.max(1, Math.floor(mib / 3)), other, 0),
        '/s': limit(96, 100),
      };
      assert.equal(verdictsOf({ actors, memorySome: 200 }).flatMap(names), []);
    }),
  );
});

const use = (operations: number, bytes = operations * 4096): DiskUse => ({
  operations,
  bytes,
  reads: operations,
  writes: 0,
  readBytes: bytes,
  writtenBytes: 0,
});

function disk(byGroup: Readonly<Record<string, DiskUse>>, more: Partial<DiskLoad> = {}): DiskLoad {
  const top = Object.entries(byGroup).filter(([path]) => path.lastIndexOf('/') === 0);
  const sum = (of: (one: DiskUse) => number): number => top.reduce((total, [, one]) => total + of(one), 0);
  return {
    device: '252:0',
    name: 'nullb0',
    depth: 4,
    rotational: false,
    operations: sum(({ operations }) => operations),
    bytes: sum(({ bytes }) => bytes),
    queue: 3.6,
    utilisation: 0.95,
    flushes: 0,
    byGroup: new Map(Object.entries(byGroup)),
    ...more,
  };
}

const reads = { '/web': {}, '/batch': {} };

test('a hog on the same disk', () => {
  const verdict = firstOf({ actors: reads, ioSome: 800, disks: [disk({ '/web': use(40), '/batch': use(900) })] });
  assert.is(verdict?.cause, 'disk');
  assert.equal(names(verdict), ['batch']);
});

test('a hog on another disk is never named', () => {
  const other = disk({ '/batch': use(900) }, { device: '252:1', name: 'nullb1' });
  const quiet = disk({ '/web': use(240) }, { queue: 0.9 });
  assert.is(firstOf({ actors: reads, ioSome: 800, disks: [quiet, other] })?.cause, 'fine');
});

test('who keeps the disk busy alone waits for itself', () => {
  const scene = { actors: reads, ioSome: 900, disks: [disk({ '/web': use(900), '/batch': use(20) })] };
  assert.is(firstOf(scene)?.cause, 'fine');
});

test('what no cgroup did is the host’s', () => {
  const busy = disk({ '/web': use(40) }, { operations: 900, bytes: 900 * 4096 });
  const verdict = firstOf({ actors: { '/web': {} }, ioSome: 800, disks: [busy] });
  assert.is(verdict?.suspects[0]?.what, 'host');
});

test('its own io.max: the rate is at the limit and the disk idles', () => {
  const ioLimits = new Map([['/web', [{ device: '252:0', key: 'riops', value: 25, from: '/web' } as const]]]);
  const idle = disk({ '/web': use(25) }, { queue: 0.1, utilisation: 0.1 });
  const verdict = firstOf({ actors: reads, ioSome: 950, disks: [idle], more: { ioLimits } });
  assert.is(verdict?.cause, 'own-io-max');
  assert.equal(names(verdict), []);
});

test('who waits in the journal behind the flushes of another', () => {
  const seen = (tid: number, key: string): Seen => ({ tid, key, state: 'D', cpu: 0, wchan: 'jbd2_log_wait_commit' });
  const instants = Array.from({ length: 200 }, () => [
    seen(1, '/web'),
    seen(2, '/batch'),
    seen(3, '/batch'),
    seen(4, '/batch'),
  ]);
  const busy = disk({ '/web': use(20), '/batch': use(300) }, { queue: 1, utilisation: 0.7 });
  const verdict = firstOf({ actors: reads, ioSome: 20, disks: [busy], more: { instants } });
  assert.is(verdict?.cause, 'disk');
  assert.equal(names(verdict), ['batch']);
});

test('what the journal writes is of those who wait for it, not of the host', () => {
  const seen = (tid: number, key: string, wchan: string): Seen => ({ tid, key, state: 'D', cpu: 0, wchan });
  const storm = [
    seen(1, '/web', 'jbd2_log_wait_commit'),
    ...[2, 3, 4].map((tid) => seen(tid, '/batch', 'jbd2_log_wait_commit')),
    seen(5, KERNEL, 'jbd2_journal_commit_transaction'),
  ];
  const use40 = { '/web': use(10), '/batch': use(40) };
  const half = disk(use40, { operations: 100, bytes: 100 * 4096 });
  const suspectsIn = (instant: readonly Seen[]) =>
    firstOf({
      actors: reads,
      ioSome: 400,
      disks: [half],
      more: { instants: Array.from({ length: 200 }, () => instant) },
    })?.suspects;
  const [suspect, ...more] = suspectsIn(storm) ?? [];
  assert.is(suspect?.name, 'batch');
  // Its own 40 %, and three quarters of the other 50.
  assert.ok(Math.abs((suspect?.blame ?? 0) - 0.775) < 1e-9);
  assert.match(suspect?.evidence ?? '', /has 78 % of .*, and 38 % is the journal that it waits for/);
  assert.equal(more, []);
  // A process of the host that waits for the disk has done it itself.
  assert.is(suspectsIn([...storm.slice(0, 4), seen(6, HOST, 'folio_wait_bit_common')])?.[0]?.what, 'host');
});

test('/proc/diskstats with and without discards and flushes', () => {
  const [old, now] = parseDiskstats(
    '   8       0 sda 10 0 80 5 20 0 160 7 0 9 12\n 254       0 vda 1038 5 96754 1247 312 160 45200 2086 0 1900 3333 0 0 0 0 27 12\n',
  );
  assert.equal(old, {
    device: '8:0',
    name: 'sda',
    operations: 30,
    sectors: 240,
    busyMs: 9,
    weightedMs: 12,
    flushes: Number.NaN,
  });
  assert.is(now?.flushes, 27);
  assert.is(now?.operations, 1350);
});

/** `share` of the samples in D in which it waits for a place in the queue. */
const waitsForPlace = (share: number): Seen[][] =>
  Array.from({ length: 100 }, (_, at): Seen[] => [
    { tid: 1, key: '/web', state: 'D', cpu: 1, wchan: at < 100 * share ? 'blk_mq_get_tag' : 'submit_bio_wait' },
  ]);

test('a wait for a place in the queue shows that the disk is full, though its queue is not on average', () => {
  // As measured: twelve readers that are late themselves.
  const half = disk({ '/web': use(19.8), '/batch': use(135) }, { queue: 1.9, utilisation: 0.75 });
  const of = (share: number) =>
    firstOf({
      actors: { '/web': {}, '/batch': {} },
      ioSome: 809,
      disks: [half],
      more: { instants: waitsForPlace(share) },
    });
  assert.is(of(0.56)?.cause, 'disk');
  assert.equal(names(of(0.56)), ['batch']);
  assert.is(of(0.05)?.cause, 'fine');
});

test('one that asks for one operation after the other stays below its io.max, and is held by it all the same', () => {
  // As measured: 25 a second allowed, 19.7 done, 44 ms each, of which 14 with the disk.
  const figures = { queue: 0.275, utilisation: 0.26 };
  const ioLimits = new Map([['/web', [{ device: '252:0', key: 'riops', value: 25, from: '/web' }]]] as const);
  const of = (limit: number) =>
    firstOf({
      actors: { '/web': {} },
      ioSome: 876,
      disks: [disk({ '/web': use(19.7) }, figures)],
      more: { ioLimits: new Map([...ioLimits].map(([path, [one]]) => [path, [{ ...one, value: limit }]])) },
    })?.cause;
  assert.is(of(25), 'own-io-max');
  assert.is(of(60), 'fine');
});

test('what the machine’s links carried, of what they can; those of containers pass it on only', () =>
  withTree(async ({ mount, write }) => {
    const line = (name: string, received: number, sent: number): string =>
      ` ${name}: ${received} 9 0 0 0 0 0 0 ${sent} 9 0 0 0 0 0 0\n`;
    write('/proc/1/net/dev', `${line('eth0', 1000, 500)}${line('veth1', 9000, 0)}`);
    write('/sys/class/net/eth0/device/vendor', '0x1af4\n');
    write('/sys/class/net/eth0/speed', '8\n');
    write('/sys/class/net/veth1/speed', '10000\n');
    const links = readLinks(`${mount}/proc`, `${mount}/sys`);
    assert.equal([...links.keys()], ['eth0']);
    const later = new Map([...links].map(([name, link]) => [name, { ...link, sent: link.sent + 4.5e6 }]));
    assert.is(linkShareBetween(links, later, 5), 0.9);
    assert.ok(Number.isNaN(linkShareBetween(new Map(), new Map(), 5)));
  }));

test('a figure of /proc/PID/net/snmp by its name', () => {
  const text = 'Ip: Forwarding DefaultTTL\nIp: 1 64\nTcp: RtoMin OutSegs RetransSegs\nTcp: 200 5000 12\n';
  assert.is(parseSnmp(text, 'Tcp', 'RetransSegs'), 12);
  assert.ok(Number.isNaN(parseSnmp(text, 'Tcp', 'Nothing')));
});

test('packets that are sent again, in numbers that tell something', () => {
  const network = (sent: number, resent: number) =>
    new Map([['/web', { sent, resent, received: 0, dropped: 0, linkShare: Number.NaN, isOwn: true }]]);
  const causeOf = (sent: number, resent: number) =>
    firstOf({ actors: { '/web': {} }, more: { network: network(sent, resent) } })?.cause;
  assert.is(causeOf(5000, 400), 'network');
  assert.is(causeOf(5000, 10), 'fine');
  assert.is(causeOf(20, 5), 'fine');
  const full = new Map([['/web', { sent: 400, resent: 0, received: 0, dropped: 0, linkShare: 0.95, isOwn: true }]]);
  assert.match(firstOf({ actors: { '/web': {} }, more: { network: full } })?.sentence ?? '', /95 % full/);
});

test.run();
