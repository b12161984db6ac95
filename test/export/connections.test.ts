/** Who holds the connections of the exporter keeps nobody out. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request as secureRequest } from 'node:https';
import { connect, type Socket } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Scraper } from '../../src/export/scraper.ts';
import { certificateIn, noCertificates } from '../certificate.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { ended, get, serving } from './serving.ts';

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

test('who holds all connections and does not read its answers keeps nobody out', () => {
  let scrapes = 0;
  // More than the kernel takes for a client that reads nothing.
  const scraper: Scraper = { scrape: async () => [scrapes++ < 2 ? Buffer.alloc(64 << 20) : Buffer.from('figures')] };
  return serving(
    { scraper, limits: { connections: 2, requestMs: 60_000, stallMs: 60_000, answerMs: 60_000 } },
    async (port) => {
      const slow: Silent[] = [];
      for (let index = 0; index < 2; index++) {
        const socket = connect(port, '127.0.0.1', () => socket.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n'));
        await once(socket, 'readable');
        slow.push({
          socket,
          closed: new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve)),
        });
      }
      assert.is((await get(port)).body.toString(), 'figures');
      // It learns that it is closed when it reads.
      slow[0]?.socket.resume();
      await closeAll(slow);
    },
  );
});

test('a connection whose answer is being made stays, however many come', async () => {
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
  const folder = temporaryFolder();
  const { key, cert } = certificateIn(folder);
  const tls = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  await serving({ tls: () => tls, limits: { connections: 3, requestMs: 60_000 } }, async (port) => {
    const kept = await silent(port, 3);
    const sent = secureRequest({ host: '127.0.0.1', port, path: '/metrics', ca: tls.cert, agent: false }).end();
    const [response] = await once(sent, 'response');
    assert.is(response.statusCode, 200);
    response.resume();
    await closeAll(kept);
  });
}

test.run();
