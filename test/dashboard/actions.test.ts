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
      await terminal.until((text) => text.includes(`${NAME} `) && text.includes('Σ 1 rows'), 'the row alone');
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
    await terminal.until((text) => text.includes('Undo the last change') && text.includes('1 → 0'), 'the way back');
    terminal.type('\r');
    await terminal.until((text) => text.includes('undo '), 'undone');
    await terminal.until((text) => !text.includes('Undo the last change'), 'the table again');
    assert.is(box.read('cgroup.freeze'), '0');
  }));

test('Esc leaves everything as it was', () =>
  withTstop(async (terminal, box) => {
    for (const key of ['z', 'K', 'l']) {
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
      await terminal.until((text) => text.includes('Σ 1 rows'), 'the row alone');
      terminal.type('K');
      await terminal.until((text) => text.includes('SIGKILL') && text.includes(NAME), 'the signals');
      terminal.type('j\r');
      await ended;
      await terminal.until((text) => text.includes('SIGKILL went to'), 'the outcome');
    } finally {
      terminal.kill();
    }
  }));

test('the limits form says what is wrong with a value while it is typed', () =>
  withTstop(async (terminal) => {
    terminal.type('l');
    await terminal.until((text) => text.includes('nothing typed yet'), 'the form');
    terminal.type('\x1b[B12parsecs');
    await terminal.until((text) => /"12parsecs" is not a/.test(text), 'the fault');
  }));

test('--readonly refuses every one of them', () =>
  withTstop(
    async (terminal, box) => {
      for (const key of ['l', 'u', 'z', 'K']) {
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
