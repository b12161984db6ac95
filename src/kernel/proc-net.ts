/**
 * /proc/PID/net/{fib_trie,route,if_inet6,igmp}: addresses in the network namespace of a process, and the numbers of its
 * interfaces, for whom netlink in that namespace is not open: anybody may read these. Each comment shows its file.
 */

import { addressText } from './ip-address.ts';

/** An address, with its interface and prefix where the file tells. */
export interface ProcAddress {
  readonly address: string;
  readonly name?: string;
  readonly prefix?: number;
}

/**
 * IPv4 from fib_trie, which has every local address but not its interface, and route, which has the networks:
 *
 *     Local:
 *       +-- 0.0.0.0/0 3 0 5                  Iface Destination Gateway  Flags RefCnt Use Metric Mask     MTU Window IRTT
 *            |-- 172.17.0.2                  eth0  00000000    010011AC 0003  0      0   0      00000000 0   0      0
 *               /32 host LOCAL               eth0  000011AC    00000000 0001  0      0   0      0000FFFF 0   0      0
 */
export function parseIpv4Addresses(fibTrie: string, route: string): ProcAddress[] {
  const locals = [...fibTrie.matchAll(/\|-- (\d+\.\d+\.\d+\.\d+)\n((?:\s+\/\d+ .*\n?)+)/g)].flatMap(
    ([, address = '', kinds = '']) => (/\/32 host LOCAL/.test(kinds) ? [address] : []),
  );
  const networks = route.split('\n').flatMap((line) => {
    const [name = '', destination = '', gateway, , , , , mask = ''] = line.split(/\s+/);
    const isNetwork = [destination, mask].every((digits) => /^[0-9A-F]{8}$/.test(digits)) && gateway === '00000000';
    return isNetwork ? [{ name, destination: hexNumber(destination), mask: hexNumber(mask) }] : [];
  });
  return [...new Set(locals)].map((address) => {
    if (address.startsWith('127.')) return { address, name: 'lo', prefix: 8 };
    const number = numberOf(address);
    const [narrowest] = networks
      .filter(({ destination, mask }) => mask !== 0 && (number & mask) >>> 0 === destination)
      .sort((a, b) => b.mask - a.mask);
    return narrowest ? { address, name: narrowest.name, prefix: bitsOf(narrowest.mask) } : { address };
  });
}

/** Eight hex digits, as a little-endian machine prints a number in network order. */
const hexNumber = (digits: string): number => Buffer.from(digits, 'hex').readUInt32LE(0);
const numberOf = (address: string): number => Buffer.from(address.split('.').map(Number)).readUInt32BE(0);
const bitsOf = (mask: number): number => mask.toString(2).replaceAll('0', '').length;

/**
 * if_inet6: address, index, prefix length, scope and flags, in hex, and the interface:
 *
 *     fe80000000000000004200fffe000001 04 40 20 80     eth0
 */
export function parseIfInet6(text: string): (ProcAddress & { readonly index: number })[] {
  return text.split('\n').flatMap((line) => {
    const [digits = '', index = '', prefix = '', , , name] = line.trim().split(/\s+/);
    const address = /^[0-9a-f]{32}$/.test(digits) ? addressText(Buffer.from(digits, 'hex')) : undefined;
    if (address === undefined || name === undefined) return [];
    return [{ address, name, prefix: Number.parseInt(prefix, 16), index: Number.parseInt(index, 16) }];
  });
}

/**
 * igmp: indices of interfaces, each above the multicast groups that it is in:
 *
 *     Idx	Device    : Count Querier	Group    Users Timer	Reporter
 *     4	eth0      :     1      V3
 *     				010000E0     1 0:00000000		0
 */
export function parseIgmpIndices(text: string): Map<string, number> {
  return new Map(
    [...text.matchAll(/^(\d+)\t(\S+)\s*:/gm)].map(([, index, name = '']) => [name, Number(index)] as const),
  );
}
