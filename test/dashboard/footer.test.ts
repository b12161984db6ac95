/** The footer: a message is read to its end, and what is filtered is said beside it. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { footerView } from '../../src/dashboard/help-view.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import { frameOf } from './frames.ts';
import { composeAt, plainText, sceneOf } from './scenes.ts';

const FRAME = frameOf([{ name: 'web', cpu: 3 }]);
const MESSAGE = {
  text: `docker update c984af8789e8: /run/docker.sock: POST /containers/${'c984af87'.repeat(8)}/update: 400: Minimum memory limit allowed is 6MB`,
  style: 'critical',
} as const;

const footerAt = (width: number, height: number, filter = '') =>
  composeAt(
    sceneOf(FRAME, { ...INITIAL, filter, modal: { kind: 'help', top: 0 } }, { message: MESSAGE }),
    width,
    height,
  );

test('a long message has as many lines as it needs, above which everything else ends', () => {
  for (const [width, height] of [
    [200, 60],
    [80, 24],
    [40, 12],
  ] as const) {
    const {
      view,
      needs: { scroll },
    } = footerAt(width, height);
    const { area, lines } = view.footer;
    assert.match(lines.map(plainText).join(' '), /Minimum memory +limit +allowed +is +6MB/, `${width}x${height}`);
    assert.is(area.height, lines.length);
    assert.is(area.top + area.height, height);
    assert.is(scroll.room, area.top);
    for (const line of lines) assert.ok(plainText(line).length <= width);
  }
});

test('a long message takes at most half of the smallest window', () => {
  const { area, lines } = footerAt(20, 5).view.footer;
  assert.is(area.height, 2);
  assert.match(plainText(lines[1]), /…$/);
});

test('the filter is shown beside a message', () => {
  const [first = []] = footerAt(200, 60, 'web').view.footer.lines;
  assert.match(plainText(first), /^ filter: web {2}docker update/);
});

test('what is wrong with a kept filter is shown beside it', () => {
  const { view } = composeAt(sceneOf(FRAME, { ...INITIAL, filter: 'foo > 3' }), 120, 30);
  assert.match(plainText(view.footer.lines[0]), /^ filter: foo > 3 {2}no field "foo"/);
});

test('a recording has the keys that go through it, and none that would change something', () => {
  const footer = plainText(footerView(INITIAL, undefined, true));
  assert.match(footer, /^ \? help {2}q quit {2}\] step {2}@ time {2}E event {2}O OOM kill {2}D finding {2}\) faster /);
  assert.not.match(footer, /limits|freeze| K kill|undo|reclaim|fix/);
  assert.match(plainText(footerView(INITIAL)), /limits/);
  assert.not.match(plainText(footerView(INITIAL)), /faster/);
});

test.run();
