/** A fault of the programs themselves is told with places of the source, though what runs is minified. */

import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { crashText, isFault } from '../../src/cli/crash.ts';
import { UsageError } from '../../src/cli/errors.ts';
import { TSCG } from '../boxes.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { openTstop } from '../terminal.ts';

const test = suite('crash', { directory: '' });

test.before((context) => {
  context.directory = temporaryFolder();
});
test.after(({ directory }) => rmSync(directory, { recursive: true }));

/** Options for node that break what both programs call in the course of their work. */
function broken(directory: string, body: string): string {
  const file = join(directory, 'broken.cjs');
  writeFileSync(file, `performance.now = () => { ${body} };`);
  return `--require ${file}`;
}

const FRAME = /^ {4}at src\/[a-z/-]+\.ts:\d+:\d+$/m;

const WAYS: Readonly<Record<string, string>> = {
  'in a command': "throw new TypeError('broken \\x1b[2J on purpose')",
  'in a callback':
    "const error = new TypeError('broken \\x1b[2J on purpose'); process.nextTick(() => { throw error }); return 0",
};

for (const [way, body] of Object.entries(WAYS)) {
  test(`tscg tells a fault ${way} with the lines of its source`, ({ directory }) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [TSCG, 'ls'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: broken(directory, body) },
    });
    assert.is(stdout, '');
    assert.match(
      stderr,
      /^tscg: this is a fault in tscg itself; please report it .*\nTypeError: broken \[2J on purpose\n/,
    );
    assert.match(stderr, FRAME);
    assert.ok(stderr.length < 4000, `${stderr.length} characters`);
    assert.is(status, 1);
  });
}

test('tstop gives the terminal back before it tells a fault', async ({ directory }) => {
  const late = `if (process.uptime() < 3) return process.uptime() * 1000; ${WAYS['in a callback']}`;
  const terminal = openTstop(100, 30, [], { NODE_OPTIONS: broken(directory, late) });
  try {
    assert.is(await terminal.ended, 1);
    const shown = await terminal.until((screen) => FRAME.test(screen), 'a place of the source');
    assert.match(shown, /^tstop: this is a fault in tstop itself/m);
    assert.not(terminal.alternate());
  } finally {
    terminal.kill();
  }
});

test('an error that a user or the kernel caused is no fault', () => {
  assert.not(isFault(new UsageError('no such thing')));
  assert.not(isFault(Object.assign(new Error('EACCES: open'), { code: 'EACCES' })));
  assert.ok(isFault(new TypeError('undefined is not a function')));
  assert.ok(isFault(undefined));
});

test('a stack without a map stays as it is', () => {
  assert.match(crashText('tscg', new TypeError('here')), /crash\.test\.ts:\d+:\d+/);
});

test.run();
