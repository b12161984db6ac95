/** Panes and what lies over the table: what is shown of more than there is room for, and how it scrolls. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { afterAction } from '../../src/dashboard/after-action.ts';
import { columnOf, DEFAULT_COLUMNS } from '../../src/dashboard/columns.ts';
import { columnsKey, openColumnsForm } from '../../src/dashboard/columns-form.ts';
import { compose } from '../../src/dashboard/compose.ts';
import { parseDashboard } from '../../src/dashboard/dashboards.ts';
import { layoutOf } from '../../src/dashboard/layout.ts';
import type { Pane } from '../../src/dashboard/pane.ts';
import { PANES } from '../../src/dashboard/panes.ts';
import { processView } from '../../src/dashboard/process-view.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { wrapped } from '../../src/dashboard/style.ts';
import { ROW_FIELDS } from '../../src/diagnosis/fields.ts';
import { processTimes } from '../../src/metrics/process-usage.ts';
import { cellWidth, cut } from '../../src/text/cells.ts';
import { frameOf } from './frames.ts';
import { composeAt, composed, EMPTY_CONTEXT, plainText, processListOf, processOf, sceneOf } from './scenes.ts';

const FRAME = frameOf([{ name: 'web', cpu: 90, memory: 2 ** 20 }]);
const [web] = FRAME.workloads;
const STATE: State = { ...INITIAL, selected: 1 };

const CONTEXT = { ...EMPTY_CONTEXT, frame: FRAME };

const sleeps = Array.from({ length: 90 }, (_, index) => processOf(101 + index, { command: 'sleep 1000' }));

test('the busiest process of many is on the screen, and the last line says how many are not', () => {
  const burner = processOf(500, { command: 'burner', utimeTicks: 90 });
  const scene = sceneOf(FRAME, STATE, { processes: processListOf(1, [...sleeps, burner]) });
  const lines = composed(scene, 80, 24);
  assert.match(lines[0] ?? '', /91 processes/);
  assert.match(lines[2] ?? '', /500 .* 90\.0 .*burner/);
  assert.match(lines[3] ?? '', / 101 /);
  assert.is(lines.at(-1), `… ${91 - (lines.length - 3)} more, Enter shows all`);
});

test('wherever the pane is scrolled to, the processes there are on the screen', () => {
  const processes = processListOf(1, sleeps);
  const shownFrom = (top: number): string[] =>
    composed(sceneOf(FRAME, { ...STATE, pane: { key: 'processes', of: 1, top } }, { processes }), 80, 24);
  assert.match(shownFrom(2)[0] ?? '', / 101 /);
  assert.match(shownFrom(40)[0] ?? '', / 139 /);
  assert.match(shownFrom(1000).at(-1) ?? '', / 190 .*sleep/);
  assert.ok(shownFrom(1000).every((line) => line.includes('sleep 1000')));
});

test('siblings stand by the CPU of their subtrees, by memory in a table sorted by it, else by PID', () => {
  const busy = processOf(300, { children: [processOf(301), processOf(302, { stimeTicks: 50, rssBytes: 1 })] });
  const list = processListOf(1, [processOf(102, { rssBytes: 9 }), processOf(101), busy, processOf(103)]);
  const order = (byMemory: boolean) =>
    processView(web, list, 80, { byMemory })
      .slice(2)
      .map((line) => Number(plainText(line).slice(0, 8)));
  assert.equal(order(false), [300, 302, 301, 101, 102, 103]);
  assert.equal(order(true), [102, 300, 302, 301, 101, 103]);
  const byMemory = composed(sceneOf(FRAME, { ...STATE, sort: 'memory_bytes' }, { processes: list }), 80, 24);
  assert.match(byMemory[2] ?? '', /^ +102 /);
});

test('a process that has the pid of another one has not used what that one did', () => {
  const list = processListOf(1, [processOf(101, { utimeTicks: 90 })]);
  const shown = (startTime: number): string => {
    const roots = [processOf(101, { utimeTicks: 90, startTime })];
    const lines = processView(web, { ...list, roots, now: processTimes(roots, 1000) }, 80);
    return plainText(lines[2] ?? []);
  };
  assert.match(shown(1), / 101 .* 90\.0 /);
  assert.match(shown(2), / 101 .* -- /);
});

test('one process is one process', () => {
  const scene = sceneOf(FRAME, STATE, { processes: processListOf(1, [processOf(101)]) });
  assert.match(composed(scene, 80, 24)[0] ?? '', /web {2}1 process {2}/);
});

test('help, events and the whole window go by their own pages, say that there is more, and end at their last line', () => {
  const processes = processListOf(1, sleeps);
  for (const start of [
    { ...STATE, modal: { kind: 'help', top: 0 } },
    { ...STATE, details: true },
  ] satisfies State[]) {
    const seen = new Set<string>();
    let state: State = start;
    const show = (): string[] => composed(sceneOf(FRAME, state, { processes }), 80, 24);
    const press = (type: 'first' | 'last' | 'page', by = 1): string[] => {
      const {
        needs: { scroll },
      } = composeAt(sceneOf(FRAME, state, { processes }), 80, 24);
      const context = { ...CONTEXT, scroll };
      state = afterAction(state, type === 'page' ? { type, by } : { type }, context);
      return show();
    };
    const end = press('last');
    assert.is(end.length, show().length);
    assert.not.match(end.at(-1) ?? '', /more, PgDn/);
    assert.is.not(end.at(-1), '');
    let page = press('first');
    const first = page[0];
    assert.match(page.at(-1) ?? '', /^… \d+ more, PgDn$/);
    for (let pages = 0; pages < 60 && page.at(-1)?.startsWith('… '); pages++) {
      for (const line of page.slice(0, -1)) seen.add(line);
      page = press('page');
    }
    assert.equal(page, end, 'page by page one comes to the end');
    for (const line of page) seen.add(line);
    state = { ...start };
    const all = composed(sceneOf(FRAME, start, { processes }), 80, 400).filter((line) => !line.startsWith('… '));
    for (const line of all) assert.ok(seen.has(line), `skipped: ${line}`);
    assert.is(press('page', -1)[0], first);
  }
});

/** As words, wherever the lines were broken. */
const words = (lines: readonly string[]): string => lines.join(' ').replaceAll(/ +/g, ' ');

test('no word of help, explain or events is cut at the right edge', () => {
  const text =
    'memory pressure: some task waited 1500 ms in 2 s, and a word-that-is-longer-than-any-line-of-this-screen-is';
  const events = () => [{ time: 0, kind: 'pressure' as const, name: 'web', path: '/web', text }];
  const raw = { inode: 1, texts: new Map([['io.stat', `8:0 ${'rbytes=1 wbytes=2 '.repeat(9)}end`]]) };
  for (const [modal, last] of [
    [{ kind: 'help', top: 0 }, 'cgroup'],
    [{ kind: 'explain', slot: 'io_read_bytes_per_second', top: 0 }, 'wbytes=2 end'],
    [{ kind: 'events', show: 'all kinds', text: '', top: 0 }, 'waited 1500 ms in 2 s, and'],
  ] as const) {
    const scene = sceneOf(FRAME, { ...STATE, modal }, { events, raw });
    const [narrow, wide] = [composed(scene, 40, 900), composed(scene, 1000, 900)];
    for (const line of narrow) assert.ok(cellWidth(line.trimEnd()) <= 40, line);
    assert.is(words(narrow).replaceAll(' ', ''), words(wide).replaceAll(' ', ''));
    assert.ok(words(narrow).includes(last), last);
  }
});

test('what is broken stands under its label, and wide characters are not split', () => {
  const [first, second, ...others] = wrapped([['label  '], ['one two three four five']], 21).map(plainText);
  const padded = wrapped([['POP     '], ['populated      '], ['Whether it lives']], 21).map(plainText);
  assert.equal(padded, ['POP     populated    ', '       Whether it', '       lives']);
  assert.equal([first, second, others], ['label  one two three', '       four five', []]);
  assert.equal(wrapped([['數據庫數據庫數據庫']], 9).map(plainText), ['數據庫', '  數據庫', '  數據庫']);
});

test('a held display tells nothing of later, and says what is not of its time', () => {
  const wall = new Date(2026, 0, 1, 15, 25, 50).getTime();
  const { usage } = FRAME;
  const frame = { ...FRAME, usage: { ...usage, snapshot: { ...usage.snapshot, wall } } };
  const event = (kind: 'oom' | 'gone', time: number, name: string) => ({ kind, time, name, path: '/web', text: '' });
  const more = {
    events: () => [event('oom', wall - 1, 'before'), event('oom', wall + 1, 'after')],
    recentOomKills: [event('gone', wall - 2000, 'early'), event('gone', wall + 1, 'late')],
    raw: { inode: 1, texts: new Map([['memory.current', '4096']]) },
    processes: processListOf(1, [processOf(101)], 9),
  };
  const textOf = (state: Partial<State>): string => {
    const { view } = composeAt(sceneOf(frame, { ...STATE, ...state }, more), 100, 40);
    return [...view.table.lines, ...(view.overlay ?? []), ...view.panes.flatMap(({ lines }) => lines)]
      .map(plainText)
      .join('\n');
  };
  const events = { modal: { kind: 'events', show: 'all kinds', text: '', top: 0 } } as const;
  const explain = { modal: { kind: 'explain', slot: 'memory_current_bytes', top: 0 } } as const;
  for (const paused of [false, true]) {
    assert.is(/ after/.test(textOf({ ...events, paused })), !paused);
    assert.is(/† late/.test(textOf({ paused })), !paused);
    assert.is(/memory.current {2}\(now, not at 15:25:50\)/.test(textOf({ ...explain, paused })), paused);
    for (const details of [false, true]) {
      assert.is(/\(at 15:25:58, not at 15:25:50\)/.test(textOf({ paused, details })), paused);
    }
    assert.match(textOf({ ...events, paused }), / before/);
  }
  assert.match(textOf({ paused: true }), /† early {2}, 2 s ago/);
  assert.match(textOf({ paused: true, details: true }), / before/);
  assert.not.match(textOf({ paused: true, details: true }), / after/);
});

const titleOf = (state: State, width: number): string =>
  plainText(composeAt(sceneOf(FRAME, state), width, 12).view.table.lines[0]);

test('the column that the table is sorted by is always shown, in place of the last that fits', () => {
  for (const width of [20, 40, 80]) {
    for (const sort of [...DEFAULT_COLUMNS, 'memory_anon_bytes']) {
      for (const columns of [undefined, ['memory_bytes', 'pids', 'cpu_percent']]) {
        const title = titleOf({ ...STATE, sort, columns }, width);
        assert.ok(title.includes(`▼${columnOf(sort, STATE.scales).label}`), `${sort} in ${width}: ${title}`);
        assert.ok(cellWidth(title) <= width, title);
      }
    }
  }
});

test('the columns form says which of the columns have no room', () => {
  const opened = afterAction(STATE, { type: 'columns' }, CONTEXT);
  const roomless = (state: State): string[] =>
    composed(sceneOf(FRAME, state), 80, 40).flatMap((line) => /^\[x\] (.*?) +\S+ +no room here/.exec(line)?.[1] ?? []);
  const [first = '', second = '', ...rows] = composed(sceneOf(FRAME, opened), 80, 40).map((line) => cut(line, 80));
  assert.match(`${first} ${second}`, /Esc +back/);
  const places = rows.map((line) =>
    Math.min(...ROW_FIELDS.map(({ id }) => line.indexOf(` ${id} `)).filter((at) => at > 0)),
  );
  assert.is(new Set(places).size, 1, 'the ids stand below each other');
  assert.not(roomless(opened).includes('MEM'), 'the default ones are those that are needed most');
  assert.ok(roomless(opened).includes('OOM'));
  const { modal } = opened;
  const form = modal?.kind === 'columns' ? columnsKey(modal, { full: 'space' }) : 'cancel';
  if (form === 'cancel' || !('form' in form)) throw new Error('no form');
  assert.ok(roomless({ ...STATE, modal: form.form }).includes('MEM'), 'chosen ones stand in their order');
  assert.equal(roomless({ ...STATE, columns: ['pids'], modal: openColumnsForm(['pids']) }), []);
});

test('CPU on the scale of the host is explained as that', () => {
  const explained = (cpu: number): string =>
    composed(
      sceneOf(FRAME, {
        ...STATE,
        scales: { cpu, memory: 0 },
        modal: { kind: 'explain', slot: 'cpu_percent', top: 0 },
      }),
      120,
      30,
    ).join('\n');
  assert.match(explained(1), /value +22\.5 %/);
  assert.match(explained(1), /definition .*100 % is the whole host, 4 CPUs\./);
  assert.match(explained(1), /formula .* \/ 4 CPUs of the host/);
  assert.not.match(explained(0), /host/);
});

test('a pane is a row of the table: a screen refers to it by its key, and what it demands is read', () => {
  const pane: Pane = {
    key: 'mine',
    title: 'Mine',
    demands: ['limits'],
    hasWholeWindow: true,
    render: ({ frame }, { width }) => [[[`${frame?.workloads.length} in ${width} cells`]]],
  };
  const text = 'cells:\n  - { show: table, at: [0, 0, 6, 12] }\n  - { show: mine, at: [6, 0, 6, 12] }\n';
  assert.throws(() => parseDashboard(text, 'f.yaml'), /show: "mine" is not one of table, processes, /);
  const dashboard = parseDashboard(text, 'f.yaml', [...PANES, pane]);
  for (const details of [false, true]) {
    const state = { ...STATE, details };
    const layout = layoutOf({ state, dashboard, size: { width: 100, height: 30 }, oomKills: 0 });
    const { view, needs } = compose(sceneOf(FRAME, state), layout);
    assert.equal(
      view.panes.map(({ lines }) => lines.map(plainText)),
      [['1 in 100 cells']],
    );
    assert.equal([...needs.parts], ['limits']);
  }
});

test('the panes there are have a key each, and parts that are read', () => {
  const keys = PANES.map(({ key }) => key);
  assert.is(new Set(keys).size, keys.length);
  for (const { partOf } of PANES) assert.ok(partOf === undefined || keys.includes(partOf));
});

test.run();
