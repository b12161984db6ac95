/** The others' pressure after a change: who counts as another, and of which time. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { aftermathMessage, aftermathOf, othersPressure } from '../../src/dashboard/aftermath.ts';
import { frameOf } from './frames.ts';

const frameAt = (others: number) =>
  frameOf([
    { name: 'a.slice', kind: 'slice', path: '/a.slice', pressure: 90 },
    { name: 'pod', kind: 'pod', path: '/a.slice/pod', pressure: 80 },
    { name: 'web', path: '/a.slice/pod/web', pressure: 70 },
    { name: 'inner', kind: 'inner', path: '/a.slice/pod/web/container', pressure: 70 },
    { name: 'db', path: '/a.slice/db', pressure: others },
    // Counted with whom it belongs to.
    { name: 'init', kind: 'inner', path: '/a.slice/db/init', pressure: 90 },
    { name: 'conmon', kind: 'monitor', path: '/a.slice/conmon', pressure: 90 },
    { name: 'app', path: '/app', pressure: others / 2 },
  ]);

test('what lies in the target, and what holds it, is no other', () => {
  assert.equal(othersPressure(frameAt(40), ['/a.slice/pod/web']).cpu, 30);
  assert.equal(othersPressure(frameAt(40), ['/a.slice/pod/web/container']).cpu, 30);
});

test('after a change the footer shows the pressure of the others before → now, for half a minute', () => {
  const done = aftermathOf('done', [{ path: '/a.slice/pod/web' }], frameAt(40), 0);
  assert.match(aftermathMessage(done, frameAt(4), 29_000)?.text ?? '', /^done .*cpu 30\.0→3\.0 /);
  assert.is(aftermathMessage(done, frameAt(4), 30_000), undefined);
});

test('where nobody tells of pressure, that is said once', () => {
  const frame = frameOf([{ name: 'web', cpu: 3 }]);
  const done = aftermathOf('done', [{ path: '/web' }], frame, 0);
  assert.is(aftermathMessage(done, frame, 1000)?.text, "done   others' pressure --");
});

test.run();
