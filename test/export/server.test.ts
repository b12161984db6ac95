/** The exporter's HTTP face against slow clients, garbage, and who has no token. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createInstruments, type Instruments } from '../../src/export/instruments.ts';
import { createScraper, type Scraper } from '../../src/export/scraper.ts';
import { hostAndPort, isLoopback, openServer, parseAddress, type ServerOptions } from '../../src/export/server.ts';
import type { Frame, Source } from '../../src/metrics/source.ts';
import { certificateIn, noCertificates } from '../certificate.ts';
import { frameOf } from '../dashboard/frames.ts';
import { skip } from '../kernel/collector-helpers.ts';

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
    for (const [accept, format] of [
      ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1', 'openmetrics'],
      ['Application/OpenMetrics-Text; Q=0.1', 'openmetrics'],
      ['application/openmetrics-text;q=0', 'text'],
      ['application/openmetrics-text; q=0.000, text/plain', 'text'],
      ['application/openmetrics-text;q=0.2,text/plain;q=0.5', 'text'],
      ['application/openmetrics-text;q=much', 'text'],
    ] as const)
      assert.is((await get(port, '/metrics', { accept })).body.toString(), `figures ${format}\n`, accept);
    assert.is((await get(port, '/metrics', {}, 'HEAD')).body.length, 0);
    assert.is((await get(port, '/healthz')).status, 200);
    assert.is((await get(port, '/etc/passwd')).status, 404);
    assert.is((await get(port, '/metrics', {}, 'POST')).status, 405);
  }));

test('a token is asked for everywhere but on /healthz', () =>
  serving({ token: 'secret' }, async (port) => {
    for (const authorization of [
      '',
      'Bearer',
      'Bearer secre',
      'Basic secret',
      'bearer secrets',
      'Bearer secret x',
      'secret',
    ])
      assert.is((await get(port, '/metrics', { authorization })).status, 401, authorization);
    for (const authorization of ['Bearer secret', 'Bearer secret ', 'bearer secret', 'BEARER  secret'])
      assert.is((await get(port, '/metrics', { authorization })).status, 200, authorization);
    assert.is((await get(port, '/nothing')).status, 401);
    assert.is((await get(port, '/healthz')).status, 200);
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

/** Instruments, and when the server has dropped a connection. */
function untilDropped(): { readonly instruments: Instruments; readonly dropped: Promise<void> } {
  let drop = (): void => undefined;
  const dropped = new Promise<void>((resolve) => {
    drop = resolve;
  });
  return { instruments: { ...createInstruments(), dropped: drop }, dropped };
}

for (const [who, limits] of [
  ['a reader that takes nothing', { stallMs: 200 }],
  ['a reader that is too slow', { answerMs: 500, stallMs: 60_000 }],
] as const)
  test(`${who} is dropped, and no more was sent than the kernel holds`, async () => {
    const { instruments, dropped } = untilDropped();
    let taken = 0;
    const body = Buffer.alloc(256 << 20);
    body.subarray = (start, end) => {
      taken = end ?? body.length;
      return Buffer.prototype.subarray.call(body, start, end);
    };
    await serving({ limits, scraper: { scrape: async () => [body] }, instruments }, async (port) => {
      const slow = connect(port, '127.0.0.1', () => slow.pause().write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'));
      await dropped;
      slow.destroy();
    });
    assert.ok(taken > 0 && taken < body.length / 2, String(taken));
  });

test('an answer that takes long to make is no slow reader', () =>
  serving(
    {
      limits: { stallMs: 300 },
      scraper: {
        scrape: async () => [Buffer.from(await new Promise<string>((done) => setTimeout(done, 900, 'late')))],
      },
    },
    async (port) => assert.is((await get(port)).body.toString(), 'late'),
  ));

test('who asks again before the answer is there is dropped: one answer is made for a connection', async () => {
  const { instruments, dropped } = untilDropped();
  let scrapes = 0;
  const scraper: Scraper = {
    scrape: () => {
      scrapes++;
      return new Promise(() => undefined);
    },
  };
  await serving({ scraper, instruments }, async (port) => {
    const greedy = connect(port, '127.0.0.1', () =>
      greedy.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(20)),
    );
    await Promise.all([dropped, ended(greedy)]);
  });
  assert.is(scrapes, 1);
});

test('a connection is closed after its answer, whatever that is', () =>
  serving({ token: 'secret' }, async (port) => {
    for (const request of [
      'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: keep-alive\r\n\r\n',
      'GET /healthz HTTP/1.0\r\nconnection: keep-alive\r\n\r\n',
      'GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET /metrics HTTP/1.1\r\nhost: x\r\nauthorization: Bearer secret\r\n\r\n',
      'POST / HTTP/1.1\r\nhost: x\r\n\r\n',
    ]) {
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(request));
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      await once(socket, 'end');
      assert.match(text, /^connection: close\r$/im, request);
      socket.destroy();
    }
  }));

interface Silent {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
}

/** So many connections that ask nothing, the oldest first. */
async function silent(port: number, count: number): Promise<readonly Silent[]> {
  const made: Silent[] = [];
  for (let index = 0; index < count; index++) {
    const socket = connect(port, '127.0.0.1');
    made.push({ socket, closed: ended(socket) });
    await once(socket, 'connect');
  }
  return made;
}

/** All but the oldest are open until this side closes them. */
async function closeAll([oldest, ...others]: readonly Silent[]): Promise<void> {
  await oldest?.closed;
  assert.ok(others.every(({ socket }) => !socket.closed));
  for (const { socket } of others) socket.destroy();
  await Promise.all(others.map(({ closed }) => closed));
}

test('who holds all connections and asks nothing keeps nobody out', () =>
  serving({ limits: { connections: 3, requestMs: 60_000 } }, async (port) => {
    const kept = await silent(port, 3);
    assert.is((await get(port)).status, 200);
    await closeAll(kept);
  }));

test('a connection that is being answered stays, however many come', async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let all = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    all = resolve;
  });
  let scrapes = 0;
  const scraper: Scraper = {
    scrape: async () => {
      if (++scrapes === 2) all();
      await released;
      return [Buffer.from('figures')];
    },
  };
  await serving({ scraper, limits: { connections: 2, requestMs: 60_000 } }, async (port) => {
    const replies = [get(port), get(port)];
    await asked;
    await Promise.all((await silent(port, 3)).map(({ closed }) => closed));
    release();
    assert.equal(
      (await Promise.all(replies)).map(({ status }) => status),
      [200, 200],
    );
  });
});

if (noCertificates === undefined) test('the same with TLS', silentTls);
else skip(test, 'the same with TLS', noCertificates);

async function silentTls(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tscg-server-'));
  try {
    const { key, cert } = certificateIn(folder);
    const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
    await serving({ tls, limits: { connections: 3, requestMs: 60_000 } }, async (port) => {
      const kept = await silent(port, 3);
      const sent = secureRequest({ host: '127.0.0.1', port, path: '/metrics', ca: tls.cert, agent: false }).end();
      const [response] = await once(sent, 'response');
      assert.is(response.statusCode, 200);
      response.resume();
      await closeAll(kept);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

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
  const [text, , again, packed, packedAgain] = await Promise.all([
    shared.scrape('text'),
    shared.scrape('openmetrics'),
    shared.scrape('text'),
    shared.scrape('text', true),
    shared.scrape('text', true),
  ]);
  assert.is(passes, 1);
  assert.is(text, again, 'it is held once');
  assert.is(packed, packedAgain);
  assert.equal(gunzipSync(Buffer.concat(packed)), Buffer.concat(text));
  const own = createScraper({ source, instruments, isWanted: () => true, leastApart: 0 });
  assert.match(String(await own.scrape('text')), 'web2');
  const third = String(await own.scrape('text'));
  assert.match(third, 'web3');
  assert.not.match(third, 'web2', 'what is gone has no series');
});

test('a pass that takes long is shared too, by who asks before it is over', async () => {
  let passes = 0;
  let over = (_: Frame): void => undefined;
  const source: Source = {
    isLive: true,
    next: () => {
      passes++;
      return new Promise((resolve) => {
        over = resolve;
      });
    },
    onChange: () => undefined,
    close: () => undefined,
  };
  const scraper = createScraper({ source, instruments: createInstruments(), isWanted: () => true, leastApart: 0 });
  const scrapes = [scraper.scrape('text'), scraper.scrape('text')];
  over(frameOf([{ name: 'web', cpu: 10 }]));
  await Promise.all(scrapes);
  assert.is(passes, 1);
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
