/** tscg ls of many machines, before a store that lies. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TSCG } from '../boxes.ts';
import { answerOf, withServer } from './prometheus.ts';

const TRUTH = answerOf([
  { instance: 'node-a', time: Date.now() / 1000, text: 'tscg_populated{id="/web",name="web",kind="unit"} 1\n' },
]);

/** Small as text, and more than the heap of `ls` holds once they are parsed. */
const DEEP = `${'['.repeat(5e6)}${']'.repeat(5e6)}`;
const WIDE = `[${'[],'.repeat(9e6)}[]]`;
const HEAP_MB = 120;

interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

async function ls(...args: readonly string[]): Promise<Said> {
  const child: ChildProcess = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, TSCG, 'ls', ...args]);
  let [out, err] = ['', ''];
  child.stdout?.on('data', (chunk) => (out += String(chunk)));
  child.stderr?.on('data', (chunk) => (err += String(chunk)));
  await once(child, 'close');
  return { status: child.exitCode, out, err };
}

test('answers that no heap holds cost a message, and the next table comes', async () => {
  const answers = [TRUTH, DEEP, WIDE];
  await withServer(
    (response) => response.end(answers.shift() ?? TRUTH),
    async (url) => {
      const { status, out, err } = await ls('--prometheus', url, '--watch', '--iterations', '4', '--delay', '0.1');
      assert.is(status, 0, err);
      assert.is(out.match(/node-a +web /g)?.length, 2, out);
      assert.match(
        err,
        /^tscg: http:\S+: its answer is nested as none .*\ntscg: http:\S+: its answer has more than 8 million /,
      );
    },
  );
});

test('what may be missing is said beside what is there', () =>
  withServer(
    (response) => response.end(JSON.stringify({ ...JSON.parse(TRUTH), warnings: ['store-eu is away'] })),
    async (url) => {
      const { status, out, err } = await ls('--prometheus', url);
      assert.is(status, 0, err);
      assert.match(out, /node-a +web /);
      const once = /^tscg: http:\S+: machines and rows may be missing: store-eu is away\n$/;
      assert.match(err, once);
      const watched = await ls('--prometheus', url, '--watch', '--iterations', '3', '--delay', '0.1');
      assert.is(watched.out.match(/node-a +web /g)?.length, 3);
      assert.match(watched.err, once);
    },
  ));

test('a moment of the past ends by itself', () =>
  withServer(
    (response) => response.end(TRUTH),
    async (url) => {
      const { status, out, err } = await ls('--prometheus', url, '--at', '1s');
      assert.is(status, 0, err);
      assert.match(out, /node-a +web /);
    },
  ));

test.run();
