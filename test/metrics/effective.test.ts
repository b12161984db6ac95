import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { effectiveLimits } from '../../src/metrics/effective.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { HOST, isUnavailable, type Row, snapshotOf } from './snapshots.ts';

const MAX = Number.POSITIVE_INFINITY;

const row = (path: string, memory: number | undefined, quota?: number, period = 100000): Row => ({
  path,
  figures: {
    ...(memory === undefined ? {} : { 'memory.max:value': memory }),
    ...(quota === undefined ? {} : { 'cpu.max:quota': quota, 'cpu.max:period': period }),
  },
});

const tree = [
  row('/', undefined),
  row('/pod.slice', 1073741824, 200000),
  row('/pod.slice/leaf', MAX, MAX),
  row('/pod.slice/tight', 4096, 50000),
  row('/pod.slice/loose', 2 ** 33 - 4096, 300000),
  row('/free', MAX, MAX),
];

test('the limit that binds is the smallest over the ancestors, and its place is named (podman#22521)', () => {
  const snapshot = snapshotOf(0, tree);
  const place = (kind: 'cpu' | 'memory') => {
    const { values, rows } = effectiveLimits(snapshot, kind);
    return tree.map(({ path }, index) => [path, values[index], tree[rows[index] ?? -1]?.path]);
  };
  assert.equal(place('memory').slice(1), [
    ['/pod.slice', 1073741824, '/pod.slice'],
    ['/pod.slice/leaf', 1073741824, '/pod.slice'],
    ['/pod.slice/tight', 4096, '/pod.slice/tight'],
    ['/pod.slice/loose', 1073741824, '/pod.slice'],
    ['/free', MAX, undefined],
  ]);
  assert.equal(place('cpu').slice(1), [
    ['/pod.slice', 2, '/pod.slice'],
    ['/pod.slice/leaf', 2, '/pod.slice'],
    ['/pod.slice/tight', 0.5, '/pod.slice/tight'],
    ['/pod.slice/loose', 2, '/pod.slice'],
    ['/free', MAX, undefined],
  ]);
});

test("what crun set in the cgroup below a container's own one binds the container, and its throttling is the container's", () => {
  const scope = `/machine.slice/libpod-${'a'.repeat(64)}.scope`;
  const other = `/machine.slice/docker-${'b'.repeat(64)}.scope`;
  const entries = (periods: number, throttled: number): Row[] => [
    row('/machine.slice', 2 ** 30, 200000),
    row(scope, MAX, MAX),
    {
      path: `${scope}/container`,
      figures: {
        ...row('', 4096, 50000).figures,
        'cpu.stat:nr_periods': periods,
        'cpu.stat:nr_throttled': throttled,
      },
    },
    row(other, MAX, MAX),
    row(`${other}/container`, 4096, 50000),
  ];
  const usage = usageOf(snapshotOf(0, entries(10, 4)), snapshotOf(1, entries(30, 19)));
  assert.equal([...usage.limit('memory').values], [2 ** 30, 4096, 4096, 2 ** 30, 4096]);
  assert.equal([...usage.limit('cpu').rows], [0, 2, 2, 0, 4], 'its place');
  assert.is(usage.value('cpu_throttled_percent', 1), 75);
  isUnavailable(usage.value('cpu_throttled_percent', 0));
});

test('a limit at or above what the machine has is no limit; so are the sentinels of v1 and of 64 bits', () => {
  for (const value of [HOST.memoryTotal, 2 ** 63 - 4096, Number(2n ** 64n - 1n), MAX]) {
    const { values } = effectiveLimits(snapshotOf(0, [row('/a', value)]), 'memory');
    assert.is(values[0], MAX, String(value));
  }
  assert.is(effectiveLimits(snapshotOf(0, [row('/a', 1, 400000)]), 'cpu').values[0], MAX);
});

test('where no file can be read the limit is unavailable, not "none"', () => {
  isUnavailable(effectiveLimits(snapshotOf(0, [row('/', undefined), row('/a', undefined)]), 'memory').values[1]);
});

test('of-limit figures use the effective limit', () => {
  const figures = { 'memory.current:value': 512, 'memory.stat:inactive_file': 0, 'memory.max:value': MAX };
  const usage = usageOf(
    undefined,
    snapshotOf(0, [row('/p', 1024), { path: '/p/c', figures }, { path: '/q', figures }]),
  );
  assert.is(usage.value('memory_of_limit_percent', 1), 50);
  isUnavailable(usage.value('memory_of_limit_percent', 2));
});

test.run();
