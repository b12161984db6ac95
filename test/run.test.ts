/** The wrapper against each way in which uvu exits 0, or may, though tests did not run. */

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const HERE = fileURLToPath(new URL('.', import.meta.url));

function run(...args: string[]) {
  const { status, stdout } = spawnSync(process.execPath, [join(HERE, 'run.mjs'), ...args], { encoding: 'utf8' });
  return { status, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '', stdout };
}

for (const file of readdirSync(join(HERE, 'fixtures/lies'))) {
  if (file === 'is-honest.test.ts') continue;
  test(`is red for ${file}`, () => {
    const { status, lastLine } = run(`test/fixtures/lies/${file}`);
    assert.is(status, 1);
    assert.match(lastLine, /^\d+ passed, [1-9]\d* failed, \d+ skipped$/);
  });
}

test('is green for a file that ran, and counts what it skipped with a reason', () => {
  const { status, lastLine, stdout } = run('test/fixtures/lies/is-honest.test.ts');
  assert.is(status, 0);
  assert.is(lastLine, '1 passed, 0 failed, 1 skipped');
  assert.match(stdout, /SKIP needs a kernel of tomorrow/);
});

test('is red when nothing matches', () => {
  const { status, stdout } = run('no-such-folder-or-file');
  assert.is(status, 1);
  assert.match(stdout, /no test file matches/);
});

test.run();
