/** What the container screen tells first, and when. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { bindingText } from '../../src/dashboard/explain-view.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { frameOf } from './frames.ts';
import { composed, sceneOf } from './scenes.ts';

const FRAME = frameOf([
  {
    name: 'web',
    cpu: 3,
    facts: {
      details: {
        ...{ runtime: 'docker', id: 'c984af8789e8', name: 'web' },
        state: 'running',
        created: Date.UTC(2026, 10, 27, 20, 6, 40),
        storageDriver: 'overlay2',
        rootfs: `/var/lib/docker/overlay2/${'2eb4de52'.repeat(8)}/merged`,
        upperDir: `/var/lib/docker/overlay2/${'2eb4de52'.repeat(8)}/diff`,
      },
    },
  },
]);

test('when it was created is told in local time, as events are', () => {
  const before = process.env.TZ;
  process.env.TZ = 'Asia/Tokyo';
  try {
    const text = composed(sceneOf(FRAME, { ...INITIAL, selected: 1, details: true }), 200, 60).join('\n');
    assert.match(text, /created 2026-11-28 05:06:40/);
  } finally {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  }
});

test('80x24 shows limits and memory: long paths of its storage come last', () => {
  const screen = { ...INITIAL, selected: 1, details: true };
  const shown = composed(sceneOf(FRAME, screen), 80, 24).join('\n');
  for (const label of ['CPU ', 'Memory ', 'Tasks ', 'IO ', 'Pressure '])
    assert.match(shown, new RegExp(`^${label}`, 'm'));
  const all = composed(sceneOf(FRAME, screen), 200, 60).join('\n');
  assert.match(all, /^Network[\s\S]*^Inside +storage overlay2/m);
});

test('case 106: a limit is shown with what it leaves, and with the cgroup that leaves less', () => {
  const MIB = 2 ** 20;
  const figures = (max: number, current: number) => ({
    'memory.max:value': max,
    'memory.current:value': current,
    'memory.stat:inactive_file': 0,
  });
  const usage = usageOf(
    undefined,
    snapshotOf(0, [
      { path: '/p', figures: figures(100 * MIB, 97 * MIB) },
      { path: '/p/full', figures: figures(80 * MIB, 48 * MIB) },
      { path: '/p/small', figures: figures(50 * MIB, 49 * MIB) },
      { path: '/p/none', figures: figures(Number.POSITIVE_INFINITY, 0) },
      { path: '/free', figures: figures(Number.POSITIVE_INFINITY, 9) },
      { path: '/unknown', figures: { 'memory.max:value': 5 * MIB } },
    ]),
  );
  const frame = {
    ...FRAME,
    usage,
    workloads: usage.snapshot.rows.map((row) => ({ ...row, kind: 'cgroup' as const, name: '' })),
  };
  assert.equal(
    frame.workloads.map((_, row) => bindingText(frame, row, 'memory')),
    [
      '100MiB, its own, 3.00MiB left',
      '80.0MiB, its own, 3.00MiB left in /p',
      '50.0MiB, its own, 1.00MiB left',
      '100MiB from /p, 3.00MiB left',
      'nothing limits it',
      '5.00MiB, its own',
    ],
  );
});

test.run();
