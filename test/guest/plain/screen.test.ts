/** tstop with a hand on the tap: a limit set on the screen reaches the kernel, and is taken back from there. */

import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { FIELDS } from '../../../src/dashboard/action-view.ts';
import { BUSY, STATE_DIR, withBox } from '../../boxes.ts';
import { openTstop } from '../../terminal.ts';

const DOWN = '\x1b[B';

test('l, a value, Enter: cpu.max is written as the plan showed; u takes it back', () =>
  withBox('/box', async (box) => {
    await box.run(BUSY);
    const terminal = openTstop(120, 40, [], { TSCG_STATE_DIR: STATE_DIR });
    try {
      // Typed before it listens, the line discipline would have it.
      await terminal.until((text) => text.includes('NAME'), 'the table');
      terminal.type('f/box\r');
      await terminal.until((text) => /box +[^\d\n]*\d+\.\d/.test(text), 'the box with its CPU');
      terminal.type('l');
      await terminal.until((text) => text.includes('Limits of 1 row'), 'the form');
      terminal.type(DOWN.repeat(FIELDS.findIndex(({ flag: { long } }) => long === '--cpu')));
      terminal.type('50%');
      await terminal.until((text) => text.includes('max 100000 → 50000 100000'), 'the plan');
      assert.is(box.read('cpu.max'), 'max 100000');
      terminal.type('\r');
      await terminal.until(() => box.read('cpu.max') === '50000 100000', 'the limit in the kernel');
      await terminal.until((text) => /\b0\.50\b|100\.\d|9\d\.\d/.test(text), 'the limit on the screen');
      terminal.type('u');
      await terminal.until((text) => text.includes('50000 100000 → max 100000'), 'the plan of the undo');
      terminal.type('\r');
      await terminal.until(() => box.read('cpu.max') === 'max 100000', 'the limit taken back');
      terminal.type('q');
      assert.is(await terminal.ended, 0);
    } finally {
      terminal.kill();
    }
  }));

test('R takes page cache back, tells how much came, and the screen lives on meanwhile', () =>
  withBox('/box', async (box) => {
    const child = await box.run(
      'head -c 80m /dev/zero > /scratch/reclaimed; sync; cat /scratch/reclaimed > /dev/null; echo done; sleep 1000',
    );
    await once(child.stdout ?? child, 'data');
    const before = Number(box.read('memory.current'));
    const terminal = openTstop(160, 40, [], { TSCG_STATE_DIR: STATE_DIR });
    try {
      terminal.type('f/box\r');
      await terminal.until((text) => /box +[^\d\n]*\d+\.\d/.test(text), 'the box');
      terminal.type('R40M');
      await terminal.until((text) => text.includes('memory.reclaim ← 41943040 (40 MiB)'), 'what would be written');
      assert.is(Number(box.read('memory.current')) > before / 2, true);
      terminal.type('\r');
      await terminal.until(
        (text) => /asked 40 MiB of box, came back [\d.]+ MiB.*others' pressure/.test(text),
        'the result',
      );
      assert.ok(Number(box.read('memory.current')) < before - 20 * 2 ** 20);
    } finally {
      terminal.kill();
    }
  }));

test.run();
