/** tscg export as a user starts it. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { onMount, TSCG, tscg, withBox } from '../boxes.ts';
import { certificateIn, noCertificates } from '../certificate.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const FILES = temporaryFolder();
const file = (name: string, text: string | Buffer): string => {
  writeFileSync(join(FILES, name), text, { mode: 0o600 });
  return join(FILES, name);
};

/** A key and a certificate in a folder of that name. */
function certificate(name: string): ReturnType<typeof certificateIn> {
  mkdirSync(join(FILES, name));
  return certificateIn(join(FILES, name));
}

/** Started, and where it listens. */
async function started(...args: string[]): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn(process.execPath, [TSCG, 'export', '--listen', '127.0.0.1:0', ...args]);
  let text = '';
  for await (const chunk of child.stdout) {
    text += String(chunk);
    const [, url] = /listening on (\S+)\n/.exec(text) ?? [];
    if (url) return { child, url };
  }
  throw new Error(`it did not start: ${text}`);
}

async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  }
  return child.exitCode;
}

test('bad input has one line and exit code 2', () => {
  const cases: readonly [args: readonly string[], message: RegExp][] = [
    [['--listen', 'nonsense'], /--listen: "nonsense" is no address; give one as 127\.0\.0\.1:9753/],
    [['--listen', ':9753'], /anyone who reaches it could read .*--bearer-token-file, or --unprotected/],
    [['--listen', '127.0.0.1:0', '--tls-cert', '/nowhere'], /go together/],
    [
      ['--tls-cert', '/nowhere', '--tls-key', '/nowhere'],
      /--tls-cert \/nowhere: ENOENT \(nothing is there: give the path of a file\)/,
    ],
    [['--tls-cert', file('c', 'x'), '--tls-key', file('k', 'x')], /both are PEM files/],
    [['--otlp', 'collector:4318'], /--otlp: "collector:4318" is no URL; give one as http:\/\/collector:4318/],
    [['--otlp', 'http://a', '--listen', ':9753'], /'--otlp <url>' cannot be used with option '--listen <address>'/],
    [['--otlp', 'http://a', '--header', 'x'], /--header: give it as "X-Scope-OrgID: shop"/],
    [['--otlp', 'http://a', '--interval', '1ms'], /--interval: 1ms is not from 1 s to 3600 s/],
    [['--otlp', 'http://u:p@a'], /give user and password with --header/],
    [['--otlp', 'https://a', '--tls-ca', '/nowhere'], /--tls-ca \/nowhere: ENOENT/],
    [['--header', 'a: b'], /give them with --otlp/],
    [['--bearer-token-file', '/nowhere'], /--bearer-token-file: ENOENT: give the path of a file that holds it/],
    [['--bearer-token-file', file('empty', '\n')], /it is empty; .*openssl rand/],
    [['--bearer-token-file', file('two', 'a b')], /holds no token/],
    [['--tls-cert', join(file('plain', 'x'), 'cert'), '--tls-key', '/nowhere'], /ENOTDIR \(nothing is there: /],
    [['--bearer-token-file', FILES], /no regular file of at most 1 MiB: give the path of one/],
    [['--bearer-token-file', '/dev/zero'], /no regular file/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = tscg('export', ...args);
    assert.is(status, 2, stderr);
    assert.match(stderr, message);
    assert.is(stderr.trim().split('\n').length, 1, stderr);
    assert.is(stdout, '');
  }
});

const mountTest = onMount(test);

mountTest('a port that is taken has one line and exit code 1', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const address = taken.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const { status, stderr } = tscg('export', '--listen', `127.0.0.1:${port}`);
  taken.close();
  assert.is(status, 1);
  assert.match(stderr, /^tscg: cannot listen on 127\.0\.0\.1:\d+: EADDRINUSE \(another program listens there; .*\)\n$/);
});

mountTest('serves a cgroup while it is there, asks for the token, and ends with 0', async () => {
  const { child, url } = await started('--bearer-token-file', file('token', 'secret\n'));
  const get = (headers: Record<string, string>) => fetch(url, { headers });
  const NAME = `tscg-export-${process.pid}`;
  try {
    assert.is((await get({})).status, 401);
    const authorization = 'Bearer secret';
    await withBox(`/${NAME}`, async () => {
      const reply = await get({ authorization, accept: 'application/openmetrics-text' });
      const text = await reply.text();
      assert.match(text, `container_cpu_usage_seconds_total{id="/${NAME}",name="${NAME}",kind="cgroup"}`);
      assert.match(text, 'container_cpu_usage_seconds_total{id="/",');
      assert.ok(text.endsWith('# EOF\n'));
    });
    // A pass is a second old before there is another.
    let last = '';
    while (last === '' || last.includes(NAME)) last = await (await get({ authorization })).text();
  } finally {
    assert.is(await stopped(child), 0);
  }
});

for (const [name, run] of [
  ['serves TLS', servesTls],
  ['serves a certificate that is replaced, once its key is too', servesNewCertificate],
  ['sends over TLS, with a certificate and a token', sendsOverTls],
] as const) {
  if (noCertificates === undefined) mountTest(name, run);
  else skip(test, name, noCertificates);
}

/** Of a receiver that asks for a certificate. */
async function sendsOverTls(): Promise<void> {
  const { key, cert } = certificate('own');
  const [keyText, certText] = [readFileSync(key), readFileSync(cert)];
  const { key: laterKey, cert: laterCert } = certificate('later');
  const later = { key: readFileSync(laterKey), cert: readFileSync(laterCert) };
  const received: IncomingMessage[] = [];
  let shownLast = '';
  const receiver = createTlsServer(
    { key: keyText, cert: certText, ca: [certText, later.cert], requestCert: true, rejectUnauthorized: true },
    (request, response) => {
      received.push(request);
      if (request.socket instanceof TLSSocket) shownLast = request.socket.getPeerCertificate().fingerprint256;
      request.resume().on('end', () => response.end('{}'));
    },
  ).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port }: { port?: number } = Object(receiver.address());
  const url = `https://127.0.0.1:${port}/otlp/hunter1/?api_key=hunter2`;
  const token = file('otlp-token', 'secret\n');
  const ours = { cert: file('our-cert', certText), key: file('our-key', keyText) };
  const access = ['--tls-ca', cert, '--tls-cert', ours.cert, '--tls-key', ours.key, '--bearer-token-file', token];
  const flags = ['--interval', '1s', '--header', 'X-Scope-OrgID: shop', ...access];
  const child = spawn(process.execPath, [TSCG, 'export', '--otlp', url, ...flags]);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
  try {
    while (received.length === 0) await once(receiver, 'request');
    const [first] = received;
    assert.is(first?.url, '/otlp/hunter1/v1/metrics?api_key=hunter2');
    assert.is(first?.headers.authorization, 'Bearer secret');
    assert.is(first?.headers['x-scope-orgid'], 'shop');
    writeFileSync(token, 'replaced\n');
    writeFileSync(ours.key, later.key);
    writeFileSync(ours.cert, later.cert);
    const { fingerprint256 } = new X509Certificate(later.cert);
    while (shownLast !== fingerprint256) await once(receiver, 'request');
    assert.is(received.at(-1)?.headers.authorization, 'Bearer replaced');
  } finally {
    assert.is(await stopped(child), 0);
    assert.match(said, /sending to https:\/\/127\.0\.0\.1:\d+\/…\/v1\/metrics every/);
    assert.not.match(said, 'hunter');
    receiver.close();
    receiver.closeAllConnections();
  }
}

async function servesTls(): Promise<void> {
  const { key, cert } = certificateIn(FILES);
  const { child, url } = await started('--tls-cert', cert, '--tls-key', key);
  try {
    assert.match(url, /^https:/);
    const code = `fetch(${JSON.stringify(url)}).then((r) => r.text()).then((t) => console.log(t.split('\\n').length))`;
    const { stdout, stderr } = spawnSync(process.execPath, ['-e', code], {
      encoding: 'utf8',
      env: { ...process.env, NODE_EXTRA_CA_CERTS: cert },
    });
    assert.ok(Number(stdout) > 20, stderr);
  } finally {
    assert.is(await stopped(child), 0);
  }
}

/** The certificate that the server shows. */
async function shown(url: string): Promise<string> {
  const { hostname: host, port } = new URL(url);
  const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}

async function servesNewCertificate(): Promise<void> {
  const [used, next] = [certificate('used'), certificate('next')];
  const fingerprints = [used, next].map(({ cert }) => new X509Certificate(readFileSync(cert)).fingerprint256);
  const { child, url } = await started('--tls-cert', used.cert, '--tls-key', used.key);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const ended = child.stderr && once(child.stderr, 'end');
  try {
    assert.is(await shown(url), fingerprints[0]);
    copyFileSync(next.cert, used.cert);
    assert.is(await shown(url), fingerprints[0], 'its key is not there yet');
    copyFileSync(next.key, used.key);
    assert.is(await shown(url), fingerprints[1]);
  } finally {
    assert.is(await stopped(child), 0);
  }
  await ended;
  assert.match(
    said,
    /^tscg: --tls-cert \S+ and --tls-key \S+: .*; until that is mended, what was there before holds\n$/,
  );
}

mountTest('--once prints one text', async () => {
  const { status, stdout, stderr } = tscg('export', '--once');
  assert.is(status, 0, stderr);
  assert.match(stdout, '# TYPE container_cpu_usage_seconds_total counter\n');
  assert.match(stdout, 'tscg_verdict{id="/"');
  // node_exporter, whose textfile collector reads it, has these of itself.
  assert.not.match(stdout, /^process_/m);
});

test.run();
