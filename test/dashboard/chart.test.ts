/** Charts: bare numbers at the axis have the unit that the title says, and one without room for axes has levels. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { chartOf, levelChart } from '../../src/dashboard/chart-view.ts';
import { BUSY, withBox } from '../boxes.ts';
import { openTstop } from '../terminal.ts';
import { plainText } from './scenes.ts';

const MIB = 2 ** 20;
const AREA = { top: 0, left: 0, width: 80, height: 20 };

/** `of`: whose each figure is, by its id. */
const chart = (
  traces: Readonly<Record<string, readonly number[]>>,
  width = 80,
  of: Readonly<Record<string, string>> = {},
) =>
  chartOf(
    { ...AREA, width },
    Object.entries(traces).map(([id, values]) => ({
      id,
      ...(of[id] !== undefined && { of: of[id] }),
      trace: () => ({ values, mosts: values, fold: 1 }),
    })),
    300,
    1,
  );

test('a suspect beside the loss: of the same unit on the same axis, of another one as high as the loss goes', () => {
  const cpu = chart({ verdict_loss_percent: [10, 40], cpu_percent: [0, 160] }, 80, { cpu_percent: 'batch' });
  assert.is(plainText(cpu.title), 'LOST % 40.0 most 40.0   batch CPU % 160.0 most 160.0   5m');
  assert.equal(cpu.series[1]?.values, [0, 160]);
  const memory = chart({ verdict_loss_percent: [10, 40], memory_bytes: [MIB, 2 * MIB] }, 100, {
    memory_bytes: 'batch',
  });
  assert.is(
    plainText(memory.title),
    'LOST % 40.0 most 40.0   batch MEM 2.00MiB most 2.00MiB   5m, batch drawn to the same height',
  );
  assert.equal(
    memory.series.map(({ values }) => values),
    [
      [10, 40],
      [20, 40],
    ],
  );
});

test('memory is drawn in the unit of its largest figure, io in that of the larger of both', () => {
  const memory = chart({ memory_bytes: [64 * MIB, Number.NaN, 129 * MIB] });
  assert.is(plainText(memory.title), 'MEM 129MiB most 129MiB   5m, in MiB');
  assert.equal(memory.series[0]?.values, [64, 64, 129]);
  const io = chart({ io_read_bytes_per_second: [500, 0], io_write_bytes_per_second: [26e6, 1e6] });
  assert.match(plainText(io.title), /IO W\/s 1\.00MB most 26\.0MB {3}5m, in MB$/);
  assert.equal(
    io.series.map(({ values }) => values[0]),
    [0.0005, 26],
  );
});

test('percents, and figures of several units, are drawn as they are; nothing is said of what is not known', () => {
  assert.match(plainText(chart({ cpu_percent: [250] }).title), / 5m$/);
  const mixed = chart({ cpu_percent: [50], memory_bytes: [MIB] });
  assert.equal(
    mixed.series.map(({ values }) => values[0]),
    [50, MIB],
  );
  assert.match(plainText(chart({ memory_bytes: [Number.NaN] }).title), /^MEM -- most -- {3}5m$/);
});

test('a title that is too long leaves the largest figures out, not half of one', () => {
  const traces = { cpu_percent: [11.9, 37.4, 11.9], cpu_throttled_percent: [Number.NaN] };
  assert.is(plainText(chart(traces).title), 'CPU % 11.9 most 37.4   THR % -- most --   5m');
  assert.is(plainText(chart(traces, 40).title), 'CPU % 11.9   THR % --   5m');
  assert.match(plainText(chart(traces, 24).title), /^CPU % 11\.9 {3}THR % --/);
});

test('levels go from nothing to the largest figure, in ASCII where there is no more', () => {
  const text = (ascii: boolean): string => plainText(levelChart(chart({ cpu_percent: [0, 50, 100] }), ascii)[1]);
  assert.is(text(false), 'CPU %    | ▄█');
  assert.is(text(true), 'CPU %    | +@');
});

const BOX = `tscg-chart-${process.pid}`;

test('charts of a screen that is too low for axes have levels', () =>
  withBox(BOX, async (box) => {
    await box.run(BUSY);
    const terminal = openTstop(80, 24);
    try {
      terminal.type(`f${BOX}\r2`);
      await terminal.until((text) => /CPU % +\|.*█/.test(text), 'levels of the CPU');
    } finally {
      terminal.kill();
    }
  }));

test.run();
