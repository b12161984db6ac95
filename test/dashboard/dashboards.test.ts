/** Screens as files: the shipped ones, a user's own, and what is wrong with a bad one. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { chooseDashboard } from '../../src/dashboard/choose-dashboard.ts';
import { DashboardError, dashboardsOf, parseDashboard } from '../../src/dashboard/dashboards.ts';
import { layoutOf } from '../../src/dashboard/layout.ts';
import { SHIPPED_SCREENS } from '../../src/dashboard/names.ts';
import { isUtf8, loadSettings, saveSetting } from '../../src/dashboard/settings.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import { temporaryFolder } from '../temporary-folder.ts';

test('every shipped screen has a name and a file, and can be used', () => {
  const { dashboards, faults } = chooseDashboard(undefined, '/nonexistent');
  assert.equal(faults, []);
  assert.equal(
    dashboards.map(({ name }) => name),
    SHIPPED_SCREENS,
  );
});

test('the value of a file, which the bundle has, gives the dashboard that its text gives', () => {
  const { dashboards } = chooseDashboard(undefined, '/nonexistent');
  const textOf = (name: string): string =>
    readFileSync(new URL(`../../dashboards/${name}.yaml`, import.meta.url), 'utf8');
  assert.equal(
    dashboardsOf(Object.fromEntries(SHIPPED_SCREENS.map((name) => [name, parse(textOf(name))]))),
    dashboards,
  );
});

for (const [text, about] of [
  ['title: x\ncolumns: [cpu_percent, cpux]\n', /^f\.yaml:2: columns\[1\]: no metric "cpux"/],
  ['title: x\nsorted: cpu\n', /^f\.yaml:2: sorted: no such key/],
  ['title: x\n\nsort: nothing\n', /^f\.yaml:3: sort: no metric "nothing"/],
  ['cells:\n  - { show: pie, at: [0,0,1,1] }\n', /^f\.yaml:2: cells\[0\]\.show: "pie" is not one of/],
  ['cells:\n  - { show: table, at: [0,0,13,1] }\n', /^f\.yaml:2: cells\[0\]\.at\[2\]: not \[top/],
  ['cells:\n  - show: chart\n    at: [0,0,1,1]\n', /^f\.yaml:2: cells\[0\]: a chart needs metrics/],
  ['title: x\ncells:\n  - show: table\n', /^f\.yaml:3: cells\[0\]\.at: is missing/],
  ['cells:\n  - { show: table, att: [0,0,1,1] }\n', /^f\.yaml:2: cells\[0\]\.att: no such key; did you mean at\?/],
  ['title: 3\n', /^f\.yaml:1: title: not text/],
  ['details: 1\n', /^f\.yaml:1: details: not true or false/],
  ['title: [\n', /^f\.yaml:\d: /],
  ['a: &a { <<: *a }\n', /^f\.yaml:1: .*Excessive alias count/],
  ['- a\n', /^f\.yaml:1: file: not a map/],
] as const) {
  test(`a bad file is named with line and key: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseDashboard(text, 'f.yaml'),
      (error: Error) => error instanceof DashboardError && about.test(error.message),
    );
  });
}

test("a user's own screens come after, take the place of shipped ones, and a bad one costs only itself", () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'dashboards'));
  writeFileSync(join(folder, 'dashboards/mine.yaml'), 'title: Mine\n');
  writeFileSync(join(folder, 'dashboards/cpu.yaml'), 'title: My CPU\n');
  writeFileSync(join(folder, 'dashboards/bad.yaml'), 'colums: []\n');
  const { dashboards, faults, index } = chooseDashboard('mine', folder);
  assert.is(dashboards[3]?.title, 'My CPU');
  assert.is(dashboards[index]?.title, 'Mine');
  assert.match(faults.join(), /bad\.yaml:1: colums/);
  assert.match(chooseDashboard('nothing', folder).faults.join(), /no screen and no file "nothing"; there are overview/);
  assert.is(chooseDashboard('nothing', folder).index, 0);
});

test('the fault of the screen that is asked for comes first', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'dashboards'));
  for (const name of ['also-bad', 'bad', 'cpu']) writeFileSync(join(folder, `dashboards/${name}.yaml`), 'colums: []\n');
  const bad = chooseDashboard('bad', folder);
  assert.match(bad.faults[0] ?? '', /\/bad\.yaml:1: colums/);
  assert.equal([bad.faults.length, bad.index], [3, 0]);
  const cpu = chooseDashboard('cpu', folder);
  assert.match(cpu.faults[0] ?? '', /\/cpu\.yaml:1: colums/);
  assert.is(cpu.dashboards[cpu.index]?.title, 'CPU');
});

test('the areas of every shipped screen lie in the body and do not overlap, at every size', () => {
  const { dashboards } = chooseDashboard(undefined, '/nonexistent');
  for (const [width, height] of [
    [200, 60],
    [80, 24],
    [40, 12],
    [97, 31],
    [20, 5],
  ] as const) {
    for (const dashboard of dashboards) {
      const size = { width, height };
      const { body, table, panes, charts } = layoutOf({ state: INITIAL, dashboard, size, oomKills: 0 });
      const taken = new Set<string>();
      for (const area of [table, ...[...panes, ...charts].map((part) => part.area)]) {
        for (let y = area.top; y < area.top + area.height; y++) {
          for (let x = area.left; x < area.left + area.width; x++) {
            assert.ok(y >= body.top && y < body.top + body.height && x < width, `${dashboard.name} ${width}x${height}`);
            assert.not(taken.has(`${x},${y}`), `${dashboard.name} ${width}x${height} at ${x},${y}`);
            taken.add(`${x},${y}`);
          }
        }
      }
    }
  }
});

test('settings are saved beside what else the file holds, and a bad one is named and left out', () => {
  const folder = temporaryFolder();
  const file = join(folder, 'config.yaml');
  writeFileSync(file, '# mine\nother: 1\ntstop:\n  theme: pink\n  alarm: bell\n');
  const { settings, faults } = loadSettings(folder);
  assert.equal(settings, { alarm: 'bell' });
  assert.match(faults.join(), /config\.yaml:4: tstop\.theme: "pink" is not one of dark, light/);
  assert.match(faults.join(), /config\.yaml:2: other: no such key; one of tstop, alerts/);
  saveSetting(folder, 'theme', 'light');
  saveSetting(folder, 'columns', { cpu: ['pids'] });
  const text = readFileSync(file, 'utf8');
  assert.match(text, /# mine\nother: 1/);
  assert.equal(loadSettings(folder).settings, { theme: 'light', alarm: 'bell', columns: { cpu: ['pids'] } });
  saveSetting(folder, 'columns', undefined);
  assert.is(loadSettings(folder).settings.columns, undefined);
});

test('what is wrong of several settings costs each of them alone', () => {
  const folder = temporaryFolder();
  const lines = ['mouse: 1', 'cpu: host', 'memory: all', 'colour: red', 'columns: { cpu: [pids, nothing] }'];
  writeFileSync(join(folder, 'config.yaml'), `tstop:\n${lines.map((line) => `  ${line}\n`).join('')}`);
  const { settings, faults } = loadSettings(folder);
  assert.equal(settings, { cpu: 'host' });
  const told = faults.join('\n');
  for (const text of [
    ':2: tstop.mouse: not true or false',
    ':4: tstop.memory: "all" is not one of memory_bytes',
    ':5: tstop.colour: no such key; one of columns, memory',
  ])
    assert.ok(told.includes(text), told);
  assert.match(told, /:6: tstop\.columns/);
  writeFileSync(join(folder, 'config.yaml'), 'tstop:\n  columns: [PIDS]\n');
  assert.equal(loadSettings(folder).settings, { columns: { overview: ['pids'] } });
});

test('a locale that is set and not UTF-8 means ASCII', () => {
  assert.ok(isUtf8({}));
  assert.ok(isUtf8({ LANG: 'de_DE.UTF-8' }));
  assert.not(isUtf8({ LANG: 'C' }));
  assert.not(isUtf8({ LC_ALL: 'POSIX', LANG: 'en_US.utf8' }));
});

test.run();
