/** Many machines on the screen of tstop. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onItsMachine } from '../../src/dashboard/elsewhere.ts';
import { openFleetReader } from '../../src/dashboard/fleet-reader.ts';
import { demandedIn } from '../../src/dashboard/layout.ts';
import { PANES } from '../../src/dashboard/panes.ts';
import { guardedBy } from '../../src/dashboard/sampling.ts';
import { INITIAL, type State } from '../../src/dashboard/state.ts';
import { twoMachines } from '../fleet/frames.ts';
import { drive } from './driver.ts';
import { frameOf } from './frames.ts';
import { composeAt, DASHBOARDS, linesOf, plainText, sceneOf } from './scenes.ts';

const SIZE = { width: 120, height: 30 };
const CONTAINER = DASHBOARDS.findIndex(({ name }) => name === 'container');

function fleet(state: Partial<State> = {}) {
  const driven = drive({ state: { ...INITIAL, ...state }, size: SIZE, dashboards: DASHBOARDS });
  driven.see(twoMachines());
  const screen = (more: Parameters<typeof sceneOf>[2] = {}) =>
    composeAt(sceneOf(driven.session().frame ?? twoMachines(), driven.state(), more), SIZE.width, SIZE.height);
  const table = () => (screen().view.table.lines ?? []).map(plainText);
  return { ...driven, screen, table };
}

test('each row has its machine, and rows sort by it', () => {
  const driven = fleet();
  const [title = '', first = ''] = driven.table();
  assert.match(title, /NAME +HOST +VERDICT/);
  assert.match(first, /web +b +fine +30\.0/);
  driven.act({ type: 'sort', by: 'host' });
  const sorted = driven.table();
  assert.match(sorted[0] ?? '', '▼HOST');
  assert.match(sorted[1] ?? '', /db +a /);
  assert.match(sorted[3] ?? '', /web +b /);
});

test('s shows the machine of the selected row alone, and all again', () => {
  const driven = fleet();
  driven.act({ type: 'host' });
  assert.is(driven.told(), 'only b: s or Esc shows all machines');
  assert.equal(driven.shown()?.rows, [2]);
  assert.match(plainText(driven.screen().view.header.lines[0]), /^only b {2}figures of \d\d:\d\d:\d\d, 0 s old/);
  assert.not.match(driven.table()[0] ?? '', 'HOST');
  driven.act({ type: 'host' });
  assert.is(driven.shown()?.rows.length, 3);
});

test('Enter on a group by machine goes into that machine, and Esc comes back', () => {
  const driven = fleet({ grouping: 'host' });
  const lines = driven.table();
  assert.match(lines[1] ?? '', /▾ Σ a \(2\) .* 30\.0/);
  driven.act({ type: 'first' });
  driven.act({ type: 'details' });
  assert.is(driven.state().host, 'a');
  driven.act({ type: 'clear' });
  assert.is(driven.state().host, undefined);
});

test('rows of this machine have no group by machine, and s says why it does nothing', () => {
  const driven = drive({ state: { ...INITIAL, grouping: 'tree' } });
  driven.see(frameOf([{ name: 'web' }]));
  driven.act({ type: 'group' });
  assert.is(driven.state().grouping, 'pod');
  driven.act({ type: 'host' });
  assert.match(driven.told() ?? '', /all rows are of one machine/);
});

test('a machine that is silent is named with its age', () => {
  const scene = sceneOf(twoMachines(75), INITIAL);
  const header = composeAt(scene, 120, 30).view.header.lines.map(plainText);
  assert.match(header[0] ?? '', /^2 machines {2}figures of \S+, 0 s old {2}b silent for 75 s {2}http:\/\/store:9090$/);
});

test('rows that were left out are counted', () => {
  const header = composeAt(sceneOf(twoMachines(0, [1, 2, 3], 7), INITIAL), 120, 30).view.header.lines.map(plainText);
  assert.match(header[0] ?? '', /0 s old {2}7 rows left out {2}http/);
});

for (const [ahead, words] of [
  [600_000, '600 s behind'],
  [-90_000, '90 s ahead'],
] as const)
  test(`how old figures are goes by the clock of the store, where this one is ${words}`, () => {
    const frame = twoMachines(75, [1, 2, 3], 0, { ahead });
    const header = composeAt(sceneOf(frame, INITIAL), 160, 30).view.header.lines.map(plainText);
    assert.match(header[0] ?? '', new RegExp(`, 0 s old  b silent for 75 s  this clock is ${words}  http`));
  });

test('that machines may be missing comes first, and why where there is room', () => {
  const frame = twoMachines(75, [1, 2, 3], 0, { partial: 'store-eu: connection refused' });
  const headerAt = (width: number): string =>
    composeAt(sceneOf(frame, INITIAL), width, 30).view.header.lines.map(plainText)[0] ?? '';
  assert.match(
    headerAt(160),
    /^2 machines {2}some may be missing {2}.* old {2}b silent .*9090 {2}store-eu: connection refused$/,
  );
  assert.match(headerAt(40), /^2 machines {2}some may be missing *$/);
});

for (const what of ['limits', 'undo', 'freeze', 'kill', 'reclaim'] as const) {
  test(`the key of ${what} says that only cgroups of this machine can be changed`, () => {
    const driven = fleet();
    driven.act({ type: 'act', what });
    assert.is(driven.told(), 'only cgroups of this machine can be changed from here: ssh -t b tstop');
    assert.equal(driven.effects(), []);
  });
}

test('what only the machine itself can tell is said, with what to do', () => {
  const commands = {
    processes: 'tstop',
    network: 'tstop --dashboard network',
    namespaces: 'tscg ns web',
    filesystem: 'tscg fs web',
    neighbours: 'tscg why web',
  };
  assert.equal(
    PANES.filter(({ local }) => local)
      .map(({ key }) => key)
      .sort(),
    Object.keys(commands).sort(),
  );
  for (const [key, command] of Object.entries(commands)) {
    const screen = DASHBOARDS.findIndex(({ name }) => name === key);
    const driven = fleet();
    if (screen >= 0) driven.act({ type: 'screen', to: screen });
    const text = driven
      .screen()
      .view.panes.flatMap(({ lines }) => lines.map(plainText))
      .join(' ')
      .replace(/\s+/g, ' ');
    assert.match(text, `only its own machine can tell this: ssh -t b ${command}`, key);
  }
});

test('all about one row has its machine, all its figures, and no file of this machine', () => {
  const driven = fleet({ screen: CONTAINER, details: true });
  const text = linesOf(driven.screen({ inside: { whole: twoMachines(0, [77, 0, 0]) } })).join('\n');
  assert.match(text, /^web {2}container {2}b {2}\/web/);
  assert.match(text, /CPU +77\.0 % .*limit 2\.00 CPUs/);
  assert.match(text, 'ssh -t b tstop');
  assert.not.match(text, /reading …|inode/);
});

test('what could not be read for a pane is told as long as that is on the screen', async () => {
  const driven = fleet({ screen: CONTAINER, details: true });
  const guarded = guardedBy(driven);
  const fails = async () => {
    throw new Error('HTTP status 500');
  };
  const reader = openFleetReader({
    ...{ charted: [], seconds: 5, onNews: () => undefined, guarded },
    source: { whole: fails, history: async () => new Map() },
  });
  const look = async () => {
    reader.look(driven.session(), demandedIn(driven.session().layout));
    await new Promise(setImmediate);
  };
  await look();
  assert.is(driven.session().trouble?.message, 'HTTP status 500');
  driven.act({ type: 'screen', to: 0 });
  assert.is(driven.session().trouble, undefined);
  await guarded('sample', fails);
  driven.act({ type: 'details' });
  assert.is(driven.session().trouble?.what, 'sample', 'what no pane demands is told until it is done again');
});

test('a command for another machine names its host, whatever tells that apart', () => {
  for (const [host, word] of [
    ['web-1', 'web-1'],
    ['web-1:9753', 'web-1'],
    ['my cluster/monitoring/web-1:9753', 'web-1'],
    ['eu/-oProxyCommand=x', 'HOST'],
    ['eu/', 'HOST'],
  ] as const)
    assert.is(onItsMachine({ path: '/a', inode: 1, name: 'a', kind: 'unit', host }, ['tscg']), `ssh -t ${word} tscg`);
});

test('a figure of another machine is explained by its series', () => {
  const driven = fleet({ modal: { kind: 'explain', slot: 'cpu_percent', top: 0 } });
  const text = linesOf(driven.screen()).join('\n');
  assert.match(text, /series +container_cpu_usage_seconds_total/);
  assert.match(text, 'ssh -t b tscg get web');
  assert.not.match(text, 'reading …');
});

test.run();
