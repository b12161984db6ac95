/** The trend column: what each cell stands for, and where there is room for it. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { columnsFor } from '../../src/dashboard/columns.ts';
import { INITIAL } from '../../src/dashboard/state.ts';
import { renderLine } from '../../src/dashboard/style.ts';
import { themeOf } from '../../src/dashboard/themes.ts';
import { trendSamples, trendText } from '../../src/dashboard/trend.ts';
import { cellWidth } from '../../src/text/cells.ts';
import { frameOf } from './frames.ts';
import { composeAt, plainText, sceneOf } from './scenes.ts';

const ramp = [0, 1, 2, 3, 4, 5, 6, 7];

for (const [about, values, samples, cells, busiest, text] of [
  ['each sample has a cell', ramp, 8, 8, 7, '▁▂▃▄▅▆▇█'],
  ['a burst of one sample is seen among many', [...Array(30).fill(1), 100, ...Array(29).fill(1)], 60, 6, 100, '▂▂▂█▂▂'],
  ['what is unavailable is blank, not 0', [0, Number.NaN, 4, Number.NaN], 4, 4, 4, '▁ █ '],
  ['what is not kept yet is blank, at the left', [4], 4, 4, 4, '   █'],
  ['nothing at all', [0, 0, 0], 3, 3, 0, '▁▁▁'],
  ['no figure', [], 60, 6, Number.NaN, '      '],
  ['fewer samples than cells stand at the right', [2, 4], 2, 6, 4, '    ▅█'],
  ['noise beside a busy row is no burst', [0.1, 0.2, 0.1], 3, 3, 100, '▂▂▂'],
] as const) {
  test(`a trend: ${about}`, () => assert.is(trendText(values, samples, cells, busiest), text));
}

test('a trend has as many cells as it is given, whatever the figures', () => {
  const value = fc.oneof(fc.float({ min: 0, noNaN: true }), fc.constant(Number.NaN));
  fc.assert(
    fc.property(
      fc.array(value, { maxLength: 80 }),
      fc.nat(20),
      fc.integer({ min: 1, max: 90 }),
      (all, cells, samples) => {
        const values = all.slice(0, samples);
        assert.is(cellWidth(trendText(values, samples, cells, Math.max(0, ...values))), cells);
      },
    ),
  );
});

test('the trend spans a minute, and has at least two samples', () => {
  assert.equal([0.5, 1, 10, 60].map(trendSamples), [120, 60, 6, 2]);
});

test('the columns and the trend have their room, and chosen columns come first', () => {
  for (let width = 20; width <= 250; width++) {
    for (const columns of [undefined, ['cpu_percent', 'memory_bytes', 'pids', 'io_read_bytes_per_second']]) {
      const found = columnsFor(width, { ...INITIAL, columns });
      const figures = found.columns.reduce((sum, column) => sum + column.width + 1, 0);
      const trend = found.trendCells === 0 ? 0 : found.trendCells + 1;
      assert.ok(found.nameCells + figures + trend <= Math.max(width, figures + 1), `${width}`);
      if (width < 60) assert.is(found.trendCells, 0);
      if (width >= 70) assert.ok(found.trendCells >= 6, `${width}`);
    }
  }
  const many = ['cpu_percent', 'memory_bytes', 'pids', 'io_read_bytes_per_second', 'io_write_bytes_per_second'];
  const chosen = [...many, 'psi_cpu_some_percent', 'cpu_throttled_percent'];
  assert.is(columnsFor(80, { ...INITIAL, columns: chosen }).columns.length >= many.length, true);
});

test('each visible row has the history of the figure that the table is sorted by', () => {
  const frame = frameOf(Array.from({ length: 100 }, (_, index) => ({ name: `w${index}`, cpu: 100 - index })));
  const asked: [number, string][] = [];
  const scene = sceneOf(
    frame,
    { ...INITIAL, selected: 1, sort: 'memory_bytes' },
    {
      historyOf: (inode, id) => {
        if (id === 'memory_bytes') asked.push([inode, id]);
        return { values: [1, 8], mosts: [1, 8], fold: 1 };
      },
    },
  );
  const { lines, area } = composeAt(scene, 80, 24).view.table;
  assert.match(plainText(lines[0]), / TREND 60s$/);
  assert.match(plainText(lines[1]), / █$/);
  assert.is(asked.length, area.height - 2);
  const ascii = renderLine(lines[2] ?? [], 80, themeOf('monochrome', true));
  assert.match(ascii, / @ *$/);
  assert.not.match(plainText(composeAt(scene, 40, 12).view.table.lines[0]), /TREND/);
});

test.run();
