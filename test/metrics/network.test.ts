/** Network figures of rows: each namespace is counted once, however many rows show it. */

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseNetDev } from '../../src/kernel/net-dev.ts';
import { createReadFiles } from '../../src/kernel/read-files.ts';
import { metric } from '../../src/metrics/catalogue.ts';
import { NETWORK_FILE } from '../../src/metrics/files.ts';
import { createNetworkReader } from '../../src/metrics/network.ts';
import { HOST_NETWORK, NO_PROCESS, SEVERAL_NETWORKS } from '../../src/metrics/snapshot.ts';
import { isPartial, networkSharers, sumOf } from '../../src/metrics/totals.ts';
import { usageOf } from '../../src/metrics/usage.ts';
import { MOUNT, withBox } from '../boxes.ts';
import { noWorld, withWorld } from '../network-world.ts';
import { noScratch } from '../scratch-cgroup.ts';
import { skip } from '../skip.ts';
import { isUnavailable, type Row, snapshotOf } from './snapshots.ts';

const row = (path: string, netns: number, bytes: number): Row => ({
  path,
  figures: Object.fromEntries(
    NETWORK_FILE.keys.map((key) => [`/proc/PID/net/dev:${key}`, key === 'netns' ? netns : bytes]),
  ),
});

const RX = 'net_rx_bytes_per_second';

test('rates of every counter, either way', () => {
  const usage = usageOf(snapshotOf(0, [row('/a', 7, 100)]), snapshotOf(2, [row('/a', 7, 500)]));
  for (const way of ['rx', 'tx']) {
    for (const what of ['bytes', 'packets', 'drops', 'errors']) {
      assert.is(usage.value(`net_${way}_${what}_per_second`, 0), 200, `${way} ${what}`);
    }
  }
});

test('the counters of another namespace are no rate', () => {
  const usage = usageOf(snapshotOf(0, [row('/a', 7, 100)]), snapshotOf(1, [row('/a', 8, 500)]));
  isUnavailable(usage.value(RX, 0));
});

test('a namespace that rows share is counted once, and its sharers are known', () => {
  const rows = (bytes: number) => [
    row('/pod', 7, bytes),
    row('/pod/a', 7, bytes),
    row('/b', 7, bytes),
    row('/c', 8, 2 * bytes),
    { path: '/host', figures: {}, errors: { '/proc/PID/net/dev': HOST_NETWORK } },
  ];
  const usage = usageOf(snapshotOf(0, rows(0)), snapshotOf(1, rows(100)));
  assert.is(sumOf(usage, RX, [0, 2, 3, 4]), 300);
  assert.is(sumOf(usage, RX, [1, 2]), 100);
  isUnavailable(sumOf(usage, RX, [4]));
  assert.equal(networkSharers(usage, 1), [2], 'not the pod that holds it');
  assert.equal(networkSharers(usage, 2), [0, 1]);
  assert.equal([networkSharers(usage, 3), networkSharers(usage, 4)], [[], []]);
});

test('a sum of some rows is known as one', () => {
  const rows = (bytes: number): Row[] => [row('/a', 7, bytes), { path: '/unseen', figures: {} }];
  const usage = usageOf(snapshotOf(0, rows(0)), snapshotOf(1, rows(100)));
  assert.is(usage.value(RX, 0), 100);
  assert.is(sumOf(usage, RX, [0, 1]), 100);
  assert.equal(
    [
      isPartial(usage, metric(RX), [0, 1]),
      isPartial(usage, metric(RX), [0]),
      isPartial(usage, metric('cpu_percent'), [1]),
    ],
    [true, false, false],
  );
  isUnavailable(sumOf(usage, RX, [1]));
});

const lacking = noScratch ?? noWorld;
const REAL = "real namespaces: one's own, shared, the host's, several, none";
if (lacking !== undefined) {
  skip(test, REAL, lacking);
} else {
  test(REAL, () =>
    withWorld((world) =>
      withBox(`/tscg-metrics-${process.pid}`, async ({ path }) => {
        const inner = (name: string) => `${path}/${name}`;
        const space = world.addNamespace('m');
        await withBox(inner('a'), (a) =>
          withBox(inner('b'), (b) =>
            withBox(inner('host'), (host) =>
              withBox(inner('empty'), async (empty) => {
                const pid = await world.enter(a, space);
                await world.enter(b, space);
                await host.run('exec sleep 1000');
                const veth = world.name('x');
                world.ip('link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
                world.ip('link', 'set', veth, 'up');
                world.ip('-n', space, 'link', 'set', 'eth0', 'up');
                spawnSync('ip', ['-n', space, 'addr', 'add', '10.215.0.2/24', 'dev', 'eth0']);
                const rows = [a.path, b.path, host.path, path, empty.path].map((one, index) => ({
                  path: one,
                  inode: statSync(MOUNT + one).ino,
                  row: index,
                }));
                const reader = createNetworkReader({ mount: MOUNT, proc: '/proc', readFiles: createReadFiles() });
                const readings = (await reader.read(rows)).sort((one, other) => one.row - other.row);
                assert.equal(
                  readings.map(({ error }) => error),
                  [0, 0, HOST_NETWORK, SEVERAL_NETWORKS, NO_PROCESS],
                );
                const netns = NETWORK_FILE.keys.indexOf('netns');
                assert.is(readings[0]?.counters[netns], readings[1]?.counters[netns]);
                const { rxPackets = 0 } = parseNetDev(readFileSync(`/proc/${pid}/net/dev`, 'utf8')).get('eth0') ?? {};
                const read = readings[0]?.counters[NETWORK_FILE.keys.indexOf('rx_packets')] ?? Number.NaN;
                assert.ok(read <= rxPackets, `${read} of ${rxPackets}`);
              }),
            ),
          ),
        );
      }),
    ),
  );
}

test.run();
