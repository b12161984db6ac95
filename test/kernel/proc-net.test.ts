import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIfInet6, parseIgmpIndices, parseIpv4Addresses } from '../../src/kernel/proc-net.ts';

const FIB_TRIE = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 127.0.0.0/8 2 0 2
        +-- 127.0.0.0/31 1 0 0
           |-- 127.0.0.0
              /8 host LOCAL
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 127.255.255.255
           /32 link BROADCAST
     +-- 172.17.0.0/16 2 0 2
        +-- 172.17.0.0/30 2 0 2
           |-- 172.17.0.0
              /16 link UNICAST
           |-- 172.17.0.2
              /32 host LOCAL
        |-- 172.17.255.255
           /32 link BROADCAST
        |-- 10.1.2.3
           /32 host LOCAL
Local:
  +-- 0.0.0.0/0 3 0 5
     |-- 172.17.0.2
        /32 host LOCAL
     |-- 127.0.0.1
        /32 host LOCAL
`;

const ROUTE = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth0	00000000	010011AC	0003	0	0	0	00000000	0	0	0
eth1	000010AC	00000000	0001	0	0	0	0000F0FF	0	0	0
eth0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
`;

test('IPv4 addresses with the interface of the narrowest network that holds them', () => {
  assert.equal(parseIpv4Addresses(FIB_TRIE, ROUTE), [
    { address: '127.0.0.1', name: 'lo', prefix: 8 },
    { address: '172.17.0.2', name: 'eth0', prefix: 16 },
    // No network holds it: a container with an address of its own and a gateway beyond.
    { address: '10.1.2.3' },
  ]);
  assert.equal(parseIpv4Addresses(FIB_TRIE, ''), [
    { address: '127.0.0.1', name: 'lo', prefix: 8 },
    { address: '172.17.0.2' },
    { address: '10.1.2.3' },
  ]);
});

test('IPv6 addresses and the numbers of interfaces', () => {
  const text = `00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000004200fffe000001 0c 40 20 80     eth0
`;
  assert.equal(parseIfInet6(text), [
    { address: '::1', name: 'lo', prefix: 128, index: 1 },
    { address: 'fe80::42:ff:fe00:1', name: 'eth0', prefix: 64, index: 12 },
  ]);
  const igmp = `Idx	Device    : Count Querier	Group    Users Timer	Reporter
1	lo        :     1      V3
				010000E0     1 0:00000000		0
12	eth0      :     2      V3
				FB0000E0     1 0:00000000		0
`;
  assert.equal(
    [...parseIgmpIndices(igmp)],
    [
      ['lo', 1],
      ['eth0', 12],
    ],
  );
});

test('texts that are none of these have no addresses', () => {
  const lines = fc
    .array(fc.oneof(fc.string(), fc.constantFrom(...`${FIB_TRIE}${ROUTE}`.split('\n'))))
    .map((all) => all.join('\n'));
  fc.assert(
    fc.property(lines, lines, (one, other) => {
      parseIpv4Addresses(one, other);
      parseIfInet6(one);
      parseIgmpIndices(one);
    }),
  );
  assert.equal([parseIpv4Addresses('', ''), parseIfInet6(''), [...parseIgmpIndices('')]], [[], [], []]);
});

test.run();
