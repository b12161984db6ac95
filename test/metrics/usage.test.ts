import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { SNAPSHOT_FILES } from '../../src/metrics/files.ts';
import { reasonFor } from '../../src/metrics/reason.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { collectGarbage } from '../collect-garbage.ts';
import { isUnavailable, type Row, snapshotOf } from './snapshots.ts';

const busy = (usage_usec: number, more: Row['figures'] = {}, inode = 1): Row => ({
  path: '/box',
  inode,
  figures: { 'cpu.stat:usage_usec': usage_usec, ...more },
});

const between = (before: Row, now: Row, seconds = 2) => usageOf(snapshotOf(0, [before]), snapshotOf(seconds, [now]));

test('100 % is one CPU, over the time between the two reads', () => {
  assert.is(between(busy(1e6), busy(4e6)).value('cpu_percent', 0), 150);
});

test('the first sample has no rate, and says why', () => {
  const usage = usageOf(undefined, snapshotOf(0, [busy(1e6)]));
  isUnavailable(usage.value('cpu_percent', 0));
  assert.match(reasonFor('cpu_percent', usage, 0) ?? '', /two samples/);
});

test('another inode at the same path is another cgroup: unavailable for one interval, then right', () => {
  const snapshots = [
    snapshotOf(0, [busy(16405214312, {}, 7)]),
    snapshotOf(1, [busy(781274824, {}, 8)]),
    snapshotOf(2, [busy(781774824, {}, 8)]),
  ] as const;
  isUnavailable(usageOf(snapshots[0], snapshots[1]).value('cpu_percent', 0));
  assert.is(usageOf(snapshots[1], snapshots[2]).value('cpu_percent', 0), 50);
});

test('a counter that went back makes every rate of the row unavailable', () => {
  const usage = between(busy(9e6, { 'io.stat:rbytes': 5, 'cpu.stat:nr_periods': 5, 'cpu.stat:nr_throttled': 1 }), {
    ...busy(1e6, { 'io.stat:rbytes': 9, 'cpu.stat:nr_periods': 9, 'cpu.stat:nr_throttled': 2 }),
  });
  for (const id of ['cpu_percent', 'io_read_bytes_per_second', 'cpu_throttled_percent']) {
    isUnavailable(usage.value(id, 0), id);
  }
});

test('the split of user and system may step back: clamped at 0, the total stays', () => {
  const split = (user: number, system: number) => ({ 'cpu.stat:user_usec': user, 'cpu.stat:system_usec': system });
  const usage = between(busy(10e6, split(8e6, 2e6)), busy(12e6, split(10.5e6, 1.5e6)));
  assert.is(usage.value('cpu_percent', 0), 100);
  assert.is(usage.value('cpu_user_percent', 0), 125);
  assert.is(usage.value('cpu_system_percent', 0), 0);
});

test('throttled is a share of the periods that ran, and unavailable when none ran', () => {
  const periods = (nr_periods: number, nr_throttled: number) => ({
    'cpu.stat:nr_periods': nr_periods,
    'cpu.stat:nr_throttled': nr_throttled,
  });
  assert.is(between(busy(0, periods(10, 4)), busy(0, periods(30, 19))).value('cpu_throttled_percent', 0), 75);
  const idle = between(busy(0, periods(10, 4)), busy(0, periods(10, 4)));
  isUnavailable(idle.value('cpu_throttled_percent', 0));
  assert.match(reasonFor('cpu_throttled_percent', idle, 0) ?? '', /no quota period/);
});

test('memory is current without inactive_file, never below 0', () => {
  const memory = (current: number, inactive: number) =>
    usageOf(
      undefined,
      snapshotOf(0, [busy(0, { 'memory.current:value': current, 'memory.stat:inactive_file': inactive })]),
    );
  assert.is(memory(100, 30).value('memory_bytes', 0), 70);
  assert.is(memory(30, 100).value('memory_bytes', 0), 0);
});

test('four definitions of memory, from the sample of cadvisor#3081', () => {
  const usage = usageOf(
    undefined,
    snapshotOf(0, [
      busy(0, {
        'memory.current:value': 1248000000,
        'memory.stat:anon': 663552,
        'memory.stat:file': 10313728,
        'memory.stat:inactive_file': 5066752,
        'memory.stat:active_file': 5246976,
        'memory.stat:slab_reclaimable': 1232589368,
      }),
    ]),
  );
  assert.is(usage.value('memory_current_bytes', 0), 1248000000);
  assert.is(usage.value('memory_bytes', 0), 1248000000 - 5066752);
  assert.is(usage.value('memory_anon_bytes', 0), 663552);
  assert.is(usage.value('memory_unreclaimable_bytes', 0), 1248000000 - 10313728 - 1232589368);
});

test('case 110: tmpfs is in file and cannot be reclaimed without swap, nor can locked pages', () => {
  const figures = {
    'memory.current:value': 63361024,
    'memory.stat:file': 63004672,
    'memory.stat:shmem': 62914560,
    'memory.stat:inactive_file': 49152,
    'memory.stat:active_file': 40960,
    'memory.stat:slab_reclaimable': 0,
  };
  const unreclaimable = (more: Row['figures']) =>
    usageOf(undefined, snapshotOf(0, [busy(0, { ...figures, ...more })])).value('memory_unreclaimable_bytes', 0);
  assert.is(unreclaimable({}), 63361024 - 49152 - 40960);
  assert.is(unreclaimable({ 'memory.stat:inactive_file': 0 }), 63361024 - 40960, 'mlocked: on neither list');
  isUnavailable(unreclaimable({ 'memory.stat:active_file': Number.NaN }));
});

test('pressure over the interval is never above 100 %', () => {
  const stall = (total: number) => busy(0, { 'cpu.pressure:some.total': total });
  assert.is(between(stall(0), stall(500_000)).value('psi_cpu_some_percent', 0), 25);
  assert.is(between(stall(0), stall(2_100_000)).value('psi_cpu_some_percent', 0), 100);
});

test('unavailable names its reason: controller, PSI off, host network', () => {
  const usage = usageOf(
    snapshotOf(0, [busy(0)]),
    snapshotOf(1, [{ ...busy(0), errors: { 'memory.current': 2, 'cpu.pressure': 95, '/proc/PID/net/dev': 251 } }]),
  );
  assert.match(reasonFor('memory_bytes', usage, 0) ?? '', /memory controller is not enabled/);
  assert.match(reasonFor('psi_cpu_some_percent', usage, 0) ?? '', /psi=1/);
  const hidden = usageOf(snapshotOf(0, [busy(0)]), snapshotOf(1, [{ ...busy(0), errors: { 'memory.pressure': 2 } }]));
  assert.match(
    reasonFor('psi_memory_some_percent', hidden, 0) ?? '',
    /no memory\.pressure: PSI is off.*cgroup\.pressure/,
  );
  assert.match(reasonFor('net_rx_bytes_per_second', usage, 0) ?? '', /host's network/);
  assert.is(reasonFor('cpu_percent', usage, 0), undefined);
});

test('a file that was not read again gives no rate of its old value', () => {
  const before = snapshotOf(0, [busy(0, { 'io.stat:rbytes': 10 })]);
  const now = snapshotOf(1, [busy(5e5, { 'io.stat:rbytes': 10 })]);
  isUnavailable(usageOf(before, { ...now, times: before.times }).value('io_read_bytes_per_second', 0));
});

test('no figure is negative or infinite, whatever the counters do', () => {
  const figures = fc.record({
    'cpu.stat:usage_usec': fc.nat(),
    'cpu.stat:user_usec': fc.nat(),
    'cpu.stat:nr_periods': fc.nat(),
    'cpu.stat:nr_throttled': fc.nat(),
    'cpu.pressure:some.total': fc.nat(),
    'memory.current:value': fc.nat(),
    'memory.stat:inactive_file': fc.nat(),
    'memory.max:value': fc.oneof(fc.nat(), fc.constant(Number.POSITIVE_INFINITY)),
    'io.stat:rbytes': fc.nat(),
  });
  fc.assert(
    fc.property(figures, figures, fc.integer({ min: 1, max: 3 }), (first, second, inode) => {
      const usage = between(busy(0, first), busy(0, second, inode));
      for (const { id, unit } of METRICS) {
        const value = usage.value(id, 0);
        assert.ok(Number.isNaN(value) || value >= 0, `${id} ${value}`);
        if (unit === 'percent') assert.ok(value !== Number.POSITIVE_INFINITY, id);
      }
    }),
  );
});

test('what is not read any more has no rate, though the Usage before had one', () => {
  const received = (bytes: number) => ({ '/proc/PID/net/dev:rx_bytes': bytes, '/proc/PID/net/dev:netns': 1 });
  const snapshots = [
    snapshotOf(0, [busy(0, received(0))]),
    snapshotOf(1, [busy(5e5, received(1e8))]),
    // It is out of view from here on.
    { ...snapshotOf(2, [busy(5e5, received(1e8))]), read: new Uint8Array(1) },
    { ...snapshotOf(3, [busy(5e5, received(1e8))]), read: new Uint8Array(1) },
    { ...snapshotOf(4, [busy(5e5, received(1e8))]), read: new Uint8Array(1) },
    { ...snapshotOf(5, [busy(5e5, received(9e8))]), read: new Uint8Array(1).fill(1) },
  ] as const;
  const network = SNAPSHOT_FILES.findIndex(({ file }) => file === '/proc/PID/net/dev');
  for (const unseen of snapshots.slice(2, 5)) unseen.times[network]?.fill(1000);
  let usage = usageOf(undefined, snapshots[0]);
  const rates = snapshots.slice(1).map((snapshot) => {
    usage = usageOf(usage.snapshot, snapshot, usage);
    return ['cpu_percent', 'net_rx_bytes_per_second'].map((id) => usage.value(id, 0));
  });
  const none = [0, Number.NaN];
  assert.equal(rates, [[50, 1e8], none, none, none, [0, 2e8]]);
});

test('a Usage keeps none of those before the last from being collected', async () => {
  let usage = usageOf(undefined, snapshotOf(0, [busy(0)]));
  const first = new WeakRef(usage);
  for (let second = 1; second < 4; second++) {
    usage = usageOf(usage.snapshot, snapshotOf(second, [busy(second)]), usage);
    usage.limit('cpu');
    usage.column('cpu_percent');
  }
  // What a WeakRef was made of in this very turn stays until its end.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  assert.is(first.deref(), undefined);
  assert.ok(usage.value('cpu_percent', 0) >= 0);
});

test.run();
