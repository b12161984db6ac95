/** tstop and tscg ls before a store that asks who they are, over TLS: as a user starts them. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { TSCG } from '../boxes.ts';
import { certificateIn, noCertificates } from '../certificate.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { openTstop } from '../terminal.ts';
import { answerOf, withServer } from './prometheus.ts';

const FILES = temporaryFolder();

function file(name: string, text: string): string {
  const path = join(FILES, name);
  writeFileSync(path, `${text}\n`);
  chmodSync(path, 0o600);
  return path;
}

interface Store {
  readonly url: string;
  /** The authority of its certificate. */
  readonly ca: string;
  /** Wants this from now on. */
  want(authorization: string): void;
}

/** `web` on `node-a`, for who says what is wanted; to anybody else it says what a proxy before a Prometheus says. */
async function withStore(wanted: string, use: (store: Store) => Promise<void>, name?: string): Promise<void> {
  const folder = join(FILES, (name ?? 'own').replace(/\W/g, '-'));
  mkdirSync(folder, { recursive: true });
  const { key, cert } = certificateIn(folder, name);
  await withServer(
    (response, { headers }) => {
      if (headers.authorization !== wanted) return void response.writeHead(401).end('Unauthorized\n');
      const now = Date.now() / 1000;
      response.end(
        answerOf([{ instance: 'node-a', time: now, text: 'tscg_populated{id="/web",name="web",kind="unit"} 1\n' }]),
      );
    },
    (url) =>
      use({
        ...{ url, ca: cert },
        want: (authorization) => {
          wanted = authorization;
        },
      }),
    { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') },
  );
}

async function ls(...args: readonly string[]) {
  const child = spawn(process.execPath, [TSCG, 'ls', ...args]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  await once(child, 'close');
  return { status: child.exitCode, out, err };
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

/** Ways to say who one is: the flag, a file that is right, what it says, one that is wrong, and what that says. */
const WAYS = [
  [
    ...(['--bearer-token-file', file('token', 's3cr3t-t0ken'), 'Bearer s3cr3t-t0ken'] as const),
    ...([file('other-token', 'stolen'), 'Bearer stolen'] as const),
  ],
  [
    ...(['--basic-auth-file', file('basic', 'alice:op:en'), basic('alice:op:en')] as const),
    ...([file('other-basic', 'alice:guess'), basic('alice:guess')] as const),
  ],
] as const;

const REFUSED = /https:\S+: 401: it wants other credentials \(--bearer-token-file, --basic-auth-file\)/;

for (const [flag, right, wanted, wrong, stolen] of WAYS) {
  tlsTest(`what ${flag} names is read anew where it is replaced, by tscg ls --watch and by tstop`, () =>
    withStore(wanted, async ({ url, ca, want }) => {
      const used = file('used', '');
      copyFileSync(right, used);
      const flags = ['--prometheus', url, '--tls-ca', ca, flag, used, '--delay', '0.2'];
      const terminal = openTstop(120, 30, flags);
      const list = spawn(process.execPath, [TSCG, 'ls', '--watch', ...flags]);
      let [out, err] = ['', ''];
      list.stdout.on('data', (chunk) => (out += String(chunk)));
      list.stderr.on('data', (chunk) => (err += String(chunk)));
      try {
        await terminal.until((screen) => /web +node-a /.test(screen), 'web of node-a');
        while (out === '') await once(list.stdout, 'data');
        writeFileSync(used, '\n');
        while (!err.includes('before holds')) await once(list.stderr, 'data');
        want(stolen);
        await terminal.until((text) => text.includes('credentials'), 'refused');
        while (!err.includes('credentials')) await once(list.stderr, 'data');
        copyFileSync(wrong, used);
        await terminal.until((text) => !text.includes('credentials'), 'let in with what the file holds now');
        out = '';
        while (!out.includes('node-a')) await once(list.stdout, 'data');
        terminal.type('q');
        assert.is(await terminal.ended, 0);
      } finally {
        terminal.kill();
        list.kill();
      }
    }),
  );

  tlsTest(`tstop ${flag} shows the machines; refused later it says so once, and the figures stay`, () =>
    withStore(wanted, async ({ url, ca, want }) => {
      const terminal = openTstop(120, 30, ['--prometheus', url, '--tls-ca', ca, flag, right, '--delay', '0.2']);
      try {
        await terminal.until((screen) => /web +node-a /.test(screen), 'web of node-a');
        want('Bearer another');
        const screen = await terminal.until((text) => REFUSED.test(text.replace(/\s+/g, ' ')), 'why it is refused');
        assert.match(screen, /web +node-a /);
        assert.is(screen.split('other credentials').length, 2, screen);
        terminal.type('N');
        await terminal.until((text) => text.includes('▼NAME'), 'sorted by name');
        want(wanted);
        await terminal.until((text) => !text.includes('credentials') && /web +node-a /.test(text), 'let in again');
        assert.not.match(terminal.raw(), /s3cr3t|op:en/);
        terminal.type('q');
        assert.is(await terminal.ended, 0);
      } finally {
        terminal.kill();
      }
    }),
  );

  tlsTest(`tstop and tscg ls with a wrong ${flag} say so in one message`, () =>
    withStore(wanted, async ({ url, ca }) => {
      const terminal = openTstop(120, 30, ['--prometheus', url, '--tls-ca', ca, flag, wrong, '--delay', '0.2']);
      try {
        await terminal.until((text) => REFUSED.test(text.replace(/\s+/g, ' ')), 'why it is refused');
        terminal.type('?');
        await terminal.until((text) => text.includes('sort by memory'), 'the help');
        terminal.type('q');
        assert.is(await terminal.ended, 0);
      } finally {
        terminal.kill();
      }
      const { status, out, err } = await ls('--prometheus', url, '--tls-ca', ca, flag, wrong);
      assert.is(status, 1, err);
      assert.is(out, '');
      assert.match(err, new RegExp(`^tscg: ${REFUSED.source}\n$`));
    }),
  );

  tlsTest(`tscg ls ${flag} lists the machines`, () =>
    withStore(wanted, async ({ url, ca }) => {
      const { status, out, err } = await ls('--prometheus', url, '--tls-ca', ca, flag, right);
      assert.is(status, 0, err);
      assert.is(err, '');
      assert.match(out, /node-a +web /);
    }),
  );
}

tlsTest('a certificate that is not believed is one message with what to give', () =>
  withStore('none', async ({ url }) => {
    const message = /https:\S+: DEPTH_ZERO_SELF_SIGNED_CERT \(give the authority of its certificate with --tls-ca\)/;
    const terminal = openTstop(120, 30, ['--prometheus', url, '--delay', '0.2']);
    try {
      await terminal.until((text) => message.test(text.replace(/\s+/g, ' ')), 'why it is not believed');
    } finally {
      terminal.kill();
    }
    const { status, err } = await ls('--prometheus', url);
    assert.is(status, 1);
    assert.match(err, new RegExp(`^tscg: ${message.source}\n$`));
  }),
);

tlsTest('a certificate of another name, and HTTP where HTTPS is asked for, say what to change', async () => {
  await withStore(
    'none',
    async ({ url, ca }) => {
      const { status, err } = await ls('--prometheus', url, '--tls-ca', ca);
      assert.is(status, 1);
      assert.match(err, /^tscg: https:\S+: ERR_TLS_CERT_ALTNAME_INVALID \(its certificate is of another name: .*\)\n$/);
    },
    'DNS:store.example',
  );
  await withServer(
    (response) => response.end('{}'),
    async (url) => {
      const { status, err } = await ls('--prometheus', url.replace('http:', 'https:'));
      assert.is(status, 1);
      assert.match(err, /^tscg: https:\S+: \S+ \(it does not speak TLS: give http:\/\/ .*\)\n$/);
    },
  );
});

function tlsTest(name: string, run: () => Promise<void>): void {
  if (noCertificates === undefined) test(name, run);
  else skip(test, name, noCertificates);
}

test.run();
