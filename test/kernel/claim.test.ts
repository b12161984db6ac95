/** One process at a time has what a file stands for. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
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
    assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid} \\d+ \\S+\n$`));
    rmSync(path);
    release();
  }));

test("letting go leaves the claim of another where somebody has removed one's own", () =>
  inDirectory((directory) => {
    const path = join(directory, 'a.pid');
    const release = claimed(path);
    rmSync(path);
    const other = claimed(path);
    release();
    assert.equal(readdirSync(directory), ['a.pid']);
    other();
    assert.equal(readdirSync(directory), []);
  }));

test("a file that says nothing is nobody's", () =>
  inDirectory((directory) => {
    const path = join(directory, 'a.pid');
    writeFileSync(path, '');
    claimed(path)();
    assert.equal(readdirSync(directory), []);
  }));

const ROUNDS = 300;

test('of two that claim the same at the same moment one has it, whether it is free or what a dead process had', () =>
  inDirectory(async (directory) => {
    const program = join(directory, 'claimer.ts');
    writeFileSync(
      program,
      `import { existsSync, writeFileSync } from 'node:fs';
       import { claim } from ${JSON.stringify(new URL('../../src/kernel/claim.ts', import.meta.url).href)};
       const [own, other, directory] = process.argv.slice(2);
       const meet = (where) => {
         writeFileSync(\`\${where}.\${own}\`, '');
         while (!existsSync(\`\${where}.\${other}\`));
       };
       for (let round = 0; round < ${ROUNDS}; round++) {
         meet(\`\${directory}/meet/\${round}\`);
         const held = claim(\`\${directory}/claims/\${round}\`);
         if (typeof held === 'function') console.log(round);
       }
       meet(\`\${directory}/meet/end\`);`,
    );
    const { pid } = spawnSync('true');
    for (const folder of ['meet', 'claims']) mkdirSync(join(directory, folder));
    for (let round = 0; round < ROUNDS; round += 2) writeFileSync(join(directory, `claims/${round}`), `${pid} 1\n`);
    const winnings = await Promise.all(
      ['ab', 'ba'].map(async (names) => {
        const args = ['--import', 'tsx', program, ...names, directory];
        const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
        return stdout.trim().split('\n').map(Number);
      }),
    );
    assert.equal(
      winnings.flat().sort((a, b) => a - b),
      Array.from({ length: ROUNDS }, (_, round) => round),
    );
    // Neither of them has let go, and nothing else is left.
    assert.is(readdirSync(join(directory, 'claims')).length, ROUNDS);
  }));

test.run();
