/** Whole screens as text, at three sizes; `UPDATE=1 node --import tsx test/dashboard/golden.test.ts` writes them anew. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onScreen } from '../../src/dashboard/after-action.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import { renderLine } from '../../src/dashboard/style.ts';
import { themeOf } from '../../src/dashboard/themes.ts';
import type { Block, View } from '../../src/dashboard/view.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import { cellWidth } from '../../src/text/cells.ts';
import { frameOf } from './frames.ts';
import { GOLDEN_SCREENS, GOLDEN_SIZES } from './golden-screens.ts';
import { insideOf } from './insides.ts';
import { composeAt, DASHBOARDS, sceneOf } from './scenes.ts';

const FOLDER = fileURLToPath(new URL('golden/', import.meta.url));

const shop = {
  details: {
    runtime: 'docker' as const,
    id: 'd1',
    name: 'db',
    composeProject: 'shop',
    image: 'postgres:16',
    state: 'running',
    networkMode: 'bridge',
    ipAddresses: ['172.17.0.2'],
    storageDriver: 'overlay2',
  },
};

const FRAME = frameOf([
  { name: 'system.slice', cpu: 70, kind: 'slice' },
  {
    name: 'db',
    cpu: 40,
    memory: 2 ** 28,
    path: '/system.slice/db',
    facts: { ...shop, runtime: 'docker', image: 'postgres:16' },
  },
  {
    name: 'web',
    cpu: 20,
    memory: 2 ** 26,
    path: '/system.slice/web',
    facts: { ...shop, runtime: 'docker', image: 'nginx' },
  },
  { name: '數據庫-with-a-very-long-name-that-is-cut', cpu: 180.4, memory: 3 * 2 ** 30 },
  { name: 'blind', cpu: 3 },
  { name: 'hollow', cpu: 0, populated: false },
]);

const web = FRAME.workloads[2] ?? { path: '', inode: 0, name: '', kind: 'container' };

const FINDING: Finding = {
  ...{ workload: web, when: 0, window: 5, source: 'ebpf', missing: ['no io.stat'] },
  verdicts: [
    {
      ...{ cause: 'cpu-wait', loss: 312, sentence: 'it waits for a CPU behind db for 312 ms of each second' },
      figures: [{ id: 'run_delay', value: 318, unit: 'ms_per_second', source: 'schedstat' }],
      suspects: [
        {
          ...{ what: 'workload', path: '/system.slice/db', name: 'db', blame: 0.92, confidence: 0.9 },
          evidence: 'used 0.74 CPUs while it waited, where its share is 0.50 CPUs',
        },
      ],
      remedies: [
        {
          path: web.path,
          name: 'web',
          limits: { '--cpu-weight': '400' },
          words: 'give it more weight; nobody is capped',
        },
      ],
    },
    {
      ...{ cause: 'disk', loss: 104, sentence: 'it waits for vda, which others keep busy', refusal: 'no suspect' },
      ...{ figures: [], suspects: [], remedies: [] },
    },
  ],
};

/** Charts and the spark line are blessed-contrib's: their title alone is text. */
function textOf(view: View, width: number, height: number): string {
  const lines = Array.from({ length: height }, () => Array.from({ length: width }, () => ' '));
  const paint = ({ area, lines: content }: Block): void => {
    for (let line = 0; line < area.height; line++) {
      const text = renderLine(content[line] ?? [], area.width, themeOf('monochrome', false)).replaceAll(
        /\x1b\[\d*m/g,
        '',
      );
      let x = area.left;
      for (const character of text) {
        const row = lines[area.top + line];
        if (row) row[x] = character;
        // The second half of a wide character is no cell of its own.
        if (row && cellWidth(character) === 2) row[x + 1] = '';
        x += cellWidth(character);
      }
    }
  };
  for (const pane of [view.header, view.table, ...view.panes, view.footer]) paint(pane);
  for (const { area, title } of view.charts) paint({ area: { ...area, height: 1 }, lines: [title] });
  if (view.overlay) paint({ area: { top: 0, left: 0, width, height: height - 1 }, lines: view.overlay });
  return `${lines.map((row) => row.join('').trimEnd()).join('\n')}\n`;
}

for (const [width, height] of GOLDEN_SIZES) {
  for (const [name, changes] of Object.entries(GOLDEN_SCREENS)) {
    test(`${name} at ${width}x${height}`, () => {
      const state = { ...onScreen({ ...INITIAL, selected: 4 }, changes.screen ?? 0, DASHBOARDS), ...changes };
      const scene = sceneOf(FRAME, state, {
        inside: { ...insideOf(web, FRAME.workloads), diagnosis: { seconds: 5, finding: FINDING } },
        historyOf: (_, id) => {
          const values = id === 'cpu_percent' ? [10, 20, 40] : [];
          return { values, mosts: values, fold: 1 };
        },
        recreated: new Set([4]),
        events: () => [{ time: Date.now(), kind: 'oom', name: 'db', path: '/system.slice/db', text: 'killed' }],
      });
      const { view } = composeAt(scene, width, height);
      const text = textOf(view, width, height).replaceAll(/\d\d:\d\d:\d\d/g, 'hh:mm:ss');
      const file = join(FOLDER, `${name}-${width}x${height}.txt`);
      if (process.env.UPDATE) {
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(file, text);
      }
      assert.fixture(text, readFileSync(file, 'utf8'));
    });
  }
}

test.run();
