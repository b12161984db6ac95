/** The coarse verdict of each row, from two Snapshots. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CAUSES } from '../../src/diagnosis/model.ts';
import { coarseVerdict, coarseVerdicts } from '../../src/diagnosis/verdict.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { type Row, snapshotOf } from '../metrics/snapshots.ts';

type Figures = NonNullable<Row['figures']>;

const CALM: Figures = {
  'cpu.stat:usage_usec': 300e3,
  'cpu.pressure:some.total': 0,
  'cpu.pressure:full.total': 0,
  'io.pressure:some.total': 0,
  'memory.pressure:some.total': 0,
};

/** Rows that grow by these figures in one second. */
function verdictsOf(rows: readonly { path: string; figures: Figures }[]) {
  const at = (scale: number) =>
    snapshotOf(
      scale,
      rows.map(({ path, figures }, index) => ({
        path,
        inode: index + 1,
        figures: Object.fromEntries(
          Object.entries(figures).map(([ref, value]) => [
            ref,
            ref.startsWith('cgroup.events') ? value : scale * (value ?? Number.NaN),
          ]),
        ),
      })),
    );
  const [before, now] = [at(0), at(1)];
  const verdicts = coarseVerdicts(usageOf(before, now));
  return rows.map((_, row) => coarseVerdict(verdicts, row));
}

const one = (figures: Figures) => verdictsOf([{ path: '/web', figures: { ...CALM, ...figures } }])[0];

const CASES: readonly [name: string, figures: Figures, cause: string, loss: number | undefined][] = [
  ['nothing holds it up', {}, 'fine', undefined],
  ['frozen', { 'cgroup.events:frozen': 1 }, 'frozen', 1000],
  ['its own quota', { 'cpu.stat:throttled_usec': 500e3, 'cpu.pressure:full.total': 510e3 }, 'own-cpu-quota', 500],
  [
    'throttled so little that it does not count',
    { 'cpu.stat:throttled_usec': 40e3, 'cpu.pressure:full.total': 45e3 },
    'fine',
    undefined,
  ],
  ['behind others', { 'cpu.pressure:some.total': 310e3, 'cpu.pressure:full.total': 300e3 }, 'cpu-wait', 300],
  [
    'behind others, and throttled: the larger loss',
    { 'cpu.stat:throttled_usec': 100e3, 'cpu.pressure:full.total': 400e3 },
    'cpu-wait',
    300,
  ],
  ['behind its own threads', { 'cpu.pressure:some.total': 700e3, 'cpu.pressure:full.total': 20e3 }, 'self-cpu', 680],
  ['on a disk', { 'io.pressure:some.total': 250e3 }, 'disk', 250],
  ['at its own memory limit', { 'memory.pressure:some.total': 90e3, 'memory.events:max': 12 }, 'own-memory', 90],
  ['memory is short elsewhere', { 'memory.pressure:some.total': 90e3, 'memory.events:max': 0 }, 'memory-short', 90],
  ['forks fail', { 'pids.events:max': 3 }, 'pids', undefined],
];

for (const [name, figures, cause, loss] of CASES) {
  test(name, () => {
    const verdict = one(figures);
    assert.is(verdict?.cause, cause);
    if (loss === undefined) assert.ok(Number.isNaN(verdict?.loss));
    else assert.ok(Math.abs((verdict?.loss ?? 0) - loss) < 1e-6, `${verdict?.loss}`);
  });
}

test('a quota above it takes the wait that would else be blamed on others', () => {
  const [slice, web] = verdictsOf([
    { path: '/slice', figures: { ...CALM, 'cpu.stat:throttled_usec': 700e3, 'cpu.pressure:full.total': 700e3 } },
    { path: '/slice/web', figures: { ...CALM, 'cpu.stat:throttled_usec': 0, 'cpu.pressure:full.total': 690e3 } },
  ]);
  assert.is(slice?.cause, 'own-cpu-quota');
  assert.is(web?.cause, 'ancestor-cpu-quota');
});

test('a figure that is missing gives unknown, never fine', () => {
  for (const missing of ['cpu.pressure:full.total', 'io.pressure:some.total', 'memory.pressure:some.total']) {
    const { [missing]: _, ...figures } = CALM;
    assert.is(verdictsOf([{ path: '/web', figures }])[0]?.cause, 'unknown', missing);
  }
});

test('what is known holds though another figure is missing', () => {
  const figures = { 'cpu.stat:usage_usec': 300e3, 'cpu.pressure:some.total': 300e3, 'cpu.pressure:full.total': 300e3 };
  assert.is(verdictsOf([{ path: '/web', figures }])[0]?.cause, 'cpu-wait');
});

test('a loss is part of a second, and there is none where nothing is wrong', () => {
  const usec = fc.nat({ max: 1_000_000 });
  fc.assert(
    fc.property(fc.record({ throttled: usec, full: usec, more: usec, io: usec, memory: usec, used: usec }), (of) => {
      const verdict = one({
        'cpu.stat:usage_usec': of.used,
        'cpu.stat:throttled_usec': of.throttled,
        'cpu.pressure:full.total': of.full,
        'cpu.pressure:some.total': Math.min(1e6, of.full + of.more),
        'io.pressure:some.total': of.io,
        'memory.pressure:some.total': of.memory,
      });
      assert.ok(CAUSES.some(({ code }) => code === verdict?.cause));
      if (verdict?.cause === 'fine') assert.ok(Number.isNaN(verdict.loss));
      else assert.ok((verdict?.loss ?? -1) > 0 && (verdict?.loss ?? 2000) <= 1000.0001, `${verdict?.loss}`);
    }),
  );
});

test.run();
