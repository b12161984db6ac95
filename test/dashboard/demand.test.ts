/** What the next sample reads, by what is shown and how it is ordered. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { demandOf } from '../../src/dashboard/demand.ts';
import { shownOf } from '../../src/dashboard/rows.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { frameOf } from './frames.ts';

const FRAME = frameOf(Array.from({ length: 100 }, (_, index) => ({ name: `w${index}`, cpu: 100 - index })));

const demand = (state: Partial<State>, width = 200) => {
  const whole = { ...INITIAL, ...state };
  return demandOf(FRAME, shownOf(FRAME, whole), whole, { window: 10, width });
};

test('the rows in the window, and the selected one', () => {
  assert.equal([...demand({ top: 5, selected: 80 }).visible], [6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 80]);
});

test('what is below the selected row is exact, unless that is very much', () => {
  const pods = ['/a', '/b'].flatMap((path) => [path, `${path}/pod`, `${path}/pod/x`]);
  const crowd = ['/c', ...Array.from({ length: 300 }, (_, index) => `/c/${index}`)];
  const frame = frameOf([...pods, ...crowd].map((path) => ({ name: path.slice(1), path })));
  const exactBelow = (path: string) => {
    const state = { ...INITIAL, selected: frame.workloads.find((one) => one.path === path)?.inode ?? 0 };
    const { exact } = demandOf(frame, shownOf(frame, state), state, { window: 10, width: 200 });
    return frame.workloads.filter(({ inode }) => exact?.has(inode)).map((one) => one.path);
  };
  assert.equal(exactBelow('/b'), ['/b', '/b/pod', '/b/pod/x']);
  assert.equal(exactBelow('/c'), []);
});

for (const [what, state] of [
  ['sorted by it', { sort: 'net_tx_bytes_per_second' }],
  ['filtered by it', { filter: 'cpu > 5 and net > 1M' }],
] as const) {
  test(`${what}, the network of all rows is read, though a filter hides them`, () => {
    assert.is(demand(state).network?.size, 100);
  });
}

test('where its column is shown, that of few rows is read for their sum', () => {
  assert.is(demand({ filter: 'w1' }).network?.size, 11);
  assert.is(demand({ filter: 'w1' }, 60).network, undefined);
  assert.is(demand({}).network, undefined);
});

test.run();
