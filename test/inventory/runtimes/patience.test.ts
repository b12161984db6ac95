/** A time-out that counts only time in which answers could be read. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { patience } from '../../../src/inventory/runtimes/patience.ts';
import { getJson } from '../../../src/inventory/runtimes/unix-http.ts';
import { fakeHttp, json } from './fake-http.ts';

const block = (ms: number): void => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

test('it ends after its time, or not at all', async () => {
  const start = performance.now();
  await new Promise<void>((resolve) => patience(80, resolve, { keepsAlive: true }));
  assert.ok(performance.now() - start >= 75);
  let ended = false;
  const calm = patience(
    20,
    () => {
      ended = true;
    },
    { keepsAlive: true },
  );
  calm();
  await new Promise<void>((resolve) => patience(60, resolve, { keepsAlive: true }));
  assert.not(ended);
});

test('a process that was busy for longer than the time-out still reads the answer', async () => {
  const fake = await fakeHttp((_, response) => json(response, { fine: true }));
  const answer = getJson(fake.socket, '/', { timeoutMs: 200 });
  block(400);
  assert.equal(await answer, { fine: true });
  await fake.close();
});

test.run();
