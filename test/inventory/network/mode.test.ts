/** What the network of a workload is called, from evidence by hand. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { interfacesOf, type NetworkEvidence } from '../../../src/inventory/network/facts.ts';
import { besides, modeOf, saidOf } from '../../../src/inventory/network/mode.ts';
import { peerText } from '../../../src/inventory/network/words.ts';
import type { Workload } from '../../../src/inventory/workload.ts';
import type { Link } from '../../../src/kernel/route-netlink.ts';

const COUNTERS = { rxBytes: 1, rxPackets: 1, rxErrors: 0, rxDrop: 0, txBytes: 2, txPackets: 1, txErrors: 0, txDrop: 0 };
const lo: Link = { index: 1, name: 'lo', kind: 'loopback', state: 'unknown', mtu: 65536 };
const up = { state: 'up', mtu: 1500 };
const eth0: Link = { index: 2, name: 'eth0', kind: 'veth', link: 7, linkNamespace: 0, ...up };

function evidence(
  own: readonly Link[],
  host: readonly Link[] = [],
  more: Partial<NetworkEvidence> = {},
): NetworkEvidence {
  return {
    isHost: false,
    netDev: new Map(own.map(({ name }) => [name, COUNTERS])),
    own: { links: own, addresses: [{ index: 2, address: '172.17.0.2', prefix: 16 }], hostId: 0 },
    host: { links: host, ownId: 5 },
    ...more,
  };
}

const container = (name: string, inode: number, more: Partial<Workload> = {}): Workload => ({
  path: `/${name}`,
  inode,
  name,
  kind: 'container',
  ...more,
});

const bridged = [
  { index: 3, name: 'docker0', kind: 'bridge', ...up },
  // Every container has an eth0 of index 2: the id of the namespace tells whose other end this is.
  { index: 6, name: 'vethother', kind: 'veth', link: 2, linkNamespace: 4, master: 3, ...up },
  { index: 7, name: 'vethmine', kind: 'veth', link: 2, linkNamespace: 5, master: 3, ...up },
];

test('the other end of a veth, on the bridge of the host', () => {
  const [loopback, card] = interfacesOf(evidence([eth0, lo], bridged));
  assert.is(loopback?.name, 'lo');
  assert.equal(card, {
    name: 'eth0',
    index: 2,
    kind: 'veth',
    state: 'up',
    mtu: 1500,
    addresses: ['172.17.0.2/16'],
    master: null,
    peer: { name: 'vethmine', index: 7, state: 'up', inside: false, master: 'docker0', masterKind: 'bridge' },
    counters: COUNTERS,
  });
  assert.is(card?.peer && peerText(card.peer), 'vethmine (7, up) on docker0');
});

test('an index that collides is not taken for the other end', () => {
  const peerOf = (host: readonly Link[], more: Partial<NetworkEvidence> = {}) =>
    interfacesOf(evidence([lo, eth0], host, more)).find(({ name }) => name === 'eth0')?.peer;
  const stranger = { index: 7, name: 'vethx', kind: 'veth', link: 2, linkNamespace: 4, ...up };
  assert.equal(peerOf([stranger]), { unknown: 'it changed while it was looked at' });
  assert.equal(peerOf([{ ...stranger, linkNamespace: 5, link: 3 }]), { unknown: 'it changed while it was looked at' });
  const elsewhere = evidence([lo, eth0]).own;
  assert.equal(peerOf(bridged, { own: { ...elsewhere, hostId: 1 } as NetworkEvidence['own'] }), {
    unknown: "it leads to a network namespace that is not the host's",
  });
  assert.equal(peerOf([], { host: { links: undefined, reason: 'EPERM: run as root' } }), {
    unknown: 'EPERM: run as root',
  });
});

test('a veth within its own namespace, and one whose name is an attack', () => {
  const inner: readonly Link[] = [
    lo,
    { index: 2, name: 'a\x1b[2J', kind: 'veth', link: 3, ...up },
    { index: 3, name: 'b', kind: 'veth', link: 2, master: 4, ...up },
    { index: 4, name: 'br0', kind: 'bridge', ...up },
  ];
  const [, first, second] = interfacesOf(evidence(inner));
  assert.is(first?.name, 'a[2J');
  assert.equal(first?.peer, { name: 'b', index: 3, state: 'up', inside: true, master: 'br0', masterKind: 'bridge' });
  assert.is(second?.master, 'br0');
});

test('without privilege: names and addresses, and of the host what leads here', () => {
  const own = {
    links: undefined,
    reason: 'EACCES',
    addresses: [{ address: '172.17.0.2', name: 'eth0', prefix: 16 }, { address: '10.0.0.1' }],
    indices: new Map([['lo', 1]]),
  };
  const netDev = evidence([lo, eth0]).netDev;
  const [, only] = interfacesOf(evidence([], bridged, { own, netDev }));
  assert.is(only?.index, 2, 'the only one, so the only veth that leads here is its other end');
  assert.is(only?.kind, 'veth');
  assert.equal([only?.state, only?.mtu], [null, null]);
  assert.equal(only?.addresses, ['172.17.0.2/16']);
  assert.is(only?.peer && 'name' in only.peer && only.peer.name, 'vethmine');
  // Two of them, of unknown indices: nothing is guessed.
  const two = new Map([...netDev, ['eth1', COUNTERS] as const]);
  assert.equal(
    interfacesOf(evidence([], bridged, { own, netDev: two })).map(({ peer }) => peer),
    [undefined, undefined, undefined],
  );
});

const modes: readonly {
  readonly what: string;
  readonly links?: readonly Link[];
  readonly host?: readonly Link[];
  readonly isHost?: boolean;
  readonly own?: Workload;
  readonly sharers?: readonly Workload[];
  readonly mode: string;
  readonly evidence: RegExp;
}[] = [
  { what: 'of the host', isHost: true, links: [lo, eth0], mode: 'host', evidence: /as pid 1/ },
  { what: 'lo alone', links: [lo], mode: 'none', evidence: /no interface but lo/ },
  {
    what: 'a veth to a bridge',
    links: [lo, eth0],
    host: bridged,
    mode: 'bridge',
    evidence: /^eth0 leads to vethmine, a port of docker0$/,
  },
  {
    what: 'a veth to no bridge (nspawn)',
    links: [lo, eth0],
    host: [{ index: 7, name: 've-m1', kind: 'veth', link: 2, linkNamespace: 5, ...up }],
    mode: 'private',
    evidence: /on no bridge/,
  },
  {
    what: 'slirp4netns',
    links: [lo, { index: 2, name: 'tap0', kind: 'tun', ...up }],
    mode: 'tap',
    evidence: /tap0 is a tap device.*slirp4netns and pasta/,
  },
  {
    what: 'a namespace that an older container made',
    links: [lo, eth0],
    host: bridged,
    own: container('sidecar', 20),
    sharers: [container('late', 30), container('web', 10)],
    mode: 'container:web',
    evidence: /the namespace of web, which is older; eth0 leads to vethmine/,
  },
  {
    what: 'a namespace that it made itself',
    links: [lo, eth0],
    host: bridged,
    own: container('web', 10),
    sharers: [container('sidecar', 20)],
    mode: 'bridge',
    evidence: /a port of docker0/,
  },
  {
    what: 'a pod',
    links: [lo, eth0],
    host: bridged,
    own: container('app', 20, { podUid: 'p1', pod: 'shop' }),
    sharers: [container('shop/pause', 10, { podUid: 'p1' })],
    mode: 'pod',
    evidence: /the pod shop; its sandbox is shop\/pause; eth0 leads to/,
  },
  {
    what: "a pod's sandbox",
    links: [lo],
    own: container('infra', 10, { podUid: 'p1' }),
    sharers: [container('app', 20, { podUid: 'p1' })],
    mode: 'pod',
    evidence: /its sandbox is this one; no interface but lo/,
  },
  {
    what: 'a container of a pod that has a namespace of its own',
    links: [lo],
    own: container('app', 20, { podUid: 'p1' }),
    mode: 'none',
    evidence: /lo/,
  },
];

for (const { what, links = [], host, isHost = false, own = container('web', 10), sharers = [], ...expected } of modes) {
  test(`mode: ${what}`, () => {
    const found = modeOf(own, isHost, interfacesOf(evidence(links, host, { isHost })), sharers);
    assert.is(found.mode, expected.mode);
    assert.match(found.evidence, expected.evidence);
  });
}

test("the runtime's word where it differs", () => {
  const says = (networkMode: string): Workload =>
    container('a', 20, { details: { runtime: 'docker', id: 'x', name: 'a', networkMode } });
  const web = container('web', 10, { id: 'f00d' });
  assert.is(saidOf(says('bridge'), 'bridge', []), undefined);
  assert.is(saidOf(says('default'), 'bridge', []), undefined);
  assert.is(saidOf(says('frontnet'), 'bridge', []), 'frontnet');
  assert.is(saidOf(says('container:f00d'), 'container:web', [web]), undefined);
  assert.is(saidOf(says('container:f00d'), 'container:db', [web]), 'container:f00d');
  assert.is(saidOf(container('a', 1), 'none', []), undefined);
});

test('what holds it and what it holds is not beside it', () => {
  const all = ['/p', '/p/a', '/p/a/inner', '/p/ab', '/q'].map((path, index) => ({ ...container(path, index), path }));
  const a = all[1] ?? container('', 0);
  assert.equal(
    besides(a, all).map(({ path }) => path),
    ['/p/ab', '/q'],
  );
});

test.run();
