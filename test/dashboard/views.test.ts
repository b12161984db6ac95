/** The views at every size: widths, alignment, hostile names. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type ActionContext, afterAction, afterTyping, NO_SCROLL } from '../../src/dashboard/after-action.ts';
import { sortable } from '../../src/dashboard/columns.ts';
import { headerView } from '../../src/dashboard/header-view.ts';
import { footerView, helpLines } from '../../src/dashboard/help-view.ts';
import { KEYS } from '../../src/dashboard/keys.ts';
import { layoutOf } from '../../src/dashboard/layout.ts';
import { processView } from '../../src/dashboard/process-view.ts';
import { shownOf } from '../../src/dashboard/rows.ts';
import { settle } from '../../src/dashboard/selection.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { type Line, renderLine } from '../../src/dashboard/style.ts';
import { tableView } from '../../src/dashboard/table-view.ts';
import { themeOf } from '../../src/dashboard/themes.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { cellWidth } from '../../src/text/cells.ts';
import { frameOf } from './frames.ts';
import { processOf } from './scenes.ts';

const SGR = /\x1b\[[\d;]*m/g;
const textOf = (line: Line, width: number) => renderLine(line, width, themeOf('dark', false)).replace(SGR, '');

const FRAME = frameOf([
  { name: 'web', cpu: 12.5, memory: 64 * 2 ** 20 },
  { name: 'noisy', cpu: 180, memory: 2 ** 30 },
  { name: 'idle', cpu: 0, memory: 4096 },
  { name: 'no-memory-controller', cpu: 3 },
  { name: 'user.slice', cpu: 200, kind: 'slice' },
]);

const namesOf = (state: State) => shownOf(FRAME, state).items.map(({ name }) => name);

const tableText = (frame: Frame, state: State, width: number, height: number) =>
  tableView({ frame, shown: shownOf(frame, state), state }, width, height).map((line) => textOf(line, width));

test('every line fills its width exactly, at every size, whatever the names hold', () => {
  const names = fc.array(
    fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('x\x1b[2J', '數據庫'.repeat(60), '👩‍👩‍👧‍👦'.repeat(200), '\u202eevil', 'a\nb'),
    ),
    { minLength: 1, maxLength: 5 },
  );
  fc.assert(
    fc.property(names, fc.integer({ min: 20, max: 250 }), (list, width) => {
      const frame = frameOf(list.map((name) => ({ name, cpu: 5, memory: 1e6 })));
      const shown = shownOf(frame, INITIAL);
      const lines = [
        ...tableView({ frame, shown, state: INITIAL }, width, 12),
        ...headerView({ frame, shown, state: INITIAL, title: 'Overview', alerts: [], age: 0 }, width),
        footerView({ ...INITIAL, filter: list[0] ?? '' }),
      ];
      for (const line of lines) {
        const text = textOf(line, width);
        assert.is(cellWidth(text), width, JSON.stringify(text));
        assert.not.match(text, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
      }
    }),
  );
});

test('a line that is kept from the drawing before is the one that would be made now', () => {
  const { workloads } = frameOf([{ name: 'web' }]);
  const first = {
    ...{ cpu: 12.5, pressure: 0, frozen: false, width: 140, theme: 'dark', trend: [0, 0], selected: -1 },
    ...{ tagged: INITIAL.tagged, recreated: new Set<number>(), scales: INITIAL.scales },
  };
  const others: readonly Partial<typeof first>[] = [
    ...[{ cpu: 180 }, { pressure: 60 }, { frozen: true }, { width: 100 }, { theme: 'light' }, { trend: [0, 5] }],
    ...[{ selected: 1 }, { tagged: new Set([1]) }, { recreated: new Set([1]) }, { scales: { memory: 0, cpu: 1 } }],
  ];
  for (const other of others) {
    for (const drawing of [first, { ...first, ...other }, first]) {
      const { cpu, pressure, frozen, width, theme, trend, recreated, ...changes } = drawing;
      const frame = { ...frameOf([{ name: 'web', cpu, pressure, frozen }]), workloads };
      const state = { ...INITIAL, ...changes };
      const shown = shownOf(frame, state);
      const text = (items: typeof shown.items): string[] => {
        const of = { of: () => trend, samples: 2, span: '2s' };
        const input = { frame, shown: { ...shown, items }, state, recreated, trend: of };
        return tableView(input, width, 6).map((line) => renderLine(line, width, themeOf(theme, false)));
      };
      assert.equal(text(shown.items), text(shown.items.map((item) => ({ ...item }))), JSON.stringify(other));
    }
  }
});

test('numbers stand below their titles', () => {
  const width = 120;
  const [title = '', ...rows] = tableText(FRAME, INITIAL, width, 5);
  const end = title.indexOf('CPU %') + 'CPU %'.length;
  assert.equal(
    rows.map((row) => row.slice(end - 6, end).trim()),
    ['180.0', '12.5', '3.0', '0.0'],
  );
  assert.match(rows[0] ?? '', /^ {2}noisy .* 1\.00GiB/);
});

test('unavailable is -- and never 0', () => {
  const line = tableText(FRAME, INITIAL, 200, 10)[3] ?? '';
  assert.match(line, /^ {2}no-memory-controller/);
  assert.match(line, /--/);
  assert.not.match(line, / 0B/);
});

test('a frozen row says so beside its name, however long that is', () => {
  const frame = frameOf([
    { name: 'still', cpu: 0, frozen: true },
    { name: 'a-name-that-is-longer-than-its-column', cpu: 0, frozen: true },
    { name: 'idle', cpu: 0, frozen: false },
  ]);
  for (const width of [40, 80, 200]) {
    const rows = tableText(frame, { ...INITIAL, sort: 'name' }, width, 5).slice(1);
    assert.match(rows.find((row) => row.includes('a-n')) ?? '', /^ {2}a-n\S* frozen /);
    assert.match(rows.find((row) => row.includes('still')) ?? '', /^ {2}still frozen /);
    assert.not.match(rows.find((row) => row.includes('idle')) ?? '', /frozen/);
    assert.is(new Set(rows.map((row) => row.search(/ 0\.0/))).size, 1, 'columns are aligned');
  }
});

test('a mark that comes moves no name', () => {
  const rows = (state: State, recreated?: ReadonlySet<number>): string[] =>
    tableView({ frame: FRAME, shown: shownOf(FRAME, state), state, ...(recreated ? { recreated } : {}) }, 80, 8)
      .slice(1)
      .map((line) => textOf(line, 80).replaceAll(/[●↻]/g, ' '));
  const unmarked = rows(INITIAL);
  assert.equal(rows(INITIAL, new Set([1])), unmarked);
  assert.equal(rows({ ...INITIAL, tagged: new Set([2]) }).slice(0, 4), unmarked.slice(0, 4));
});

test('plain directories of one name are told apart by the one around them', () => {
  const frame = frameOf([
    { name: 'a', cpu: 9, kind: 'cgroup' },
    { name: '614', cpu: 5, kind: 'cgroup', path: '/a/614' },
    { name: '614', cpu: 4, kind: 'cgroup', path: '/614' },
    { name: 'web', cpu: 3, path: '/a/web' },
    { name: 'web', cpu: 2, path: '/web' },
  ]);
  const names = (state: State) => shownOf(frame, state).items.map(({ name }) => name);
  assert.equal(names(INITIAL), ['a', 'a/614', '/614', 'web', 'web']);
  assert.equal(names({ ...INITIAL, grouping: 'tree' }), ['a', '614', 'web', '614', 'web']);
});

test('one row is one row, and what is wanted in a hurry fits the footer of 80 columns', () => {
  const frame = frameOf([{ name: 'web', cpu: 3 }]);
  assert.match(tableText(frame, INITIAL, 80, 10).at(-1) ?? '', /^Σ 1 row /);
  const shown = shownOf(frame, INITIAL);
  const header = headerView({ frame, shown, state: INITIAL, title: '', alerts: [], age: 0 }, 80).map((line) =>
    textOf(line, 80),
  );
  assert.match(header.join(), / 1 row {2}/);
  const footer = textOf(footerView(INITIAL), 80);
  for (const key of ['? help', 'q quit', 'l limits', 'u undo', 'z freeze', 'K kill']) assert.ok(footer.includes(key));
});

test('held and following are said on narrow screens too', () => {
  const state: State = { ...INITIAL, paused: true, follow: { key: 99, place: '/db', name: 'db' } };
  const told = (width: number): string =>
    headerView({ frame: FRAME, shown: shownOf(FRAME, state), state, title: 'Overview', alerts: [], age: 12 }, width)
      .map((line) => textOf(line, width))
      .join('\n');
  assert.match(told(80), /held \d\d:\d\d:\d\d, 12 s back {2}following db \(/);
  assert.match(told(40), /^held \d\d:\d\d:\d\d, 12 s back {2}follow/m);
});

test('cgroups whose names no text can hold are counted', () => {
  const told = (frame: Frame): string =>
    headerView({ frame, shown: shownOf(frame, INITIAL), state: INITIAL, title: '', alerts: [], age: 0 }, 100)
      .map((line) => textOf(line, 100))
      .join();
  assert.match(told({ ...FRAME, hidden: 1 }), /1 with an unreadable name/);
  assert.not.match(told({ ...FRAME, hidden: 0 }), /unreadable/);
});

test('a query by a figure that no row has says so', () => {
  const frame = frameOf([{ name: 'web', cpu: 3 }]);
  const told = (filter: string, width = 200): string => tableText(frame, { ...INITIAL, filter }, width, 8).join('\n');
  assert.match(told('memory > 1G'), /no workload matches "memory > 1G"; memory_bytes is unknown for all rows; Esc/);
  assert.match(told('cpu > 50'), /no workload matches "cpu > 50"; Esc/);
  assert.match(told('memory > 1G', 40), /Esc clears\s+the\s+filter/);
});

test('NO_COLOR has no colour codes', () => {
  for (const line of tableView(
    { frame: FRAME, shown: shownOf(FRAME, INITIAL), state: { ...INITIAL, selected: 1 } },
    100,
    10,
  )) {
    const codes = renderLine(line, 100, themeOf('monochrome', false)).match(/\x1b\[[\d;]*m/g) ?? [];
    assert.equal(
      codes.filter((code) => !['\x1b[0m', '\x1b[1m', '\x1b[7m'].includes(code)),
      [],
    );
  }
});

test('sort by any column, reverse, filter by text, slices on demand', () => {
  assert.equal(namesOf(INITIAL), ['noisy', 'web', 'no-memory-controller', 'idle']);
  assert.equal(namesOf({ ...INITIAL, reverse: true }), ['idle', 'no-memory-controller', 'web', 'noisy']);
  assert.equal(namesOf({ ...INITIAL, sort: 'memory_bytes' }), ['noisy', 'web', 'idle', 'no-memory-controller']);
  assert.equal(namesOf({ ...INITIAL, sort: 'memory_bytes', reverse: true }).at(-1), 'no-memory-controller');
  assert.equal(namesOf({ ...INITIAL, sort: 'name' }), ['idle', 'no-memory-controller', 'noisy', 'web']);
  assert.equal(namesOf({ ...INITIAL, filter: 'NO' }), ['noisy', 'no-memory-controller']);
  assert.is(namesOf({ ...INITIAL, all: true })[0], 'user.slice');
});

const context = (order: readonly number[], window = 3): ActionContext => ({
  frame: undefined,
  items: order.map((key) => ({ key, row: key, members: [], name: '', branch: '', holds: 0 })),
  unfolded: () => [],
  window,
  sortable: sortable(INITIAL),
  scroll: NO_SCROLL,
  dashboards: [],
});

test('the selection follows the cgroup, not the row; a gone one gives its place to the next', () => {
  let state = settle(INITIAL, context([11, 12, 13, 14]));
  state = afterAction(state, { type: 'move', by: 1 }, context([11, 12, 13, 14]));
  assert.is(state.selected, 12);
  state = settle(state, context([14, 13, 11, 12]));
  assert.is(state.selected, 12);
  assert.is(state.top, 1);
  state = settle(state, context([14, 13, 11]));
  assert.is(state.selected, 11);
  state = settle(state, context([]));
  assert.is(state.selected, undefined);
});

test('the selected row is always in the window, whatever moves', () => {
  const step = fc.oneof(
    fc.record({ type: fc.constant('move' as const), by: fc.integer({ min: -3, max: 3 }) }),
    fc.record({ type: fc.constant('page' as const), by: fc.constantFrom(-1, 1) }),
    fc.constantFrom({ type: 'first' as const }, { type: 'last' as const }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(step, fc.uniqueArray(fc.nat(30), { minLength: 1 }), fc.integer({ min: 1, max: 9 }))),
      (steps) => {
        let state: State = INITIAL;
        for (const [action, order, window] of steps) {
          const table = context(order, window);
          state = settle(afterAction(settle(state, table), action, table), table);
          const index = typeof state.selected === 'number' ? order.indexOf(state.selected) : -1;
          assert.ok(index >= state.top && index < state.top + window, `${index} of ${order.length} from ${state.top}`);
        }
      },
    ),
  );
});

test('the filter is typed character by character; keys mean themselves meanwhile', () => {
  let state = afterAction(INITIAL, { type: 'filter' }, context([]));
  for (const character of ['w', 'q', '\x7f'])
    state = afterTyping(state, { full: character === '\x7f' ? 'backspace' : character, character }, context([]));
  assert.is(state.filter, 'w');
  assert.is(afterTyping(state, { full: 'return', character: '\r' }, context([])).prompt, undefined);
  assert.is(afterTyping(state, { full: 'escape', character: '\x1b' }, context([])).filter, '');
});

test('help and footer come from the key table, and no key has two meanings', () => {
  const help = helpLines().map((line) => line.map(([text]) => text).join(''));
  for (const { shown, help: text } of KEYS)
    assert.ok(
      help.some((line) => line.includes(shown) && line.includes(text)),
      shown,
    );
  const keys = KEYS.flatMap(({ keys: list }) => list);
  assert.is(new Set(keys).size, keys.length);
});

test('areas tile the screen at every size', () => {
  for (let width = 20; width <= 250; width += 7) {
    for (let height = 5; height <= 80; height++) {
      const { header, table, panes, spark, footer } = layoutOf({
        state: INITIAL,
        dashboard: undefined,
        size: { width, height },
        oomKills: 0,
      });
      const cells = [header, table, panes[0]?.area, spark, footer].reduce(
        (sum, area) => sum + (area ? area.width * area.height : 0),
        0,
      );
      const gap = table.width < width ? table.height : 0;
      assert.is(cells + gap, width * height, `${width}x${height}`);
    }
  }
});

test('the process tree marks who entered a PID namespace and who opened one', () => {
  const inner = processOf(102, {
    innerPid: 1,
    isNestedInit: true,
    pidNamespace: 4026532222,
    children: [processOf(103)],
  });
  const roots = [processOf(101, { children: [inner] }), processOf(104, { entered: true })];
  const times = { time: 0, byPid: new Map() };
  const [workload] = FRAME.workloads;
  const lines = processView(
    workload,
    { inode: 1, roots, left: 0, before: undefined, now: times, users: new Map(), pace: 0 },
    120,
  );
  const texts = lines.slice(2).map((line) => textOf(line, 120));
  assert.equal(
    texts.map((text) => text.slice(text.search(/[└├]|app/)).trim()),
    ['app 101', '└─ app 102  init of PID namespace 4026532222', '└─ app 103', 'app 104  entered from outside'],
  );
});

test('kernel threads are left out and counted, and shown on demand', () => {
  const roots = [
    processOf(2, { isKernelThread: true, command: '[kthreadd]', children: [processOf(30, { command: 'helper' })] }),
    processOf(104),
  ];
  const times = { time: 0, byPid: new Map() };
  const list = { inode: 1, roots, left: 0, before: undefined, now: times, users: new Map(), pace: 0 };
  const texts = (shown: boolean): string =>
    processView(FRAME.workloads[0], list, 120, { kernelThreads: shown })
      .map((line) => textOf(line, 120))
      .join('\n');
  assert.match(texts(false), /2 processes {2}1 kernel thread hidden \(H\)/);
  assert.not.match(texts(false), /kthreadd/);
  assert.match(texts(false), /helper/);
  assert.match(texts(true), /3 processes.*kthreadd.*└─ helper/s);
  assert.not.match(texts(true), /hidden/);
});

test.run();
