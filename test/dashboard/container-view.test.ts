/** What the container screen tells first, and when. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { INITIAL } from '../../src/dashboard/state.ts';
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

test.run();
