// The few calls of the Kubernetes container runtime interface that make a pod, over containerd's socket: gRPC is HTTP/2
// with a five byte prefix, and these messages need only strings, integers, maps and nesting.

import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';

const SOCKET = '/run/containerd/containerd.sock';

/** @typedef {string | number | Map<string, string> | Fields} Value */
/** @typedef {{ [field: number]: Value | Value[] | undefined }} Fields a message: field number to value */

/** @param {number} value */
function varint(value) {
  const bytes = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** @param {Fields} fields @returns {Buffer} */
export function encode(fields) {
  const parts = [];
  for (const [field, given] of Object.entries(fields)) {
    const values =
      given instanceof Map ? [...given].map(([key, value]) => ({ 1: key, 2: value })) : [given ?? []].flat();
    for (const value of values) {
      if (typeof value === 'number') parts.push(varint(Number(field) << 3), varint(value));
      else {
        const bytes = typeof value === 'string' ? Buffer.from(value) : encode(/** @type {Fields} */ (value));
        parts.push(varint((Number(field) << 3) | 2), varint(bytes.length), bytes);
      }
    }
  }
  return Buffer.concat(parts);
}

/** Field 1 of a message, a text, with which it begins; empty where it does not. @param {Buffer} message */
function firstText(message) {
  if (message[0] !== ((1 << 3) | 2)) return '';
  let [at, length] = [1, 0];
  for (let shift = 0; ; shift += 7) {
    const byte = message[at++] ?? 0;
    length += (byte & 127) * 2 ** shift;
    if (byte < 128) return message.toString('utf8', at, at + length);
  }
}

/**
 * Calls a method; the answer's field 1, which in every call used here is an id, what a command has printed, or nothing.
 * @param {string} method @param {Fields} request @returns {Promise<string>}
 */
export function cri(method, request) {
  const session = connectHttp2('http://localhost', { createConnection: () => connect(SOCKET) });
  return new Promise((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': `/runtime.v1.RuntimeService/${method}`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const body = encode(request);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(body.length, 1);
    stream.end(Buffer.concat([prefix, body]));

    /** @type {Record<string, unknown>} */
    const end = {};
    /** @type {Buffer[]} */
    const chunks = [];
    stream.on('response', (headers) => Object.assign(end, headers));
    stream.on('trailers', (trailers) => Object.assign(end, trailers));
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      const answer = Buffer.concat(chunks).subarray(5);
      if (String(end['grpc-status']) !== '0') {
        reject(new Error(`CRI ${method}: ${decodeURIComponent(String(end['grpc-message'] ?? 'no answer'))}`));
      } else resolve(firstText(answer));
    });
  }).finally(() => session.close());
}
