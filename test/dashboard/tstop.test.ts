/** tstop in a real terminal, on the real mount. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BUSY, MOUNT, withBox } from '../boxes.ts';
import { openTstop, type Terminal } from '../terminal.ts';

const ROOT = `/tscg-test-tstop-${process.pid}`;

/** Of one run, so that no other test's cgroup on the same mount matches. */
const BUSY_NAME = `busy-${process.pid}`;

async function withTstop(
  columns: number,
  rows: number,
  use: (terminal: Terminal) => Promise<void>,
  args: readonly string[] = [],
) {
  const terminal = openTstop(columns, rows, args);
  try {
    await use(terminal);
  } finally {
    terminal.kill();
  }
}

for (const [columns, rows] of [
  [200, 60],
  [80, 24],
  [40, 12],
  [400, 120],
  [20, 5],
] as const) {
  test(`shows the busy cgroup at ${columns}x${rows}, and leaves the terminal as it was`, () =>
    withBox(`${ROOT}/${BUSY_NAME}`, async (box) => {
      await box.run(BUSY);
      await withTstop(columns, rows, async (terminal) => {
        terminal.type(`f${BUSY_NAME}\r`);
        const screen = await terminal.until((text) => /busy\S* [^\d\n]*[1-9]\d*\.\d/.test(text), 'busy with its CPU');
        assert.ok(terminal.alternate());
        for (const line of screen.split('\n')) assert.ok(stringWidth(line) <= columns);
        terminal.type('q');
        assert.is(await terminal.ended, 0);
        await terminal.until(() => !terminal.alternate(), 'the screen from before');
        assert.match(terminal.raw(), /\x1b\[\?25h|\x1b\[\?12l\x1b\[\?25h|\x1b\[34h/);
      });
    }));
}

test('rates are there soon, however long the interval', () =>
  withBox(`${ROOT}/${BUSY_NAME}`, async (box) => {
    await box.run(BUSY);
    await withTstop(
      80,
      24,
      async (terminal) => {
        terminal.type(`f${BUSY_NAME}\r`);
        await terminal.until((text) => /busy\S* [^\d\n]*[1-9]\d*\.\d/.test(text), 'busy with its CPU');
      },
      ['-d', '600'],
    );
  }));

test('the processes of the selected row are shown with their command', () =>
  withBox(`${ROOT}/${BUSY_NAME}`, async (box) => {
    const child = await box.run(BUSY);
    await withTstop(200, 60, async (terminal) => {
      terminal.type(`f${BUSY_NAME}\r\r`);
      const screen = await terminal.until((text) => text.includes('while :; do :; done'), 'the command');
      assert.match(screen, new RegExp(`\\b${child.pid}\\b`));
    });
  }));

/** Names of one run, so that other tests' cgroups on the same mount do not match. */
const [FIRST, SECOND] = [`first-${process.pid}`, `second-${process.pid}`];

test('filter, sort, help and resize answer to their keys', () =>
  withBox(`${ROOT}/${FIRST}`, () =>
    withBox(`${ROOT}/${SECOND}`, () =>
      withTstop(100, 30, async (terminal) => {
        // They are empty: shown on demand only.
        await terminal.until((text) => text.includes('NAME'), 'the table');
        terminal.type('a');
        await terminal.until((text) => text.includes('PSI'), 'the header');
        terminal.type(`f${process.pid}\r`);
        await terminal.until((text) => text.includes(FIRST) && text.includes(SECOND), 'both cgroups');
        terminal.type('f\x15');
        await terminal.until((text) => text.includes('filter:'), 'the filter line');
        terminal.type(`${FIRST}\r`);
        await terminal.until((text) => text.includes(FIRST) && !text.includes(SECOND), 'only first');
        terminal.type('\x1b');
        await terminal.until((text) => text.includes(SECOND) || !text.includes('filter:'), 'second again');
        terminal.type(`f${process.pid}\r`);
        await terminal.until((text) => text.includes(SECOND), 'second again');
        terminal.type('N');
        await terminal.until((text) => text.includes('▼NAME'), 'sorted by name');
        terminal.type('I');
        await terminal.until((text) => text.includes('▲NAME'), 'reversed');
        terminal.type('?');
        await terminal.until((text) => text.includes('sort by memory'), 'help');
        terminal.type('?');
        await terminal.until((text) => !text.includes('sort by memory'), 'help closed');
        for (const [columns, rows] of [
          [200, 50],
          [40, 12],
          [120, 30],
        ] as const) {
          terminal.resize(columns, rows);
          await terminal.until(
            (text) => (text.split('\n').at(-1) ?? '').includes('? help') && text.includes(FIRST),
            `drawn at ${columns}x${rows}`,
          );
        }
      }),
    ),
  ));

test('a hostile name and command line stay text, and columns stay aligned', async () => {
  const names = ['x\x1b[2J\x1b]0;owned\x07', '\u202egnp.exe', `${'數據'.repeat(20)}👩‍👩‍👧‍👦🇩🇪`, 'plain'];
  const directories = names.map((name) => join(MOUNT, ROOT, name));
  await withBox(`${ROOT}/talker`, async (box) => {
    for (const directory of directories) mkdirSync(directory);
    await box.run(`exec sh -c 'sleep 1000; :' "$(printf 'evil\\nline\\033[31m\\342\\200\\256rtl')"`);
    await withTstop(120, 40, async (terminal) => {
      terminal.type(`af${ROOT}/\r`);
      const shown = (text: string) => ['plain', '數', 'gnp', 'x[2J'].every((name) => text.includes(name));
      const screen = await terminal.until(shown, 'all names');
      const ends = screen
        .split('\n')
        .filter((line) => /(plain|數|x\[2J|gnp).* -- /.test(line))
        .map((line) => stringWidth(line));
      assert.is(new Set(ends).size, 1, screen);
      // Esc and a key at once would be Alt and that key.
      terminal.type('\x1b');
      await terminal.until((text) => !text.includes('filter:'), 'no filter');
      terminal.type(`f${ROOT}/talker\r`);
      await terminal.until((text) => text.includes('evil↵line'), 'the command on one line');
      assert.not.match(terminal.raw(), /\x1b\]0;owned|\u202e/);
    });
  });
});

test('the kernel tells of pressure within its window, and v shows it', () =>
  withBox(`${ROOT}/${BUSY_NAME}`, async (box) => {
    await withTstop(160, 40, async (terminal) => {
      terminal.type(`af${BUSY_NAME}\r`);
      await terminal.until((text) => text.includes('Σ 1 row'), 'the row');
      for (let count = 0; count < 6; count++) await box.run(BUSY);
      terminal.type('v');
      const told = new RegExp(`pressure +${BUSY_NAME} +cpu pressure: some task waited \\d+ ms in [12] s`);
      await terminal.until((text) => told.test(text), 'the pressure');
      terminal.type('f\x15memory pressure\r');
      await terminal.until(
        (text) => !told.test(text) && text.includes('with "memory pressure"'),
        'only those of memory',
      );
    });
  }));

test('bad options are one line and exit code 2; no terminal prints the table once', async () => {
  await withTstop(
    80,
    24,
    async (terminal) => {
      await terminal.until((text) => text.includes('tstop: --delay'), 'the error');
      assert.is(await terminal.ended, 2);
      assert.not(terminal.alternate());
    },
    ['--delay', 'soon'],
  );
});

test.run();
