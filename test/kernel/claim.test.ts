/** One process at a time has what a file stands for. */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { claim } from '../../src/kernel/claim.ts';
import { inDirectory } from '../in-directory.ts';

/** What lets go of it; fails where another process has it. */
function claimed(path: string): () => void {
  const release = claim(path);
  if (typeof release === 'number') throw new Error(`process ${release} has it`);
  return release;
}

test('what a living process has is not given to another; what a dead one had, or let go of, is', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'a.pid');
    const release = claimed(path);
    assert.is(claim(path), process.pid);
    release();
    const { pid } = spawnSync('true');
    writeFileSync(path, `${pid} 1\n`);
    claimed(path)();
  }));

test('letting go of what somebody has removed is no failure', () =>
  inDirectory(async (directory) => {
    const path = join(directory, 'a.pid');
    const release = claimed(path);
    assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid} \\d+\n$`));
    rmSync(path);
    release();
  }));

test.run();
