/** The exporter's HTTP face against slow clients, garbage, and who has no token. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createInstruments } from '../../src/export/instruments.ts';
import { createScraper, type Scraper } from '../../src/export/scraper.ts';
import { hostAndPort, isLoopback, openServer, parseAddress, type ServerOptions } from '../../src/export/server.ts';
import type { Source } from '../../src/metrics/source.ts';
import { frameOf } from '../dashboard/frames.ts';

interface Reply {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

function get(port: number, path = '/metrics', headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers, method, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    sent.once('error', reject).end();
  });
}

async function serving(
  options: Partial<ServerOptions>,
  use: (port: number, told: readonly string[]) => Promise<void>,
): Promise<void> {
  const told: string[] = [];
  const instruments = createInstruments();
  const server = await openServer({
    address: { host: '127.0.0.1', port: 0 },
    scraper: { scrape: async (format) => [Buffer.from(`figures ${format}\n`)] },
    instruments,
    onError: (text) => told.push(text),
    ...options,
  });
  try {
    await use(server.port, told);
  } finally {
    await server.close();
  }
}

/** However the other side ends it, by a reset too. */
const ended = (socket: Socket): Promise<unknown> =>
  new Promise((resolve) =>
    socket
      .on('error', () => undefined)
      .once('close', resolve)
      .resume(),
  );

test('answers in the format that was asked for', () =>
  serving({}, async (port) => {
    const text = await get(port);
    assert.is(text.status, 200);
    assert.match(String(text.headers['content-type']), 'text/plain; version=0.0.4');
    assert.is(text.body.toString(), 'figures text\n');
    const open = await get(port, '/metrics?x=1', { accept: 'application/openmetrics-text;version=1.0.0,*/*;q=0.1' });
    assert.match(String(open.headers['content-type']), 'application/openmetrics-text; version=1.0.0');
    assert.is(open.body.toString(), 'figures openmetrics\n');
    assert.is((await get(port, '/metrics', {}, 'HEAD')).body.length, 0);
    assert.is((await get(port, '/healthz')).status, 200);
    assert.is((await get(port, '/etc/passwd')).status, 404);
    assert.is((await get(port, '/metrics', {}, 'POST')).status, 405);
  }));

test('a token is asked for everywhere but on /healthz', () =>
  serving({ token: 'secret' }, async (port) => {
    for (const authorization of ['', 'Bearer', 'Bearer secre', 'Bearer secret ', 'Basic secret', 'bearer secrets'])
      assert.is(
        (await get(port, '/metrics', { authorization })).status,
        authorization === 'Bearer secret ' ? 200 : 401,
      );
    assert.is((await get(port, '/nothing')).status, 401);
    assert.is((await get(port, '/healthz')).status, 200);
    assert.is((await get(port, '/metrics', { authorization: 'Bearer secret' })).status, 200);
  }));

test('what is no HTTP, and who sends nothing, costs a connection', () =>
  serving({ limits: { requestMs: 100 } }, async (port) => {
    const garbage = connect(port, '127.0.0.1', () => garbage.write(Buffer.from([0, 1, 2, 255, 13, 10, 13, 10])));
    const silent = connect(port, '127.0.0.1', () => silent.write('GET /met'));
    const long = connect(port, '127.0.0.1', () => long.write(`GET / HTTP/1.1\r\nx: ${'y'.repeat(70_000)}\r\n\r\n`));
    await Promise.all([ended(garbage), ended(silent), ended(long)]);
    // On a busy machine this one may be too slow too.
    let status: number | undefined;
    while (status !== 200) status = (await get(port).catch(() => undefined))?.status;
  }));

test('a reader that takes nothing is dropped', async () => {
  let dropped = (): void => undefined;
  const told = new Promise<void>((resolve) => {
    dropped = resolve;
  });
  const instruments = { ...createInstruments(), dropped };
  const scraper: Scraper = { scrape: async () => [Buffer.alloc(64 << 20)] };
  await serving({ limits: { answerMs: 200 }, scraper, instruments }, async (port) => {
    const slow = connect(port, '127.0.0.1', () => slow.pause().write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'));
    await told;
    slow.destroy();
  });
});

test('connections are bounded', () =>
  serving({ limits: { connections: 2, requestMs: 60_000 } }, async (port) => {
    const kept = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    await Promise.all(kept.map((socket) => once(socket, 'connect')));
    const third = connect(port, '127.0.0.1');
    await ended(third);
    const closed = kept.map(ended);
    for (const socket of kept) socket.destroy();
    await Promise.all(closed);
  }));

test('a pass that fails answers 500, is told once, and is tried again', async () => {
  let failing = true;
  let passes = 0;
  const source: Source = {
    isLive: true,
    next: async () => {
      passes++;
      if (failing) throw new Error('the mount is gone');
      return frameOf([{ name: 'web', cpu: 10 }]);
    },
    onChange: () => undefined,
    close: () => undefined,
  };
  const instruments = createInstruments();
  const scraper: Scraper = createScraper({ source, instruments, isWanted: () => true });
  await serving({ scraper, instruments }, async (port, told) => {
    assert.is((await get(port)).status, 500);
    assert.is((await get(port)).status, 500);
    assert.equal(told, ['the mount is gone']);
    assert.is(passes, 2);
    failing = false;
    const { body } = await get(port);
    assert.match(body.toString(), 'container_cpu_usage_seconds_total{id="/web"');
    assert.match(body.toString(), 'tscg_export_requests_total{code="500"} 2\n');
    assert.match(body.toString(), '# TYPE process_cpu_seconds_total counter');
  });
});

test('scrapers that ask together share one pass, and later ones have their own', async () => {
  let passes = 0;
  const source: Source = {
    isLive: true,
    next: async () => {
      passes++;
      return frameOf([{ name: `web${passes}`, cpu: 10 }]);
    },
    onChange: () => undefined,
    close: () => undefined,
  };
  const instruments = createInstruments();
  const shared = createScraper({ source, instruments, isWanted: () => true, leastApart: 1e9 });
  await Promise.all([shared.scrape('text'), shared.scrape('openmetrics'), shared.scrape('text')]);
  assert.is(passes, 1);
  const own = createScraper({ source, instruments, isWanted: () => true, leastApart: 0 });
  assert.match(String(await own.scrape('text')), 'web2');
  const third = String(await own.scrape('text'));
  assert.match(third, 'web3');
  assert.not.match(third, 'web2', 'what is gone has no series');
});

test('over loopback the answer is not packed', () =>
  serving({}, async (port) => {
    const { headers, body } = await get(port, '/metrics', { 'accept-encoding': 'gzip' });
    assert.is(headers['content-encoding'], undefined);
    assert.throws(() => gunzipSync(body));
  }));

test('an address to listen on is read as it is typed, and loopback is known', () => {
  assert.equal(parseAddress('127.0.0.1:9753'), { host: '127.0.0.1', port: 9753 });
  assert.equal(parseAddress('[::1]:80'), { host: '::1', port: 80 });
  assert.equal(parseAddress(':9753'), { host: '::', port: 9753 });
  assert.equal(parseAddress('node-1.example:1'), { host: 'node-1.example', port: 1 });
  for (const text of ['', '9753', '127.0.0.1', '::1:80', 'a:65536', 'a b:1', 'http://a:1', 'a:-1'])
    assert.is(parseAddress(text), undefined, text);
  assert.is(hostAndPort({ host: '::1', port: 80 }), '[::1]:80');
  assert.equal(['127.0.0.1', '127.9.9.9', '::1', 'localhost'].map(isLoopback), [true, true, true, true]);
  assert.equal(['0.0.0.0', '::', '10.0.0.1', '127.evil.example'].map(isLoopback), [false, false, false, false]);
});

test.run();
