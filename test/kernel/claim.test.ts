/** One process at a time has what a file stands for. */

import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { claim } from '../../src/kernel/claim.ts';
import { loadNative } from '../../src/kernel/native.ts';
import { startTimeOf } from '../../src/kernel/process-handle.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** What lets go of it; fails where another process has it. */
function claimed(path: string): () => void {
  const release = claim(path);
  if (typeof release === 'string') throw new Error(`${release} has it`);
  return release;
}

test('what a living process has is not given to another; what a dead one had, or let go of, is', async () => {
  const directory = temporaryFolder();
  const path = join(directory, 'a.pid');
  const release = claimed(path);
  assert.is(claim(path), `process ${process.pid}`);
  release();
  const { pid } = spawnSync('true');
  writeFileSync(path, `${pid} 1\n`);
  claimed(path)();
});

test('letting go of what somebody has removed is no failure', async () => {
  const directory = temporaryFolder();
  const path = join(directory, 'a.pid');
  const release = claimed(path);
  assert.match(readFileSync(path, 'utf8'), new RegExp(`^${process.pid} \\d+ pid:\\[\\d+\\]( locked)?\n$`));
  rmSync(path);
  release();
});

test("letting go leaves the claim of another where somebody has removed one's own", () => {
  const directory = temporaryFolder();
  const path = join(directory, 'a.pid');
  const release = claimed(path);
  rmSync(path);
  const other = claimed(path);
  release();
  assert.equal(readdirSync(directory), ['a.pid']);
  other();
  assert.equal(readdirSync(directory), []);
});

test("a file that says nothing is nobody's", () => {
  const directory = temporaryFolder();
  const path = join(directory, 'a.pid');
  writeFileSync(path, '');
  claimed(path)();
  assert.equal(readdirSync(directory), []);
});

test('letting go twice lets go once', () => {
  const directory = temporaryFolder();
  const path = join(directory, 'a.pid');
  const release = claimed(path);
  release();
  const other = claimed(path);
  release();
  assert.is(claim(path), `process ${process.pid}`);
  other();
});

test('what an older version has is not given to another while that lives', () => {
  const directory = temporaryFolder();
  const path = join(directory, 'a.pid');
  writeFileSync(path, `${process.ppid} ${startTimeOf(process.ppid)} 5d0c6f0a-6a35-4c4e-8f0e-0c5f5d3a9b1e\n`);
  assert.is(claim(path), `process ${process.ppid}`);
});

const CLAIM = JSON.stringify(new URL('../../src/kernel/claim.ts', import.meta.url).href);
const IN_PID_NAMESPACE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
/** Words after the pid of a process in another pid namespace. */
const ELSEWHERE = ' of another pid namespace, as of a container or the host';

interface Other {
  readonly child: ChildProcess;
  /** What came of its claim. */
  readonly said: string;
}

/** Another process that claims the path and stays, as does a process that it started. */
async function besideOther(
  path: string,
  { by = [] as readonly string[], native = '' },
  use: (other: Other) => Promise<void>,
): Promise<void> {
  const program = `${path}.claimer.ts`;
  writeFileSync(
    program,
    `import { spawn } from 'node:child_process';
     import { claim } from ${CLAIM};
     const held = claim(process.argv[2]);
     const { pid } = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true });
     console.log(JSON.stringify([typeof held === 'string' ? held : 'has it', pid]));
     setInterval(() => undefined, 1_000_000);`,
  );
  const [file = '', ...args] = [...by, process.execPath, '--import', 'tsx', program, path];
  const env = { ...process.env, TSCG_NATIVE: native };
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const [said, started] = JSON.parse(String((await once(child.stdout, 'data'))[0]));
  try {
    await use({ child, said });
  } finally {
    child.kill('SIGKILL');
    // Elsewhere it ends with its pid namespace.
    if (by.length === 0) process.kill(started, 'SIGKILL');
  }
}

for (const native of ['', 'off'])
  test(`what a process had that was killed is free, though one that it started lives on (TSCG_NATIVE=${native})`, async () => {
    const directory = temporaryFolder();
    const path = join(directory, 'a.pid');
    await besideOther(path, { native }, async ({ child, said }) => {
      assert.is(said, 'has it');
      assert.is(claim(path), `process ${child.pid}`);
      child.kill('SIGKILL');
      await once(child, 'exit');
      claimed(path)();
    });
  });

const noLocks = loadNative().reason;
const mayUnshare = spawnSync('unshare', [...IN_PID_NAMESPACE.slice(1), 'true']).status === 0;
const noNamespace = noLocks ?? (mayUnshare ? undefined : 'unshare may not make a pid namespace');

const SEEN = 'a process of another pid namespace that has it is seen, until it is killed';
if (noNamespace !== undefined) skip(test, SEEN, noNamespace);
else
  test(SEEN, async () => {
    const directory = temporaryFolder();
    const path = join(directory, 'a.pid');
    await besideOther(path, { by: IN_PID_NAMESPACE }, async ({ child, said }) => {
      assert.is(said, 'has it');
      assert.is(claim(path), `process 1${ELSEWHERE}`);
      process.kill(Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')), 'SIGKILL');
      await once(child, 'exit');
    });
    const release = claimed(path);
    await besideOther(path, { by: IN_PID_NAMESPACE }, async ({ said }) =>
      assert.is(said, `process ${process.pid}${ELSEWHERE}`),
    );
    release();
  });

const COPIED = 'a copy of a claim, or one from before a crash of the machine, is free though a process has the pid';
if (noLocks !== undefined) skip(test, COPIED, noLocks);
else
  test(COPIED, () => {
    const directory = temporaryFolder();
    const [path, copy] = [join(directory, 'a.pid'), join(directory, 'b.pid')];
    const release = claimed(path);
    copyFileSync(path, copy);
    claimed(copy)();
    release();
  });

const ROUNDS = 200;

for (const native of ['', 'off'])
  test(`of two that claim the same at the same moment one has it, also what a dead process had (TSCG_NATIVE=${native})`, async () => {
    const directory = temporaryFolder();
    const program = join(directory, 'claimer.ts');
    writeFileSync(
      program,
      `import { existsSync, writeFileSync } from 'node:fs';
       import { claim } from ${CLAIM};
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
        const { stdout } = await promisify(execFile)(process.execPath, args, {
          timeout: 60_000,
          env: { ...process.env, TSCG_NATIVE: native },
        });
        return stdout.trim().split('\n').map(Number);
      }),
    );
    assert.equal(
      winnings.flat().sort((a, b) => a - b),
      Array.from({ length: ROUNDS }, (_, round) => round),
    );
    // Neither of them has let go, and nothing else is left.
    assert.is(readdirSync(join(directory, 'claims')).length, ROUNDS);
  });

test.run();
