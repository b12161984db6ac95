/** The header on narrow windows: what has no room is left out whole, for half a figure is another figure. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { headerView } from '../../src/dashboard/header-view.ts';
import { shownOf } from '../../src/dashboard/rows.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import type { Alert } from '../../src/diagnosis/alerts/evaluate.ts';
import { parseAlertRule } from '../../src/diagnosis/alerts/rule.ts';
import { cellWidth } from '../../src/text/cells.ts';
import { frameOf } from './frames.ts';
import { plainText } from './scenes.ts';

const FRAME = frameOf([{ name: 'web', cpu: 3 }]);

const headerOf = (width: number): string[] =>
  headerView(
    { frame: FRAME, shown: shownOf(FRAME, INITIAL), state: INITIAL, title: 'Overview', alerts: [], age: 0 },
    width,
  ).map((line) => plainText(line).trimEnd());

test('no line of the header is cut at any width from 40 on', () => {
  for (let width = 40; width <= 220; width++) {
    for (const line of headerOf(width)) assert.ok(cellWidth(line) <= width, `${width}: ${line}`);
  }
});

test('an alert that fires stands first in the second line, and of several how many', () => {
  const rule = parseAlertRule('web.cpu_wait > 20 for 30s');
  const workload = { path: '/web', inode: 1, name: 'web' };
  const alert: Alert = { rule, workload, isFiring: true, since: 0, value: 30, against: 0, seen: undefined };
  const secondOf = (alerts: readonly Alert[]): string => {
    const input = { frame: FRAME, shown: shownOf(FRAME, INITIAL), state: INITIAL, title: '', alerts, age: 0 };
    return plainText(headerView(input, 40)[1] ?? []);
  };
  assert.match(secondOf([alert]), /^ALERT web cpu_wait {2}PSI/);
  assert.match(secondOf([alert, alert]), /^2 ALERTS {2}PSI/);
  assert.match(secondOf([]), /^PSI/);
});

test('80 columns have the whole load and the cost of tstop; the bars are as long as there is room for', () => {
  const [first = '', second = ''] = headerOf(80);
  assert.match(first, /^CPU \[.{4,12}\] .* MEM \[.{4,12}\] .* load( \d+\.\d\d){3}$/);
  assert.match(second, /tstop \S+% \S+B/);
});

test.run();
