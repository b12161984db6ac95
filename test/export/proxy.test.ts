/** Through which proxy something is asked, and what a bad one costs. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { postTo } from '../../src/export/post.ts';
import { proxyFor } from '../../src/export/proxy.ts';
import { certificateIn, noCertificates } from '../certificate.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const PROXY = 'http://proxy:3128';
const askedThrough = (target: string, env: Record<string, string>): string | undefined =>
  proxyFor(new URL(target), env)?.url.href;

test('the variables of curl name the proxy', () => {
  const both = { http_proxy: PROXY, HTTPS_PROXY: 'secure:8080' };
  assert.is(askedThrough('http://store:9090', both), `${PROXY}/`);
  assert.is(askedThrough('https://store', both), 'http://secure:8080/');
  assert.is(askedThrough('https://store', { http_proxy: PROXY }), undefined);
  assert.is(askedThrough('https://store', { ALL_PROXY: PROXY }), `${PROXY}/`);
  assert.is(askedThrough('http://store', { http_proxy: '', HTTP_PROXY: PROXY }), `${PROXY}/`);
  const { name } = proxyFor(new URL('http://store'), { http_proxy: 'http://me:secret@proxy:3128' }) ?? {};
  assert.is(name, `${PROXY} (http_proxy)`);
  for (const text of ['socks5://proxy', 'http://', 'file:///etc/passwd'])
    assert.throws(
      () => askedThrough('http://store', { http_proxy: text }),
      /^http_proxy does not name an HTTP proxy; .*http:\/\/proxy:3128/,
    );
});

test('this machine, and what no_proxy names, is asked directly', () => {
  for (const target of ['http://localhost:9090', 'http://127.0.0.1', 'http://127.9.9.9', 'http://[::1]:9090'])
    assert.is(askedThrough(target, { http_proxy: PROXY }), undefined, target);
  for (const [list, direct, others] of [
    ['*', ['http://a', 'http://10.0.0.1'], []],
    ['example.com', ['http://example.com', 'http://A.Example.COM:9090'], ['http://notexample.com', 'http://com']],
    ['.example.com', ['http://example.com', 'http://a.example.com'], ['http://example.org']],
    ['*.example.com', ['http://a.b.example.com'], ['http://b']],
    ['a:9090', ['http://a:9090'], ['http://a', 'http://a:9091']],
    ['a:80', ['http://a'], ['http://a:8080']],
    ['a,  b c', ['http://a', 'http://b', 'http://c'], ['http://d']],
    ['10.0.0.0/8', ['http://10.1.2.3:9090'], ['http://11.0.0.1', 'http://ten.example']],
    ['10.0.0.1', ['http://10.0.0.1'], ['http://10.0.0.2', 'http://110.0.0.1']],
    ['10.0.0.1:9090', ['http://10.0.0.1:9090'], ['http://10.0.0.1']],
    ['fd00::/8,2001:db8::1', ['http://[fd00::7]', 'http://[2001:db8::1]:90'], ['http://[2001:db8::2]']],
    ['[2001:db8::1]:90', ['http://[2001:db8::1]:90'], ['http://[2001:db8::1]']],
    ['10.0.0.0/99,10.0.0.0/x,/8,:80,.', [], ['http://10.0.0.1', 'http://a']],
    [',', [], ['http://a']],
  ] as const) {
    for (const target of direct)
      assert.is(askedThrough(target, { http_proxy: PROXY, no_proxy: list }), undefined, target);
    for (const target of others)
      assert.is(askedThrough(target, { http_proxy: PROXY, NO_PROXY: list }), `${PROXY}/`, target);
  }
});

/** Runs `use` with that server on loopback as the proxy of both schemes; `login`: as it stands in the URL. */
async function behind(server: Server | TcpServer, use: () => Promise<void>, login = ''): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: { port?: number } = Object(server.address());
  [process.env.http_proxy, process.env.https_proxy] = Array(2).fill(`http://${login}127.0.0.1:${port}`);
  try {
    await use();
  } finally {
    delete process.env.http_proxy;
    delete process.env.https_proxy;
    server.close();
  }
}

const OPTIONS = { headers: { 'x-scope-orgid': 'shop' }, timeoutMs: 5000, mostBytes: 1000 };

async function whyNot(url: string, timeoutMs = 5000): Promise<string> {
  try {
    await postTo(new URL(url), 'figures', { ...OPTIONS, timeoutMs });
    return 'it was answered';
  } catch (error) {
    return String(error).replace(/:\d+ \(/, ':PORT (');
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}

test('a proxy is told the whole URL, and its user and password, which messages do not have', async () => {
  const asked: unknown[] = [];
  const proxy = createServer(async (request, response) => {
    const { host, 'proxy-authorization': login, 'x-scope-orgid': tenant } = request.headers;
    asked.push([request.method, request.url, host, login, tenant, await bodyOf(request)]);
    response.writeHead(asked.length === 1 ? 200 : 407).end('received');
  });
  await behind(
    proxy,
    async () => {
      const answer = await postTo(new URL('http://store.example:9090/api?x=1'), 'figures', OPTIONS);
      assert.equal([answer.status, answer.bytes.toString()], [200, 'received']);
      assert.match(answer.through, /^through the proxy http:\/\/127\.0\.0\.1:\d+ \(http_proxy\): $/);
      const login = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
      const url = 'http://store.example:9090/api?x=1';
      assert.equal(asked, [['POST', url, 'store.example:9090', login, 'shop', 'figures']]);
      const wanted = 'through the proxy http://127.0.0.1:PORT (http_proxy): 407 (it wants a user and a password';
      assert.match(await whyNot('http://store.example'), wanted);
    },
    'me:p%40ss@',
  );
});

async function asksOverTls(): Promise<void> {
  const { key, cert } = certificateIn(temporaryFolder(), 'DNS:store.example');
  const pair = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  const store = createTlsServer(pair, async (request, response) =>
    response.end(`${request.url} ${await bodyOf(request)}`),
  );
  store.listen(0, '127.0.0.1');
  await once(store, 'listening');
  const { port }: { port?: number } = Object(store.address());
  const asked: unknown[] = [];
  const proxy = createServer().on('connect', ({ url, headers }: IncomingMessage, socket) => {
    asked.push([url, headers['x-scope-orgid'], headers['proxy-authorization']]);
    const inside = connect(port ?? 0, '127.0.0.1', () => socket.write('HTTP/1.1 200 ok\r\n\r\n'));
    inside.pipe(socket).pipe(inside);
  });
  await behind(
    proxy,
    async () => {
      const { bytes, through } = await postTo(new URL('https://store.example/api'), 'figures', {
        ...OPTIONS,
        ca: pair.cert,
      });
      assert.equal([bytes.toString(), through], ['/api figures', '']);
      assert.equal(asked, [['store.example:443', undefined, `Basic ${Buffer.from('me:').toString('base64')}`]]);
      const other = await postTo(new URL('https://other.example/api'), '', { ...OPTIONS, ca: pair.cert }).catch(String);
      assert.match(String(other), /through the proxy .*: ERR_TLS_CERT_ALTNAME_INVALID /);
      assert.match(await whyNot('https://store.example'), /\(https_proxy\): DEPTH_ZERO_SELF_SIGNED_CERT /);
    },
    'me@',
  );
  store.close();
}

const TLS_NAME = 'over TLS a proxy is asked for a connection, and neither sees nor answers what goes over it';
if (noCertificates === undefined) test(TLS_NAME, asksOverTls);
else skip(test, TLS_NAME, noCertificates);

for (const [what, answer, message] of [
  ['stalls', '', /no whole answer within 0\.3 s$/],
  ['refuses', 'HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n', /HTTP status 403 to CONNECT store\.example:443$/],
  ['wants a login', 'HTTP/1.1 407 Login\r\ncontent-length: 0\r\n\r\n', /407 \(it wants a user and a password/],
  ['says anything', 'SSH-2.0-OpenSSH_9.2\r\n', /HPE_INVALID_CONSTANT$/],
  ['has no end', `HTTP/1.1 200 ok\r\nx: ${'x'.repeat(100_000)}`, /HPE_HEADER_OVERFLOW$/],
  ['connects to nothing', 'HTTP/1.1 200 ok\r\n\r\n', /no whole answer within 0\.3 s$/],
] as const)
  test(`a proxy that ${what} costs a message`, () => {
    const proxy = createTcpServer((socket) => {
      socket.on('error', () => undefined).once('data', () => socket.write(answer));
    });
    return behind(proxy, async () => {
      const why = await whyNot('https://store.example', 300);
      assert.match(why, /^PostError: through the proxy http:\/\/127\.0\.0\.1:PORT \(https_proxy\): /);
      assert.match(why, message);
    });
  });

test('a proxy that is away is told as that', async () => {
  process.env.http_proxy = 'http://127.0.0.1:1';
  try {
    const why = await whyNot('http://store.example');
    assert.is(
      why,
      'PostError: through the proxy http://127.0.0.1:PORT (http_proxy): ECONNREFUSED (no server listens there)',
    );
  } finally {
    delete process.env.http_proxy;
  }
});

test.run();
