import { execFileSync } from 'node:child_process';
import { endianness } from 'node:os';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { addressText } from '../../src/kernel/ip-address.ts';
import { loadNative } from '../../src/kernel/native.ts';
import {
  addressesRequest,
  answerError,
  isInterrupted,
  linksRequest,
  namespaceIdRequest,
  parseAddresses,
  parseLinks,
  parseNamespaceId,
} from '../../src/kernel/route-netlink.ts';
import { skip } from '../skip.ts';

const LITTLE = endianness() === 'LE';
const { native, reason } = loadNative();

const number = (bytes: 2 | 4, value: number): Buffer => {
  const buffer = Buffer.alloc(bytes);
  if (LITTLE) buffer.writeUIntLE(value >>> 0, 0, bytes);
  else buffer.writeUIntBE(value >>> 0, 0, bytes);
  return buffer;
};
const padded = (buffer: Buffer): Buffer => Buffer.concat([buffer, Buffer.alloc(-buffer.length & 3)]);
const attribute = (type: number, payload: Buffer): Buffer =>
  padded(Buffer.concat([number(2, payload.length + 4), number(2, type), payload]));
const message = (type: number, body: Buffer, flags = 0): Buffer =>
  padded(
    Buffer.concat([number(4, body.length + 16), number(2, type), number(2, flags), number(4, 0), number(4, 0), body]),
  );

const NEW_LINK = 16;
const NEW_ADDRESS = 20;
const link = (index: number, device: number, ...attributes: readonly Buffer[]): Buffer =>
  message(
    NEW_LINK,
    Buffer.concat([
      Buffer.from([0, 0]),
      number(2, device),
      number(4, index),
      number(4, 0),
      number(4, 0),
      ...attributes,
    ]),
  );
const address = (index: number, prefix: number, ...attributes: readonly Buffer[]): Buffer =>
  message(NEW_ADDRESS, Buffer.concat([Buffer.from([2, prefix, 0, 0]), number(4, index), ...attributes]));
const DONE = message(3, number(4, 0), 2);
const named = (name: string): Buffer => attribute(3, Buffer.from(`${name}\0`));

test('links: names, kinds, states, and where each leads', () => {
  const answer = Buffer.concat([
    link(1, 772, named('lo'), attribute(4, number(4, 65536)), attribute(16, Buffer.from([0]))),
    link(
      2,
      1,
      named('eth0'),
      attribute(4, number(4, 1500)),
      attribute(5, number(4, 7)),
      attribute(16, Buffer.from([6])),
      attribute(37, number(4, 0)),
      // Nested, with the flag that newer kernels set.
      attribute(18 | 0x8000, attribute(1, Buffer.from('veth\0'))),
    ),
    link(3, 1, named('ens3'), attribute(10, number(4, 9)), attribute(16, Buffer.from([3]))),
    DONE,
  ]);
  assert.equal(parseLinks(answer), [
    { index: 1, name: 'lo', kind: 'loopback', state: 'unknown', mtu: 65536 },
    { index: 2, name: 'eth0', kind: 'veth', state: 'up', mtu: 1500, link: 7, linkNamespace: 0 },
    { index: 3, name: 'ens3', state: 'lowerlayerdown', mtu: Number.NaN, master: 9 },
  ]);
  assert.is(answerError(answer), 0);
});

test('addresses: its own end of a point-to-point link, and IPv6', () => {
  const v6 = Buffer.from('fe80000000000000004200fffe000001', 'hex');
  const answer = Buffer.concat([
    address(2, 16, attribute(1, Buffer.from([172, 17, 0, 2])), attribute(2, Buffer.from([172, 17, 0, 2]))),
    address(4, 32, attribute(1, Buffer.from([10, 0, 0, 1])), attribute(2, Buffer.from([10, 0, 0, 2]))),
    address(2, 64, attribute(1, v6)),
    address(2, 8),
    DONE,
  ]);
  assert.equal(parseAddresses(answer), [
    { index: 2, address: '172.17.0.2', prefix: 16 },
    { index: 4, address: '10.0.0.2', prefix: 32 },
    { index: 2, address: 'fe80::42:ff:fe00:1', prefix: 64 },
  ]);
});

test('an id of a namespace, none, and an error', () => {
  const answer = (id: number): Buffer => message(88, Buffer.concat([Buffer.alloc(4), attribute(1, number(4, id))]));
  const acknowledged = message(2, Buffer.concat([number(4, 0), Buffer.alloc(16)]));
  assert.is(parseNamespaceId(Buffer.concat([answer(3), acknowledged])), 3);
  assert.is(parseNamespaceId(Buffer.concat([answer(0), acknowledged])), 0);
  assert.is(parseNamespaceId(Buffer.concat([answer(-1), acknowledged])), undefined);
  const refused = message(2, Buffer.concat([number(4, -3), Buffer.alloc(16)]));
  assert.is(parseNamespaceId(refused), undefined);
  assert.is(answerError(refused), 3);
  assert.is(answerError(message(3, number(4, -105), 2)), 105, 'a dump that ended with an error');
  assert.is(isInterrupted(DONE), false);
  assert.is(isInterrupted(Buffer.concat([DONE, message(3, number(4, 0), 0x12)])), true);
});

test('bytes that are no answer are no links, and nothing is read beyond them', () => {
  const parse = (bytes: Uint8Array): void => {
    parseLinks(bytes);
    parseAddresses(bytes);
    parseNamespaceId(bytes);
    answerError(bytes);
    isInterrupted(bytes);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), parse));
  const whole = link(
    2,
    1,
    named('eth0'),
    attribute(16, Buffer.from([6])),
    attribute(18, attribute(1, Buffer.from('veth'))),
  );
  fc.assert(
    fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, byte, length) => {
      const broken = Uint8Array.from(whole);
      broken[at] = byte;
      parse(broken.subarray(0, length));
    }),
  );
});

test('IPv6 is written as URLs write it (RFC 5952)', () => {
  const groups = fc.array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, (numbers) => {
      const bytes = Uint8Array.from(numbers.flatMap((value) => [value >> 8, value & 255]));
      const text = numbers.map((value) => value.toString(16)).join(':');
      assert.is(addressText(bytes), new URL(`http://[${text}]/`).hostname.slice(1, -1));
    }),
    { numRuns: 1000 },
  );
  assert.is(addressText(Uint8Array.of(192, 168, 0, 1)), '192.168.0.1');
  assert.is(addressText(Uint8Array.of(1, 2, 3)), undefined);
});

interface IpLink {
  ifindex: number;
  ifname: string;
  mtu: number;
  operstate: string;
}

/** `ip -j` of this machine; undefined where there is no ip. */
function ip<Row>(...args: string[]): Row[] | undefined {
  try {
    return JSON.parse(execFileSync('ip', ['-j', ...args], { encoding: 'utf8' }));
  } catch {
    return undefined;
  }
}

const machineLinks = native && ip<IpLink>('link');
if (native && machineLinks) {
  test('our own namespace, as `ip -j` shows it', async () => {
    const [links, addresses, id] = await native.routeNetlink(-1, [
      linksRequest(),
      addressesRequest(),
      namespaceIdRequest(process.pid),
    ]);
    assert.ok(links && addresses && id);
    assert.equal([links, addresses, id].map(answerError), [0, 0, 0]);
    // Other tests make and remove interfaces meanwhile: those that were there before and after.
    const after = ip<IpLink>('link') ?? [];
    const shown = parseLinks(links);
    for (const { ifindex, ifname, mtu, operstate } of machineLinks) {
      if (!after.some((one) => one.ifindex === ifindex && one.operstate === operstate)) continue;
      const found = shown.find(({ index }) => index === ifindex);
      assert.equal([found?.name, found?.mtu, found?.state], [ifname, mtu, operstate.toLowerCase()]);
    }
    const inAddresses = ip<{ ifindex: number; addr_info: { local: string; prefixlen: number }[] }>('address') ?? [];
    for (const { ifindex, addr_info } of inAddresses.filter(({ ifindex }) =>
      machineLinks.some((one) => one.ifindex === ifindex),
    )) {
      for (const { local, prefixlen } of addr_info) {
        const found = parseAddresses(addresses).some(
          (one) => one.index === ifindex && one.address === local && one.prefix === prefixlen,
        );
        assert.ok(found, `${local}/${prefixlen}`);
      }
    }
  });
} else {
  skip(test, 'our own namespace, as ip shows it', reason ?? 'ip is not installed');
}

test.run();
