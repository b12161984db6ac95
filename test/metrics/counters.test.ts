/** Counters that go back or are missing for a read: believed when, and what the rates around them are. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { FileSpec } from '../../src/kernel/collector.ts';
import { parseColumns } from '../../src/kernel/parse-columns.ts';
import {
  believe,
  type CounterCheck,
  type Counters,
  createCounterCheck,
  MOST_DOUBTED,
  ratePerSecond,
} from '../../src/metrics/counters.ts';
import { draftAfter } from '../../src/metrics/draft.ts';
import { SNAPSHOT_FILES } from '../../src/metrics/files.ts';
import { hostUsage } from '../../src/metrics/host.ts';
import { reasonFor } from '../../src/metrics/reason.ts';
import { matchRows, type Snapshot } from '../../src/metrics/snapshot.ts';
import { type Usage, usageOf } from '../../src/metrics/usage.ts';
import { HOST, isUnavailable, snapshotOf } from './snapshots.ts';

type Figures = Readonly<Record<string, number>>;

/** What is believed of `now`. */
function settled(check: CounterCheck, now: Snapshot, before: Snapshot): Snapshot {
  const draft = draftAfter(now, now.rows, now.monotonic);
  check.settle(draft, before, matchRows(now.rows, before.rows));
  const { values, errors, times } = draft;
  return { ...now, values, errors, times };
}

/** Usages of one cgroup whose files say this each second; undefined: its files are not read. */
function usagesOf(reads: readonly (Figures | undefined)[], inodes: readonly number[] = []): Usage[] {
  const check = createCounterCheck();
  let before: Snapshot | undefined;
  return reads.map((figures, second) => {
    const read = snapshotOf(second, [{ path: '/box', inode: inodes[second] ?? 1, figures: figures ?? {} }]);
    const now = before ? settled(check, read, before) : read;
    const usage = usageOf(before, now);
    before = now;
    return usage;
  });
}

const IO = SNAPSHOT_FILES.find(({ file }) => file === 'io.stat') as FileSpec;
const ioStat = (text: string): Figures =>
  Object.fromEntries(parseColumns(IO, text).map((value, index) => [`io.stat:${IO.keys[index]}`, value]));

test('case 111: io.stat without its figures for one read: unavailable, then a true rate', () => {
  const usages = usagesOf([
    ioStat('252:0 rbytes=40137493143552 wbytes=11685175186432 rios=172066882 wios=73548256\n'),
    ioStat('252:0 '),
    ioStat('252:0 rbytes=40137493145552 wbytes=11685175186432 rios=172066886 wios=73548256\n'),
    ioStat('252:0 rbytes=40137493145752 wbytes=11685175186432 rios=172066886 wios=73548256\n'),
  ]);
  const read = usages.map((usage) => usage.value('io_read_bytes_per_second', 0));
  assert.equal(read, [Number.NaN, Number.NaN, 1000, 200]);
  assert.match((usages[1] && reasonFor('io_read_bytes_per_second', usages[1], 0)) ?? '', /io\.stat lacked counters/);
});

test('so with every counter, lower or missing; the rest of its file stays as it was', () => {
  for (const { file, counters = [] } of SNAPSHOT_FILES) {
    for (const key of counters) {
      const ref = `${file}:${key}`;
      const full = { ...Object.fromEntries(counters.map((other) => [`${file}:${other}`, 5e9])) };
      for (const torn of [0, Number.NaN]) {
        const netns = file.startsWith('/proc') ? { [`${file}:netns`]: 7 } : {};
        const check = createCounterCheck();
        const snapshots = [full, { ...full, [ref]: torn }, { ...full, [ref]: 5e9 + 10 }].map((figures, second) =>
          snapshotOf(second, [{ path: '/box', figures: { ...figures, ...netns } }]),
        );
        const [first, read, last] = snapshots as [Snapshot, Snapshot, Snapshot];
        const second = settled(check, read, first);
        const third = settled(check, last, second);
        const plain = (columns: readonly Float64Array[]): number[] => columns.flatMap((column) => [...column]);
        assert.equal(plain(second.values), plain(first.values), `${ref} ${torn}`);
        assert.equal(plain(second.times), plain(first.times), ref);
        assert.is(
          plain(third.values).reduce((sum, value) => sum + (value || 0), 0),
          5e9 * counters.length + 10 + (netns[`${file}:netns`] ?? 0),
          ref,
        );
      }
    }
  }
});

test('a counter that stays low is believed after a few reads: its disk is gone', () => {
  const reads = [900, 50, 50, 60, 70, 80].map((rbytes) => ({ 'io.stat:rbytes': rbytes }));
  const read = usagesOf(reads).map((usage) => usage.value('io_read_bytes_per_second', 0));
  assert.is(MOST_DOUBTED, 3);
  assert.equal(read, [Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN, 10]);
});

test('what is read rarely is doubted by reads, not by passes; another cgroup at the path is not compared', () => {
  const rises = (reads: readonly (number | undefined)[], inodes?: readonly number[]) =>
    usagesOf(
      reads.map((value) => (value === undefined ? undefined : { 'io.stat:rbytes': value })),
      inodes,
    ).map((usage) => usage.value('io_read_bytes_per_second', 0));
  assert.equal(rises([900, 1, 2], [1, 2, 2]), [Number.NaN, Number.NaN, 1]);
});

test('another network namespace has other counters', () => {
  const net = (netns: number, rx: number): Figures => ({
    '/proc/PID/net/dev:netns': netns,
    '/proc/PID/net/dev:rx_bytes': rx,
  });
  const rx = usagesOf([net(1, 900), net(2, 5), net(2, 25)]).map((usage) => usage.value('net_rx_bytes_per_second', 0));
  assert.equal(rx, [Number.NaN, Number.NaN, 20]);
});

test('whatever reads lack, no rate is above what a counter truly grew', () => {
  const step = fc.record({ grows: fc.nat(1000), read: fc.constantFrom('whole', 'zero', 'none') });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1e6, max: 4e13 }), (steps, start) => {
      let total = start;
      let believed: Counters | undefined = believe(undefined, 0, [start]);
      steps.forEach(({ grows, read }, index) => {
        total += grows;
        const value = { whole: total, zero: 0, none: Number.NaN }[read];
        const next = believe(believed, (index + 1) * 1000, [value]);
        const rate = ratePerSecond(believed, next, 0);
        assert.ok(Number.isNaN(rate) || rate <= 1000, `${rate}`);
        believed = next;
      });
    }),
  );
});

test('the host has no share of an interval in which a CPU came, or a file could not be read', () => {
  const at = (time: number, more: object) => ({ ...HOST, time, cpuTotalTicks: 100, ...more });
  const pressure = (total: number) => ({ cpu: { some: { avg10: 0, avg60: 0, avg300: 0, total } }, memory: {}, io: {} });
  const other = hostUsage(at(0, {}), at(1, { cpuTotalTicks: 9e9, cpuBusyTicks: 8e9, cpuSet: '0-7' }));
  isUnavailable(other.cpuPercent);
  isUnavailable(hostUsage(at(0, { pressure: pressure(9) }), at(1, { pressure: pressure(5) })).pressurePercent.cpu.some);
  assert.is(hostUsage(at(0, {}), at(1, { cpuTotalTicks: 200, cpuBusyTicks: 50 })).cpuPercent, 50);
});

test.run();
