/** JSON over unix sockets, from servers that answer, hang, break off, lie and flood. */

import { chmodSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../../src/inventory/runtimes/api-error.ts';
import { getJson, postJson, streamLines } from '../../../src/inventory/runtimes/unix-http.ts';
import { fakeHttp, fakePlain, freshSocket, json, streams } from './fake-http.ts';

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

test('an answer is its JSON, an empty one is undefined', async () => {
  const fake = await fakeHttp((request, response) =>
    request.method === 'POST' ? response.writeHead(204).end() : json(response, { path: request.url }),
  );
  assert.equal(await getJson(fake.socket, '/version'), { path: '/version' });
  assert.is(await postJson(fake.socket, '/x', { a: 1 }), undefined);
  await fake.close();
});

test('a body is sent as JSON', async () => {
  const fake = await fakeHttp((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => json(response, { body, type: request.headers['content-type'] }));
  });
  assert.equal(await postJson(fake.socket, '/update', { Memory: 1 }), {
    body: '{"Memory":1}',
    type: 'application/json',
  });
  await fake.close();
});

test('a refusal carries the status and the reason, cleaned', async () => {
  const fake = await fakeHttp((_, response) => json(response, { message: 'No such\u001b[2J container' }, 404));
  const error = await failure(getJson(fake.socket, '/containers/x/json'));
  assert.is(error.failure, 'refused');
  assert.is(error.status, 404);
  assert.match(error.message, 'GET /containers/x/json: HTTP 404: No such[2J container');
  assert.match(error.message, fake.socket);
  await fake.close();
});

test('a 403 is not permitted', async () => {
  const fake = await fakeHttp((_, response) => response.writeHead(403).end('authorization plugin says no'));
  const error = await failure(getJson(fake.socket, '/'));
  assert.is(error.failure, 'not permitted');
  assert.match(error.message, 'authorization plugin says no');
  await fake.close();
});

test('nothing there, nobody listening', async () => {
  const absent = await failure(getJson(freshSocket(), '/'));
  assert.is(absent.failure, 'absent');
  assert.match(absent.message, 'ENOENT');
  assert.ok(absent.remedy);
  const plain = await failure(getJson('/etc/hostname', '/'));
  assert.is(plain.failure, 'no answer');
  assert.match(plain.message, 'ECONNREFUSED');
});

test('a path that no socket can have is a failure, not a crash', async () => {
  assert.instance(await failure(getJson(`/tmp/${'x'.repeat(200)}`, '/')), ApiError);
  assert.instance(await failure(getJson(freshSocket(), '/with a blank')), ApiError);
});

test('a socket that may not be used', async () => {
  const fake = await fakeHttp((_, response) => json(response, {}));
  chmodSync(fake.socket, 0);
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const error = await failure(getJson(fake.socket, '/'));
    assert.is(error.failure, 'not permitted');
    assert.match(error.remedy ?? '', 'usermod');
  } finally {
    if (isRoot) process.seteuid?.(0);
    await fake.close();
  }
});

test('a socket that accepts and never answers ends by time-out', async () => {
  const fake = await fakePlain(() => undefined);
  const error = await failure(getJson(fake.socket, '/', { timeoutMs: 50 }));
  assert.is(error.failure, 'no answer');
  assert.match(error.message, 'no answer in 50 ms');
  await fake.close();
});

test('headers and then silence end by time-out too', async () => {
  const fake = await fakePlain((connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a":'));
  assert.is((await failure(getJson(fake.socket, '/', { timeoutMs: 50 }))).failure, 'no answer');
  await fake.close();
});

test('half an answer is none', async () => {
  for (const head of ['content-length: 100', 'transfer-encoding: chunked']) {
    const chunk = head.startsWith('content') ? '{"a":1}' : '7\r\n{"a":1}\r\n';
    const fake = await fakePlain((connection) => connection.end(`HTTP/1.1 200 OK\r\n${head}\r\n\r\n${chunk}`));
    assert.is((await failure(getJson(fake.socket, '/'))).failure, 'no answer', head);
    await fake.close();
  }
});

test('only the end of the connection says that an answer is whole: what breaks off then is none', async () => {
  for (const body of ['', '[{"Id":"c203a2']) {
    const fake = await fakePlain((connection) => connection.end(`HTTP/1.0 200 OK\r\n\r\n${body}`));
    const error = await failure(getJson(fake.socket, '/'));
    assert.is(error.failure, 'no answer');
    assert.match(error.remedy ?? '', /ended in the middle/);
    await fake.close();
  }
  const whole = await fakePlain((connection) => connection.end('HTTP/1.0 200 OK\r\n\r\n{"a":1}'));
  assert.equal(await getJson(whole.socket, '/'), { a: 1 });
  await whole.close();
});

test('what is told before the answer is not it', async () => {
  const fake = await fakePlain((connection) =>
    connection.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n{"a":1}'),
  );
  assert.equal(await getJson(fake.socket, '/'), { a: 1 });
  await fake.close();
});

test('no HTTP at all, and no JSON', async () => {
  const noise = await fakePlain((connection) => connection.end('\x00\xff\x1b[2Jnoise\r\n\r\n'));
  assert.instance(await failure(getJson(noise.socket, '/')), ApiError);
  await noise.close();
  const text = await fakeHttp((_, response) => response.end('<html>'));
  assert.is((await failure(getJson(text.socket, '/'))).failure, 'malformed');
  await text.close();
});

test('a body without end is given up at its bound', async () => {
  let sent = 0;
  const fake = await fakeHttp((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(' '.repeat(65_536))) sent += 65_536;
    };
    response.on('drain', more);
    response.on('error', () => undefined);
    more();
  });
  const error = await failure(getJson(fake.socket, '/', { largestBytes: 1_000_000 }));
  assert.is(error.failure, 'malformed');
  assert.match(error.message, 'larger than 1000000 bytes');
  assert.ok(sent < 20_000_000);
  await fake.close();
});

test('a signal ends a request, before and while it runs', async () => {
  const fake = await fakePlain((connection) => {
    connection.once('data', () => controller.abort());
  });
  const controller = new AbortController();
  assert.is((await failure(getJson(fake.socket, '/', { signal: controller.signal }))).failure, 'aborted');
  assert.is((await failure(getJson(fake.socket, '/', { signal: controller.signal }))).failure, 'aborted');
  await fake.close();
});

test('lines come as they are written, however they are cut', async () => {
  const stream = streams();
  const fake = await fakeHttp(stream.accept);
  const lines: string[] = [];
  let opened = false;
  const done = new Promise<void>((resolve) => {
    const ended = streamLines(fake.socket, '/events', {
      signal: new AbortController().signal,
      onOpen() {
        opened = true;
        const euro = Buffer.from('{"b":"€"}\n');
        stream.open[0]?.write('{"a":1}\n\n');
        stream.open[0]?.write(euro.subarray(0, 7));
        setImmediate(() => stream.open[0]?.end(euro.subarray(7)));
      },
      onLine: (line) => lines.push(line),
    });
    ended.catch((error: unknown) => {
      assert.instance(error, ApiError);
      resolve();
    });
  });
  await done;
  assert.ok(opened);
  assert.equal(lines, ['{"a":1}', '{"b":"€"}']);
  await fake.close();
});

test('a stream that does not open, is refused, breaks, or has a line without end', async () => {
  const signal = new AbortController().signal;
  const silent = await fakePlain(() => undefined);
  const options = { signal, timeoutMs: 50, onLine: () => undefined };
  assert.is((await failure(streamLines(silent.socket, '/', options))).failure, 'no answer');
  await silent.close();

  const refusing = await fakeHttp((_, response) => json(response, {}, 500));
  assert.is((await failure(streamLines(refusing.socket, '/', options))).status, 500);
  await refusing.close();

  const bounded = await fakePlain((connection) => connection.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}'));
  assert.is((await failure(streamLines(bounded.socket, '/', { ...options, timeoutMs: 60_000 }))).failure, 'malformed');
  await bounded.close();

  const breaking = await fakePlain((connection) => {
    connection.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    setImmediate(() => connection.destroy());
  });
  assert.is((await failure(streamLines(breaking.socket, '/', options))).failure, 'no answer');
  await breaking.close();

  const endless = await fakeHttp((_, response) => {
    response.on('error', () => undefined);
    response.write('x'.repeat(3_000_000));
  });
  assert.is((await failure(streamLines(endless.socket, '/', options))).failure, 'malformed');
  await endless.close();
});

test.run();
