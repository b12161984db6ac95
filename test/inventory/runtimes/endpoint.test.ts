/** One endpoint: when it is asked, left alone, hastened, and what is said of it. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createBackoff } from '../../../src/inventory/runtimes/backoff.ts';
import { openEndpoint } from '../../../src/inventory/runtimes/endpoint.ts';
import { changes } from './engines.ts';

test('back-off: 1, 2, 4 … 60 s, and none after a success', () => {
  let now = 0;
  const backoff = createBackoff(() => now);
  assert.ok(backoff.isDue());
  const delays: number[] = [];
  for (let i = 0; i < 8; i++) {
    backoff.failed();
    delays.push(backoff.remainingMs());
    now += backoff.remainingMs() - 1;
    assert.not(backoff.isDue());
    now += 1;
    assert.ok(backoff.isDue());
  }
  assert.equal(delays, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  backoff.failed();
  backoff.succeeded();
  assert.ok(backoff.isDue());
});

test('an endpoint that fails is not asked again before its time', async () => {
  let now = 0;
  let asked = 0;
  let fails = true;
  const endpoint = openEndpoint({
    runtime: 'docker',
    endpoint: '/x',
    timeoutMs: 1000,
    watch: false,
    clock: () => now,
    onChange: () => undefined,
    createClient: async ({ store }) => ({
      async refresh() {
        asked++;
        if (fails) throw new Error('broken');
        store.set({ runtime: 'docker', id: 'a', name: 'a' });
        return { pending: 0 };
      },
      close: () => undefined,
    }),
  });
  await endpoint.refresh();
  await endpoint.refresh();
  assert.is(asked, 1);
  assert.is(endpoint.status().state, 'failing');
  assert.match(endpoint.status().detail, 'broken');
  now = 1000;
  fails = false;
  await endpoint.refresh();
  assert.is(endpoint.status().state, 'ok');
  assert.is(endpoint.get('a')?.name, 'a');
  fails = true;
  await endpoint.refresh();
  assert.is(endpoint.status().state, 'failing');
  assert.is(endpoint.get('a')?.name, 'a', 'what was known stays known');
  endpoint.close();
});

test('an id that nobody knows hastens those who tell of nothing by themselves', async () => {
  let refreshes = 0;
  let told: (() => void) | undefined;
  const { onChange, until } = changes();
  const endpoint = openEndpoint({
    runtime: 'containerd',
    endpoint: '/x',
    timeoutMs: 1000,
    watch: true,
    onChange,
    createClient: async ({ store }) => ({
      async refresh() {
        refreshes++;
        if (refreshes === 3) store.set({ runtime: 'containerd', id: 'a', name: 'a' });
        told?.();
        return { pending: 0 };
      },
      close: () => undefined,
    }),
  });
  const first = new Promise<void>((resolve) => {
    told = resolve;
  });
  endpoint.start();
  await first;
  await endpoint.settled();
  // Two turns of 5 s each would come to it, a timer of this very process.
  let isItsTurn = false;
  const turn = setTimeout(() => {
    isItsTurn = true;
  }, 9_000);
  endpoint.nudge();
  await until(() => endpoint.get('a') !== undefined);
  clearTimeout(turn);
  assert.not(isItsTurn, 'sooner than its turn');
  endpoint.close();
});

test('many events do not put a refresh off', async () => {
  let stale = (): void => undefined;
  let refreshes = 0;
  let opened: (() => void) | undefined;
  const open = new Promise<void>((resolve) => {
    opened = resolve;
  });
  const endpoint = openEndpoint({
    runtime: 'nspawn',
    endpoint: '/x',
    timeoutMs: 1000,
    watch: true,
    onChange: () => undefined,
    createClient: async () => ({
      async refresh() {
        refreshes++;
        return { pending: 0 };
      },
      follow({ onOpen, onStale, signal }) {
        stale = onStale;
        onOpen();
        opened?.();
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('ended')));
        });
      },
      close: () => undefined,
    }),
  });
  endpoint.start();
  await open;
  await new Promise<void>((resolve, reject) => {
    const start = performance.now();
    const storm = setInterval(() => {
      stale();
      const isLate = performance.now() - start > 60_000;
      if (refreshes < 4 && !isLate) return;
      clearInterval(storm);
      if (isLate) reject(new Error(`only ${refreshes} refreshes`));
      else resolve();
    }, 10);
  });
  endpoint.close();
});

test.run();
