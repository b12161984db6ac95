/** What a command prints arrives whole and in its order, and nothing waits for who reads it. */

import { spawn } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const OUTPUT = new URL('../../src/cli/output.ts', import.meta.url).href;
const COUNT = 300_000;
/** Characters of several bytes: a cut inside of one is seen. */
const NUMBERS = Array.from({ length: COUNT }, (_, n) => `${n}€`).join('');

const script = (first: string): string => `
  import { print, printLine, warn } from ${JSON.stringify(OUTPUT)};
  ${first}
  printLine('first');
  for (let n = 0; n < ${COUNT}; n++) print(n + '€');
  warn('printed');
  printLine('last');`;

const CASES: readonly [name: string, first: string, env: NodeJS.ProcessEnv][] = [
  ['that waits', '', {}],
  // A stream that is made of it leaves the pipe so, as a parent that shares it with us may.
  ['that does not wait', 'process.stdout.writable;', {}],
  ['without the addon', '', { TSCG_NATIVE: 'off' }],
];

for (const [name, first, env] of CASES) {
  test(`a full pipe ${name}: the program goes on, and its reader gets all of it`, async () => {
    const reader = '{ read go <&3; cat; }';
    const child = spawn(
      'sh',
      [
        '-c',
        `"$0" "$@" 3<&- | ${reader}`,
        process.execPath,
        '--import',
        'tsx',
        '--input-type=module',
        '-e',
        script(first),
      ],
      { stdio: ['ignore', 'pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } },
    );
    const [, stdout, stderr, go] = child.stdio;
    // Nothing is read until all is printed: a write that waited for a reader would wait for ever.
    assert.is(String(await new Promise((resolve) => stderr?.once('data', resolve))), 'printed\n');
    assert.ok(go && 'write' in go && stdout);
    go.write('go\n');
    const chunks: Buffer[] = [];
    for await (const chunk of stdout) chunks.push(chunk);
    assert.ok(Buffer.concat(chunks).toString() === `first\n${NUMBERS}last\n`);
  });
}

test.run();
