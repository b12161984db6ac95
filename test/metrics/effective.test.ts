import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { effectiveLimits } from '../../src/metrics/effective.ts';
import { reasonFor } from '../../src/metrics/reason.ts';
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

/** A cgroup that has processes, with limits of these. */
const full = (path: string, memory: number, quota?: number, more: Row['figures'] = {}): Row => ({
  path,
  figures: { ...row(path, memory, quota).figures, 'cgroup.events:populated': 1, ...more },
});

const SCOPE = `/machine.slice/libpod-${'a'.repeat(64)}.scope`;
const STEP = '/system.slice/slurm-worker-1_slurmstepd.scope/job_4749/step_0';

test('cases 105 and 109: a limit of the only child that has processes binds, whoever made it; its throttling too', () => {
  for (const [outer, inner] of [
    [SCOPE, `${SCOPE}/container`],
    [STEP, `${STEP}/user`],
    ['/machine.slice/machine-web.scope', '/machine.slice/machine-web.scope/payload'],
    ['/srv/app', '/srv/app/workers'],
  ] as const) {
    const entries = (periods: number, throttled: number): Row[] => [
      full('/top', 2 ** 30, 200000),
      full(outer, MAX, MAX),
      full(inner, 4096, 50000, { 'cpu.stat:nr_periods': periods, 'cpu.stat:nr_throttled': throttled }),
      { path: `${outer}/old`, figures: { ...row('', 1, 1).figures, 'cgroup.events:populated': 0 } },
    ];
    const usage = usageOf(snapshotOf(0, entries(10, 4)), snapshotOf(1, entries(30, 19)));
    assert.equal([...usage.limit('memory').values], [2 ** 30, 4096, 4096, 1], outer);
    assert.equal([...usage.limit('cpu').rows], [0, 2, 2, 3], 'its place');
    assert.is(usage.value('cpu_throttled_percent', 1), 75);
    isUnavailable(usage.value('cpu_throttled_percent', 0));
  }
});

test('case 105: the step of Slurm has helpers of its own beside the processes, the job has one step', () => {
  const snapshot = snapshotOf(0, [
    full('/system.slice', MAX),
    full('/system.slice/slurm-worker-1_slurmstepd.scope', MAX),
    full('/system.slice/slurm-worker-1_slurmstepd.scope/system', MAX),
    full('/system.slice/slurm-worker-1_slurmstepd.scope/job_4749', MAX),
    full(STEP, MAX),
    full(`${STEP}/slurm`, MAX),
    full(`${STEP}/user`, 400 * 2 ** 20),
    full(`${STEP}/user/task_0`, MAX),
  ]);
  const { values, rows } = effectiveLimits(snapshot, 'memory');
  assert.equal(
    [...values],
    [MAX, MAX, MAX, ...[1, 1].map(() => 400 * 2 ** 20), MAX, ...[1, 1].map(() => 400 * 2 ** 20)],
  );
  assert.equal([...rows], [-1, -1, -1, 6, 6, -1, 6, 6]);
});

test('a limit below binds no other processes: of a sibling, of the cgroup itself, or where that is unknown', () => {
  const parentLimit = (...below: readonly Row[]): number | undefined =>
    effectiveLimits(snapshotOf(0, [full('/p', MAX, undefined, { 'pids.current:value': 5 }), ...below]), 'pids')
      .values[0];
  const child = (name: string, tasks: number, populated: number, more: Row['figures'] = {}): Row => ({
    path: `/p/${name}`,
    figures: { 'pids.max:value': 9, 'pids.current:value': tasks, 'cgroup.events:populated': populated, ...more },
  });
  assert.is(parentLimit(child('a', 5, 1)), 9);
  assert.ok(Number.isNaN(parentLimit(child('a', 4, 1))), 'it has a process itself, beside a threaded controller');
  assert.is(parentLimit(child('a', 5, 1, { 'memory.max:value': MAX }), child('b', 0, 0)), 9);
  assert.ok(Number.isNaN(parentLimit(child('a', 3, 1), child('b', 2, 1))));
  assert.ok(Number.isNaN(parentLimit(child('a', 5, Number.NaN))));
});

const MIB = 2 ** 20;
const using = (path: string, max: number, current: number, inactive = 0): Row =>
  full(path, max, undefined, { 'memory.current:value': current, 'memory.stat:inactive_file': inactive });

test('case 106: a full parent binds before a smaller limit below it', () => {
  const usage = usageOf(
    undefined,
    snapshotOf(0, [
      using('/p', 100 * MIB, 97 * MIB),
      using('/p/c1', 80 * MIB, 48 * MIB),
      using('/p/c2', 50 * MIB, 49 * MIB),
      using('/p/c3', MAX, 0),
    ]),
  );
  const { values, rows } = usage.headroom('memory');
  assert.equal([...values], [3 * MIB, 3 * MIB, MIB, 3 * MIB]);
  assert.equal([...rows], [0, 0, 2, 0], 'and where');
  assert.equal([...usage.column('memory_headroom_bytes')], [...values]);
  assert.equal([...usage.column('memory_of_limit_percent')], [97, 97, 98, 97]);
  assert.equal(
    [...usage.column('memory_limit_bytes')],
    [100 * MIB, 80 * MIB, 50 * MIB, 100 * MIB],
    'the smallest stays',
  );
});

test('page cache that goes first takes no room; what is over its limit leaves none', () => {
  const usage = usageOf(undefined, snapshotOf(0, [using('/a', 100, 100, 60), using('/b', 100, 130)]));
  assert.equal([...usage.headroom('memory').values], [60, 0]);
});

test('so with tasks, swap, and a CPU quota that siblings use up', () => {
  const at = (second: number): Row[] =>
    [
      { path: '/p', cpu: 1.9, quota: 200000, pids: [99, 100], swap: [95, 100] },
      { path: '/p/c', cpu: 0.1, quota: 100000, pids: [10, 50], swap: [0, 50] },
    ].map(({ path, cpu, quota, pids, swap }) => ({
      path,
      figures: {
        'cpu.stat:usage_usec': second * cpu * 1e6,
        'cpu.max:quota': quota,
        'cpu.max:period': 100000,
        'pids.current:value': pids[0] ?? 0,
        'pids.max:value': pids[1] ?? 0,
        'memory.swap.current:value': swap[0] ?? 0,
        'memory.swap.max:value': swap[1] ?? 0,
      },
    }));
  const usage = usageOf(snapshotOf(0, at(0)), snapshotOf(1, at(1)));
  for (const [id, kind, left] of [
    ['pids_headroom', 'pids', 1],
    ['memory_swap_headroom_bytes', 'swap', 5],
    ['cpu_headroom_cpus', 'cpu', 0.1],
  ] as const) {
    assert.ok(Math.abs(usage.value(id, 1) - left) < 1e-9, `${id} ${usage.value(id, 1)}`);
    assert.is(usage.headroom(kind).rows[1], 0);
  }
  assert.is(Math.round(usage.value('cpu_of_limit_percent', 1)), 95);
});

test('headroom is unavailable where the use of a limited cgroup is unknown, none where nothing is limited', () => {
  const usage = usageOf(
    undefined,
    snapshotOf(0, [full('/p', 100 * MIB), using('/p/c', 80 * MIB, MIB), using('/q', MAX, 1)]),
  );
  for (const id of ['memory_headroom_bytes', 'memory_of_limit_percent']) {
    isUnavailable(usage.value(id, 1), id);
    assert.is(reasonFor(id, usage, 1), 'what /p uses of its limit is unknown');
  }
  assert.is(usage.value('memory_headroom_bytes', 2), MAX);
  assert.is(reasonFor('memory_of_limit_percent', usage, 2), 'nothing limits it');
});

test('whatever the tree: the limit and the headroom are the smallest over the levels that bind', () => {
  const level = fc.record({ max: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.constant(MAX)), use: fc.nat(120) });
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 8 }), (levels) => {
      let path = '';
      const usage = usageOf(
        undefined,
        snapshotOf(
          0,
          levels.map(({ max, use }, index) => {
            path += `/${index}`;
            return {
              path,
              figures: { 'memory.max:value': max, 'memory.current:value': use, 'memory.stat:inactive_file': 0 },
            };
          }),
        ),
      );
      levels.forEach((_, row) => {
        const above = levels.slice(0, row + 1);
        assert.is(usage.limit('memory').values[row], Math.min(...above.map(({ max }) => max)));
        assert.is(
          usage.headroom('memory').values[row],
          Math.min(...above.map(({ max, use }) => Math.max(0, max - use))),
        );
      });
    }),
  );
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

test.run();
