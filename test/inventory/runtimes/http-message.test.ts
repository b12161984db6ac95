/** HTTP/1.0 as text: requests that are one request, and heads of answers, however they are cut. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseHead, requestText } from '../../../src/inventory/runtimes/http-message.ts';

const head = (text: string) => parseHead(Buffer.from(text));

test('a request says what its body is, in bytes', () => {
  assert.is(
    requestText('GET', '/version', undefined),
    'GET /version HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n',
  );
  assert.match(requestText('POST', '/x', '{"a":"€"}'), /\r\nContent-Length: 11\r\n\r\n\{"a":"€"\}$/);
});

test('a path cannot be more than a path', () => {
  for (const path of ['', 'x', '/a b', '/a\r\nX: y', '/a\u0000', '/é']) {
    assert.throws(() => requestText('GET', path, undefined), /characters/, path);
  }
});

test('heads of answers', () => {
  assert.equal(head('HTTP/1.0 200 OK\r\ncontent-TYPE: application/json \r\nContent-Length:18\r\n\r\n{'), {
    status: 200,
    type: 'application/json',
    length: 18,
    bytes: 71,
  });
  assert.is(head('HTTP/1.1 404 Not Found\r\n\r\n')?.length, undefined);
  assert.is(head('HTTP/1.1 204 No Content\r\n\r\n')?.length, 0);
  assert.is(head('HTTP/1.1 200\r\n\r\n')?.status, 200);
});

test('what is no head of HTTP/1', () => {
  for (const text of [
    '\u0000\u0001noise\r\n\r\n',
    'HTTP/2 200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1e9\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 1\r\ncontent-length: 2\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2',
    'x'.repeat(70_000),
  ]) {
    assert.throws(() => head(text), undefined, JSON.stringify(text.slice(0, 60)));
  }
});

test('a head is none until its blank line is there, and then the same for whatever follows', () => {
  const text = 'HTTP/1.0 201 Created\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n';
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.string(), (cut, rest) => {
      assert.is(head(text.slice(0, cut)), undefined);
      assert.equal(head(text + rest), { status: 201, type: 'text/plain', length: 5, bytes: text.length });
    }),
  );
});

test('any bytes are a head, none yet, or an Error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        parseHead(Buffer.concat([Buffer.from(bytes), Buffer.from('\r\n\r\n')]));
      } catch (error) {
        assert.instance(error, Error);
      }
    }),
  );
});

test.run();
