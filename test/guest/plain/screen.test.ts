/** tstop with a hand on the tap: a limit set on the screen reaches the kernel, and is taken back from there. */
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
      terminal.type('f/box\r');
      await terminal.until((text) => /box +\d+\.\d/.test(text), 'the box with its CPU');
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

test.run();
