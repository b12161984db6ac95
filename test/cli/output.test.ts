/** What a command prints arrives whole and in its order, also where a write to the descriptor cannot take it all. */
import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const OUTPUT = new URL('../../src/cli/output.ts', import.meta.url).href;

test('a full pipe that does not wait', async () => {
  // A stream that is made of it leaves the pipe non-blocking, as a parent that shares it with us may.
  const script = `
    import { print, printLine, warn } from ${JSON.stringify(OUTPUT)};
    process.stdout.writable;
    printLine('first');
    for (let n = 0; n < 300_000; n++) print(n + ' ');
    warn('printed');
    printLine('last');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // Nothing is read until all is printed: a write that waited for a reader would wait for ever.
  assert.is(String(await new Promise((resolve) => child.stderr.once('data', resolve))), 'printed\n');
  const chunks: Buffer[] = [];
  for await (const chunk of child.stdout) chunks.push(chunk);
  const numbers = Array.from({ length: 300_000 }, (_, n) => `${n} `).join('');
  assert.ok(Buffer.concat(chunks).toString() === `first\n${numbers}last\n`);
  assert.is(await ended, 0);
});

test.run();
