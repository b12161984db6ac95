/** How the rows are arranged: as a tree, by pod, project, slice, user. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { afterAction, NO_SCROLL } from '../../src/dashboard/after-action.ts';
import { sortable } from '../../src/dashboard/columns.ts';
import { shownOf } from '../../src/dashboard/rows.ts';
import { settle } from '../../src/dashboard/selection.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { renderLine } from '../../src/dashboard/style.ts';
import { tableView } from '../../src/dashboard/table-view.ts';
import { themeOf } from '../../src/dashboard/themes.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { frameOf } from './frames.ts';

const project = (composeProject: string) => ({
  details: { runtime: 'docker' as const, id: '', name: '', composeProject },
});
const POD = { podUid: 'p1' };

const FRAME = frameOf([
  { name: 'system.slice', cpu: 70, kind: 'slice' },
  { name: 'db', cpu: 40, memory: 100, path: '/system.slice/db', facts: project('shop') },
  { name: 'inner', cpu: 40, memory: 100, path: '/system.slice/db/inner', kind: 'inner' },
  { name: 'web', cpu: 20, memory: 50, path: '/system.slice/web', facts: project('shop') },
  { name: 'pod', cpu: 31, memory: 30, kind: 'pod', facts: POD },
  { name: 'app', cpu: 30, memory: 20, path: '/pod/app', facts: POD },
  { name: 'hollow', cpu: 0, populated: false },
]);

const namesOf = (state: State): string[] =>
  shownOf(FRAME, state).items.map(({ branch, name, row }) => `${branch}${name}${row < 0 ? ' Σ' : ''}`);

const unfolded = (state: State) => shownOf(FRAME, { ...state, closed: new Set() }).items;

const press = (state: State, ...actions: Parameters<typeof afterAction>[1][]): State =>
  actions.reduce(
    (now, action) =>
      afterAction(now, action, {
        frame: FRAME,
        items: shownOf(FRAME, now).items,
        unfolded: () => unfolded(now),
        window: 10,
        sortable: sortable(INITIAL),
        scroll: NO_SCROLL,
        dashboards: [],
      }),
    state,
  );

test('a tree has each row under its ancestors, siblings sorted', () => {
  assert.equal(namesOf({ ...INITIAL, grouping: 'tree' }), ['system.slice', '├─db', '└─web', 'pod', '└─app']);
  assert.equal(namesOf({ ...INITIAL, grouping: 'tree', sort: 'name' }), [
    'pod',
    '└─app',
    'system.slice',
    '├─db',
    '└─web',
  ]);
  assert.equal(namesOf({ ...INITIAL, grouping: 'tree', filter: 'web' }), ['system.slice', '└─web']);
});

test('a pod has its own figures, a compose project the sum of its rows, and says so', () => {
  assert.equal(namesOf({ ...INITIAL, grouping: 'pod' }), ['no pod Σ', '├─db', '└─web', 'pod', '└─app']);
  assert.equal(namesOf({ ...INITIAL, grouping: 'project' }), [
    'shop Σ',
    '├─db',
    '└─web',
    'no project Σ',
    '├─pod',
    '└─app',
  ]);
  const state: State = { ...INITIAL, grouping: 'project', all: true };
  const lines = tableView({ frame: FRAME, shown: shownOf(FRAME, state), state }, 80, 12).map((line) =>
    renderLine(line, 80, themeOf('monochrome', false)).replaceAll(/\x1b\[\d*m/g, ''),
  );
  // inner is part of db; app is part of pod: 70 and system.slice's 31 + the rest are not counted twice.
  assert.match(lines.find((line) => line.includes('shop')) ?? '', /▾ Σ shop \(2\) +-- +60\.0 .* 150B/);
  assert.match(lines.at(-1) ?? '', /^Σ 7 rows +101\.0 /);
});

test('the order of groups is the same on every CPU scale', () => {
  const onScale = (cpu: number) => namesOf({ ...INITIAL, grouping: 'pod', scales: { ...INITIAL.scales, cpu } });
  assert.equal(onScale(1), onScale(0));
});

test('users and slices group too', () => {
  assert.equal(namesOf({ ...INITIAL, grouping: 'slice' }), [
    '/system.slice',
    '├─db',
    '└─web',
    'no slice Σ',
    '├─pod',
    '└─app',
  ]);
  assert.equal(namesOf({ ...INITIAL, grouping: 'user' })[0], 'no user Σ');
});

test('a user goes by her name, and by the number where the machine has none for it', () => {
  const frame = frameOf([
    { name: 'hers', cpu: 3, path: '/user.slice/user-4242424242.slice/hers' },
    { name: 'roots', cpu: 2, facts: { uid: 0 } },
  ]);
  const names = shownOf(frame, { ...INITIAL, grouping: 'user' }).items.map(({ name }) => name);
  assert.equal(names, ['4242424242', 'hers', 'root', 'roots']);
});

test('folds hide what is inside; - on a row closes what is around it; * closes and opens all', () => {
  const tree: State = { ...INITIAL, grouping: 'tree', selected: 4 };
  const closed = press(tree, { type: 'fold', how: 'close' });
  assert.equal(namesOf(closed), ['system.slice', 'pod', '└─app']);
  assert.is(closed.selected, 1);
  assert.equal(shownOf(FRAME, closed).items[0]?.holds, 2);
  assert.equal(namesOf(press(closed, { type: 'fold', how: 'open' })), namesOf(tree));
  const all = press(tree, { type: 'fold', how: 'all' });
  assert.equal(namesOf(all), ['system.slice', 'pod']);
  assert.equal(namesOf(press(all, { type: 'fold', how: 'all' })), namesOf(tree));
});

test('* on a row deep inside selects the outermost of what is closed around it', () => {
  const tree: State = { ...INITIAL, grouping: 'tree', all: true, selected: 3 };
  assert.ok(namesOf(tree).includes('│ └─inner'));
  assert.is(press(tree, { type: 'fold', how: 'all' }).selected, 1);
});

test('a search opens what is closed around the row that it finds, and nothing else', () => {
  const closed = new Set([1, 5]);
  const tree: State = { ...INITIAL, grouping: 'tree', closed, search: 'web', selected: 5 };
  assert.equal(namesOf(tree), ['system.slice', 'pod']);
  const found = press(tree, { type: 'search-next' });
  assert.is(found.selected, 4);
  assert.equal(namesOf(found), ['system.slice', '├─db', '└─web', 'pod']);
  assert.equal(press({ ...tree, search: 'nobody' }, { type: 'search-next' }), { ...tree, search: 'nobody' });
});

test('empty cgroups are counted, not shown, until asked for', () => {
  assert.is(shownOf(FRAME, INITIAL).empty, 1);
  assert.not(namesOf(INITIAL).includes('hollow'));
  assert.ok(namesOf({ ...INITIAL, all: true }).includes('hollow'));
});

test('Space tags rows, and all rows of a group; Esc clears them', () => {
  const one = press({ ...INITIAL, selected: 2 }, { type: 'tag' });
  assert.equal([...one.tagged], [2]);
  assert.equal([...press({ ...one, selected: 2 }, { type: 'tag' }).tagged], []);
  const group = press({ ...INITIAL, grouping: 'project', selected: 'project:shop' }, { type: 'tag' });
  assert.equal([...group.tagged].sort(), [2, 4]);
  assert.is(press(group, { type: 'clear' }).tagged.size, 0);
});

test('search goes to the next match and around the end, without hiding anything', () => {
  const state = press({ ...INITIAL, sort: 'name', search: 'p', selected: 6 }, { type: 'search-next' });
  assert.is(state.selected, 5);
  assert.is(press(state, { type: 'search-next' }).selected, 6);
});

test('a followed row keeps its line while the order changes', () => {
  const items = Array.from({ length: 40 }, (_, key) => ({ key }));
  const follow = { key: 15, place: '/w', name: 'w' };
  const state = settle({ ...INITIAL, selected: 15, position: 15, top: 12, follow }, { items, window: 10 });
  const moved = [...items.slice(20, 30), ...items.slice(0, 20), ...items.slice(30)];
  const after = settle(state, { items: moved, window: 10 });
  assert.is(after.selected, 15);
  assert.is(after.position - after.top, 3);
});

test('while no cgroup comes or goes the rows stay the same objects, in the order of each Frame', () => {
  const loads = (...cpus: number[]) => cpus.map((cpu, index) => ({ name: 'abcd'.charAt(index), cpu }));
  const first = frameOf(loads(1, 2, 3, 4));
  const next = { ...frameOf(loads(5, 2, 9, 4)), workloads: first.workloads };
  const itemsOf = (frame: Frame, state = INITIAL) => shownOf(frame, state).items;
  const before = new Set(itemsOf(first));
  assert.equal(
    [...before].map(({ name }) => name),
    ['d', 'c', 'b', 'a'],
  );
  assert.equal(
    itemsOf(next).map(({ name }) => name),
    ['c', 'a', 'd', 'b'],
  );
  assert.ok(itemsOf(next).every((item) => before.has(item)));
  assert.equal(
    itemsOf(next, { ...INITIAL, filter: 'c|b' }).map(({ name }) => name),
    ['c', 'b'],
  );
  assert.equal(
    itemsOf(next).map(({ name }) => name),
    ['c', 'a', 'd', 'b'],
  );
});

test.run();
