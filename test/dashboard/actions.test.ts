/** Freeze, thaw, undo and signals from the screen, on the real mount; and nothing of it with --readonly. */

import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Box, withBox } from '../boxes.ts';
import { openTstop, type Terminal } from '../terminal.ts';

const NAME = `acted-${process.pid}`;
const STATE = join(tmpdir(), `tscg-test-tstop-state-${process.pid}`);

async function withTstop(use: (terminal: Terminal, box: Box) => Promise<void>, args: readonly string[] = []) {
  await withBox(`/tscg-test-actions-${process.pid}/${NAME}`, async (box) => {
    const child = await box.run('sleep 1000');
    child.on('error', () => {});
    const terminal = openTstop(140, 40, args, { TSCG_STATE_DIR: STATE });
    try {
      terminal.type(`f${NAME}\r`);
      await terminal.until((text) => text.includes(`${NAME} `) && text.includes('Σ 1 row'), 'the row alone');
      await use(terminal, box);
    } finally {
      terminal.kill();
      rmSync(STATE, { recursive: true, force: true });
    }
  });
}

test('z names the target, Enter freezes it, u takes it back', () =>
  withTstop(async (terminal, box) => {
    terminal.type('z');
    const form = await terminal.until((text) => text.includes('cgroup.freeze: 0 → 1'), 'the Plan');
    assert.match(form, new RegExp(`${NAME}.*inode \\d+`));
    assert.is(box.read('cgroup.freeze'), '0');
    terminal.type('\r');
    await terminal.until((text) => text.includes('done and read back'), 'the outcome');
    await terminal.until((text) => text.includes("others' pressure"), 'what it did to the others');
    assert.is(box.figure('cgroup.events', 'frozen'), 1);
    terminal.type('u');
    await terminal.until((text) => text.includes('Undo one of 1 change') && text.includes('1 → 0'), 'the way back');
    terminal.type('\r');
    await terminal.until((text) => text.includes(`of ${NAME}: done and read back`), 'undone');
    await terminal.until((text) => text.includes("others' pressure"), 'what that did to the others');
    assert.is(box.read('cgroup.freeze'), '0');
    terminal.type('u');
    await terminal.until((text) => text.includes('nothing to undo'), 'an empty stack');
  }));

test('u lists the changes, the newest marked; an older one is chosen, what it restores is shown, and only that is restored', () =>
  withTstop(async (terminal, box) => {
    for (const now of ['0 → 1', '1 → 0', '0 → 1']) {
      terminal.type('z');
      await terminal.until((text) => text.includes(`cgroup.freeze: ${now}`), `the Plan ${now}`);
      terminal.type('\r');
      const what = now === '0 → 1' ? 'freeze' : 'thaw';
      await terminal.until((text) => text.includes(`${what} ${NAME}: done and read back`), 'the outcome');
    }
    terminal.type('u');
    const stack = await terminal.until((text) => text.includes('Undo one of 3 changes'), 'the stack');
    assert.match(stack, /▸ .*ready .*cgroup\.freeze +tstop freeze/);
    terminal.type('j');
    await terminal.until((text) => /▸ .*as before .*tstop thaw/.test(text), 'the thaw: another froze it again');
    terminal.type('j');
    await terminal.until((text) => /▸ .*ready .*tstop freeze/.test(text), 'the oldest');
    terminal.type('gj');
    await terminal.until((text) => text.includes('nothing is left to restore'), 'what Enter would do to the thaw');
    terminal.type('k');
    await terminal.until((text) => /▸ .*ready/.test(text), 'the newest again');
    assert.is(box.read('cgroup.freeze'), '1');
    terminal.type('\r');
    await terminal.until((text) => text.includes(`of ${NAME}: done and read back`), 'undone');
    assert.is(box.read('cgroup.freeze'), '0');
  }));

test('Esc leaves everything as it was', () =>
  withTstop(async (terminal, box) => {
    for (const key of ['z', 'K', 'l', 'R']) {
      terminal.type(key);
      await terminal.until((text) => text.includes('Esc back'), `the form of ${key}`);
      terminal.type('\x1b');
      await terminal.until((text) => !text.includes('Esc back'), 'the table');
    }
    assert.is(box.read('cgroup.freeze'), '0');
    assert.not.equal(box.read('cgroup.procs'), '');
  }));

test('K sends the chosen signal to all processes of the row', () =>
  withBox(`/tscg-test-actions-${process.pid}/${NAME}`, async (box) => {
    const child = await box.run('sleep 1000');
    const ended = once(child, 'exit');
    const terminal = openTstop(140, 40, [], { TSCG_STATE_DIR: STATE });
    try {
      terminal.type(`f${NAME}\r`);
      await terminal.until((text) => text.includes('Σ 1 row'), 'the row alone');
      terminal.type('K');
      const screen = await terminal.until((text) => text.includes('SIGKILL') && text.includes(NAME), 'the signals');
      const count = box.read('cgroup.procs').trim().split('\n').length;
      assert.match(screen, new RegExp(`Signal ${count} process(es)? of this row`));
      terminal.type('j\r');
      await ended;
      await terminal.until((text) => /SIGKILL went to.*others' pressure/.test(text), 'the outcome, and the others');
    } finally {
      terminal.kill();
    }
  }));

test('the limits form says what is wrong with a value while it is typed', () =>
  withTstop(async (terminal) => {
    terminal.type('l');
    await terminal.until((text) => text.includes('Limits of 1 row'), 'the form');
    terminal.type('\x1b[B12parsecs');
    await terminal.until((text) => /"12parsecs" is not a/.test(text), 'the fault');
  }));

test('R shows what would be reclaimed, and why where nothing can be', () =>
  withTstop(async (terminal) => {
    terminal.type('R');
    await terminal.until((text) => text.includes('Take memory back') && text.includes('page cache'), 'the form');
    terminal.type('12x');
    await terminal.until((text) => text.includes('"12x" is not a size'), 'the fault');
    terminal.type('\x1512M');
    await terminal.until((text) => text.includes('memory.reclaim ← 12582912 (12 MiB)'), 'what would be written');
  }));

test('--readonly refuses every one of them', () =>
  withTstop(
    async (terminal, box) => {
      for (const key of ['l', 'u', 'z', 'K', 'R']) {
        terminal.type(`j${key}`);
        await terminal.until((text) => text.includes('read only'), `the refusal of ${key}`);
        terminal.type('g');
        await terminal.until((text) => !text.includes('read only'), 'gone with the next key');
      }
      assert.is(box.read('cgroup.freeze'), '0');
    },
    ['--readonly'],
  ));

test.run();
