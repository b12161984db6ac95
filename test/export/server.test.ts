/** The exporter's HTTP face against slow clients, garbage, and who has no token. */

import { once } from 'node:events';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createInstruments, type Instruments } from '../../src/export/instruments.ts';
import { createScraper, type Scraper } from '../../src/export/scraper.ts';
import { hostAndPort, parseAddress } from '../../src/export/server.ts';
import { isLoopback } from '../../src/kernel/ip-address.ts';
import type { Frame, Source } from '../../src/metrics/source.ts';
import { frameOf } from '../dashboard/frames.ts';
import { ended, get, serving } from './serving.ts';

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
    // As a proxy may ask for it.
    for (const url of ['http://node-a:9753/metrics', 'HTTPS://node-a/metrics?x=/y'])
      assert.is((await get(port, url)).body.toString(), 'figures text\n', url);
    assert.is((await get(port, '/etc/passwd')).status, 404);
    assert.is((await get(port, '/metrics', {}, 'POST')).status, 405);
  }));

test('a token is asked for everywhere but on /healthz', () =>
  serving({ token: () => 'secret' }, async (port) => {
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

test('a web page cannot have a browser read it under a name of its own', () =>
  serving({ onlyAs: 'Web-1' }, async (port) => {
    const own = ['localhost', `LOCALHOST:${port}`, 'web-1:9753', '127.0.0.1', '127.1.2.3:80', '[::1]:9753', '10.0.0.1'];
    for (const host of own) assert.is((await get(port, '/metrics', { host })).status, 200, host);
    const others = [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      'web-1.x',
    ];
    for (const host of [...others, 'x@localhost', '[evil]', '::1', 'localhost, evil.example']) {
      const { status, body } = await get(port, '/metrics', { host });
      assert.is(status, 421, host);
      assert.match(
        body.toString(),
        /^this exporter answers only by localhost, an IP address or Web-1; start it .*--unprotected to allow other names\n$/,
      );
    }
    const old = connect(port, '127.0.0.1', () => old.write('GET /metrics HTTP/1.0\r\n\r\n'));
    const [text] = await once(old, 'data');
    old.destroy();
    assert.match(String(text), /^HTTP\/1\.1 200 /);
  }));

test('a token that is replaced holds from the next request on', () => {
  let token = 'first';
  return serving({ token: () => token }, async (port) => {
    const status = async (given: string) => (await get(port, '/metrics', { authorization: `Bearer ${given}` })).status;
    assert.equal([await status('first'), await status('second')], [200, 401]);
    token = 'second';
    assert.equal([await status('first'), await status('second')], [401, 200]);
  });
});

test('every address is that of IPv4 too', () =>
  serving({ address: { host: '::', port: 0 } }, async (port) => assert.is((await get(port)).status, 200)));

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
  serving({ token: () => 'secret' }, async (port) => {
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
  assert.equal(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost'].map(isLoopback), Array(5).fill(true));
  assert.equal(['0.0.0.0', '::', '10.0.0.1', '127.evil.example'].map(isLoopback), [false, false, false, false]);
});

test.run();
