/** Clicks and the wheel, by what is under them. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { afterAction } from '../../src/dashboard/after-action.ts';
import { mouseAction, type Pointer } from '../../src/dashboard/mouse.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { frameOf } from './frames.ts';
import {
  composeAt,
  composed,
  EMPTY_CONTEXT,
  layoutAt,
  plainText,
  processListOf,
  processOf,
  sceneOf,
} from './scenes.ts';

const FRAME = frameOf(Array.from({ length: 5 }, (_, index) => ({ name: `w${index}`, cpu: 50 - index })));
const STATE: State = { ...INITIAL, selected: 2, position: 1 };
const FORM: State = { ...STATE, modal: { kind: 'columns', index: 0, list: [], before: [] } };
const HELP: State = { ...STATE, modal: { kind: 'help', top: 0 } };

const act = (what: Pointer['what'], x: number, y: number, state: State = STATE, rows = 5, oomKills = 0) =>
  mouseAction({ what, x, y }, { state, layout: layoutAt(state, 200, 60, oomKills), rows });

test('a click on a row selects it, past the rows it does nothing', () => {
  assert.equal(act('click', 5, 3), { type: 'move', by: -1 });
  assert.equal(act('click', 5, 7), { type: 'move', by: 3 });
  assert.is(act('click', 5, 8), undefined);
  assert.equal(act('click', 5, 5, { ...STATE, top: 40, position: 41 }, 99), { type: 'move', by: 1 });
  assert.is(act('click', 5, 58, STATE, 500), undefined, 'the totals');
  assert.equal(act('click', 5, 57, STATE, 500), { type: 'move', by: 53 });
  assert.is(act('click', 5, 57, STATE, 500, 1), undefined, 'lines of OOM kills');
  assert.is(act('click', 150, 5), undefined, 'the other pane');
  for (const state of [FORM, HELP, { ...STATE, details: true }]) assert.is(act('click', 5, 3, state), undefined);
});

test('a click on a column head sorts by it, again turns the order round', () => {
  const heads = plainText(composeAt(sceneOf(FRAME, STATE), 200, 60).view.table.lines[0]);
  for (const [label, slot] of [
    ['NAME', 'name'],
    ['MEM LIM', 'memory_limit_bytes'],
    ['THR %', 'cpu_throttled_percent'],
  ] as const) {
    assert.equal(act('click', heads.indexOf(label), 2), { type: 'sort', by: slot });
    assert.equal(act('click', heads.indexOf(label), 2, { ...STATE, sort: slot }), { type: 'reverse' });
  }
});

test('the wheel goes by rows in the table, by lines in what is read, and leaves forms alone', () => {
  assert.equal(act('wheel down', 5, 5), { type: 'move', by: 1 });
  assert.equal(act('wheel up', 5, 30, { ...STATE, details: true }), { type: 'move', by: -3 });
  assert.equal(act('wheel down', 150, 30, HELP), { type: 'move', by: 3 });
  assert.is(act('wheel down', 5, 5, FORM), undefined);
});

test('the wheel over the processes moves them, to their end and back, until another row is selected', () => {
  const sleeps = Array.from({ length: 90 }, (_, index) => processOf(101 + index));
  const processes = processListOf(2, sleeps);
  let state = STATE;
  const turn = (what: 'wheel up' | 'wheel down'): void => {
    const {
      needs: { scroll },
    } = composeAt(sceneOf(FRAME, state, { processes }), 200, 60);
    const action = act(what, 150, 30, state);
    if (!action) throw new Error('the wheel did nothing');
    const context = { ...EMPTY_CONTEXT, frame: FRAME, scroll };
    state = afterAction(state, action, context);
  };
  const lines = (): string[] => composed(sceneOf(FRAME, state, { processes }), 200, 60);
  const first = lines();
  turn('wheel down');
  assert.is(lines()[0], first[3]);
  assert.is(state.selected, 2);
  for (let turns = 0; turns < 60; turns++) turn('wheel down');
  assert.match(lines().at(-1) ?? '', /app 190/);
  turn('wheel up');
  assert.match(lines().at(-1) ?? '', /^… 4 more/);
  state = { ...state, selected: 3 };
  assert.is(lines()[0]?.startsWith('w'), true);
});

test.run();
