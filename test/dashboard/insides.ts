/** The inside of one row, made by hand, for the pure views. */

import type { FilesystemInside } from '../../src/dashboard/filesystem-view.ts';
import type { DevicesInside, Inside, NetworkInside } from '../../src/dashboard/inside.ts';
import type { NamespaceScan } from '../../src/inventory/namespaces.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { namespacesOf } from '../../src/inventory/workload-namespaces.ts';

/** In the host's, in its own, in one shared with others, in two at once, and one that the kernel lacks. */
const SCAN: NamespaceScan = {
  namespaces: (
    [
      ['cgroup', 4026531835, true, { '/': 90, '/system.slice/web': 3 }],
      ['ipc', 4026532100, false, { '/system.slice/web': 3, '/system.slice/db': 2, '/blind': 1 }],
      ['mnt', 4026532101, false, { '/system.slice/web': 2 }],
      ['mnt', 4026532102, false, { '/system.slice/web': 1 }],
      ['net', 4026532103, false, { '/system.slice/web': 3 }],
      ['pid', 4026532104, false, { '/system.slice/web': 3 }],
      ['user', 4026531837, true, { '/': 90 }],
      ['user', 4026532105, false, { '/system.slice/web': 3 }],
      ['uts', 4026532106, undefined, { '/system.slice/web': 3 }],
    ] as const
  ).map(([kind, inode, isHost, cgroups]) => ({
    kind,
    inode,
    isHost,
    processes: 3,
    cgroups: new Map<string, number>(Object.entries(cgroups)),
    mountPoints: [],
    ...(inode === 4026531837 ? {} : { owner: isHost || kind === 'user' ? 4026531837 : 4026532105 }),
    ...(kind === 'user' && { uidMap: [{ inside: 0, outside: 100_000, count: 65_536 }] }),
  })),
  unseen: new Map([['/system.slice/web', { denied: 1, foreign: 0 }]]),
  missing: new Set(['time']),
  hasOwners: true,
};

const counters = (bytes: number, drops: number) => ({
  rxBytes: bytes,
  rxPackets: bytes / 1000,
  rxErrors: 0,
  rxDrop: drops,
  txBytes: bytes / 2,
  txPackets: bytes / 2000,
  txErrors: Number.NaN,
  txDrop: 0,
});

/** On docker's bridge, shared with one other; the counters of one interface are not known. */
export const NETWORK: NetworkInside = {
  answer: {
    mode: 'bridge',
    evidence: 'eth0 leads to veth1a2b3c4, a port of docker0',
    said: 'shop_default',
    namespace: 4026532103,
    sharedWith: [{ name: 'db', path: '/system.slice/db' }],
    interfaces: [
      {
        ...{ name: 'lo', index: 1, kind: 'loopback', state: 'unknown', mtu: 65536, master: null },
        addresses: ['127.0.0.1/8', '::1/128'],
        counters: counters(0, 0),
      },
      {
        ...{ name: 'eth0', index: 2, kind: 'veth', state: 'up', mtu: 1500, master: null },
        addresses: ['172.17.0.2/16', 'fe80::42:acff:fe11:2/64'],
        peer: {
          ...{ name: 'veth1a2b3c4', index: 7, state: 'up', inside: false },
          ...{ master: 'docker0', masterKind: 'bridge' },
        },
        counters: counters(123_456_789, 12),
      },
      {
        ...{ name: 'eth1', index: 3, kind: 'macvlan', state: 'down', mtu: 1500, master: null },
        addresses: [],
        peer: { unknown: "it leads to a network namespace that is not the host's" },
        counters: null,
      },
    ],
    time: 2000,
    unknown: ['the inode of its namespace: run as root, on the host'],
  },
  rates: new Map([
    ['lo', counters(0, 0)],
    ['eth0', counters(1_250_000, 3)],
  ]),
};

const STORAGE = '/var/lib/docker/overlay2';

/** Of docker, with more layers than fit, a volume, a read-only bind and what everybody has. */
export const FILESYSTEM: FilesystemInside = {
  files: {
    pid: 4242,
    root: { kind: 'overlay', fsType: 'overlay', source: 'overlay', device: '0:45', readOnly: false },
    driver: 'overlay2',
    layers: {
      lower: Array.from(
        { length: 12 },
        (_, index) => `${STORAGE}/${String(index).padStart(2, '0')}${'ab'.repeat(8)}/diff`,
      ),
      data: [],
      upper: `${STORAGE}/${'cd'.repeat(9)}/diff`,
      work: `${STORAGE}/${'cd'.repeat(9)}/work`,
    },
    writable: `${STORAGE}/${'cd'.repeat(9)}/diff`,
    disk: {
      ...{ mountPoint: '/', source: '/dev/vda1', device: '254:1', fsType: 'ext4' },
      ...{ totalBytes: 100 * 2 ** 30, freeBytes: 25 * 2 ** 30, totalInodes: 1000, freeInodes: 900 },
    },
    differences: [{ about: 'root', kernel: '/var/lib/docker/a/merged', runtime: '/var/lib/docker/b/merged' }],
    mounts: [
      ...(['/proc', '/sys'] as const).map((target) => ({
        ...{ target, source: target.slice(1), kind: 'mount' as const, fsType: target.slice(1), readOnly: false },
        ...{ options: [], own: 'kernel' as const },
      })),
      {
        ...{ target: '/var/lib/pg', source: '/var/lib/docker/volumes/pg/_data', kind: 'volume', volume: 'pg' },
        ...{ fsType: 'ext4', readOnly: false, options: ['relatime'] },
      },
      {
        ...{ target: '/etc/conf', source: '/srv/conf', kind: 'bind' },
        ...{ fsType: 'ext4', readOnly: true, options: ['nosuid', 'nodev', 'relatime'] },
      },
    ],
  },
  written: {
    last: { bytes: 12.5 * 2 ** 20, files: 120, directories: 9, whiteouts: 3, unread: 0, time: 5000, took: 12 },
    growth: 1.25 * 2 ** 20,
  },
};

const rates = (rbytes: number, wbytes: number) => ({ rbytes, wbytes, rios: rbytes / 4096, wios: wbytes / 4096 });

/** A volume over a disk that is limited twice. */
export const DEVICES: DevicesInside = {
  readings: { time: 0, counters: undefined, limits: [] },
  list: [
    {
      ...{ device: '8:0', name: 'sda', below: [], rates: rates(1_250_000, 4096) },
      limits: [
        { key: 'rbytes', value: 10_000_000, from: '/system.slice' },
        { key: 'wios', value: 120, from: '/system.slice/db' },
      ],
    },
    { device: '253:0', name: 'dm-0', below: ['sda'], rates: rates(1_250_000, 4096), limits: [] },
  ],
};

/** One that an ancestor narrows, and one as it was set. */
const LIMITS: Inside['limits'] = [
  { file: 'cpuset.cpus', text: 'CPUs 0-3', effective: { text: '0-1', from: '/system.slice' } },
  { file: 'io.weight', text: 'weight 50 of 10000' },
];

export const insideOf = (workload: Workload, workloads: readonly Workload[]): Inside => ({
  namespaces: namespacesOf(workload, workloads, SCAN),
  network: NETWORK,
  filesystem: FILESYSTEM,
  devices: DEVICES,
  limits: LIMITS,
});
