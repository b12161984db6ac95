/** The network of workloads in namespaces that the test makes: real veths, a bridge, a tap, a shared namespace. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createNetworkInspector, type NetworkFacts } from '../../../src/inventory/network/inspect.ts';
import type { Workload } from '../../../src/inventory/workload.ts';
import { loadNative } from '../../../src/kernel/native.ts';
import { parseNetDev } from '../../../src/kernel/net-dev.ts';
import { createReadFiles } from '../../../src/kernel/read-files.ts';
import { type Box, MOUNT, TSCG, withBox } from '../../boxes.ts';
import { noWorld, type World, withWorld } from '../../network-world.ts';
import { noScratch } from '../../scratch-cgroup.ts';
import { skip } from '../../skip.ts';

const PROC = '/proc';
const lacking = noScratch ?? noWorld ?? loadNative().reason;

function onWorld(name: string, run: (world: World) => Promise<void>): void {
  if (lacking === undefined) return void test(name, () => withWorld(run));
  skip(test, name, lacking);
}

const workloadOf = ({ path }: Box): Workload => ({
  path,
  inode: statSync(MOUNT + path).ino,
  name: path.slice(1),
  kind: 'container',
});

const inspector = () => createNetworkInspector({ mount: MOUNT, proc: PROC, readFiles: createReadFiles() });

async function factsOf(box: Box, others: readonly Box[] = []): Promise<NetworkFacts> {
  const own = workloadOf(box);
  const facts = await inspector().inspect(own, [own, ...others.map(workloadOf)]);
  if ('reason' in facts) throw new Error(facts.reason);
  return facts;
}

const boxOf = (suffix: string): string => `/tscg-net-${process.pid}-${suffix}`;

onWorld('a veth on a bridge: both ends, addresses, the same counters as the kernel', (world) =>
  withBox(boxOf('bridged'), async (box) => {
    const space = world.addNamespace('a');
    const [bridge, veth, other] = [world.name('br'), world.name('v'), world.name('w')];
    world.ip('link', 'add', bridge, 'type', 'bridge');
    world.ip('link', 'set', bridge, 'up');
    world.ip('link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    world.ip('link', 'set', veth, 'master', bridge, 'up');
    world.ip('-n', space, 'addr', 'add', '10.213.0.2/24', 'dev', 'eth0');
    world.ip('-n', space, 'addr', 'add', 'fd00:213::2/64', 'dev', 'eth0', 'nodad');
    world.ip('-n', space, 'link', 'set', 'eth0', 'mtu', '1400', 'up');
    // Another namespace whose interface has the same index.
    const colliding = world.addNamespace('c');
    world.ip('link', 'add', other, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', colliding);
    const pid = await world.enter(box, space);

    const [own] = JSON.parse(world.ip('-n', space, '-j', 'link', 'show', 'eth0'));
    const [host] = JSON.parse(world.ip('-j', 'link', 'show', veth));
    const facts = await factsOf(box);
    assert.is(facts.mode, 'bridge');
    assert.is(facts.evidence, `eth0 leads to ${veth}, a port of ${bridge}`);
    assert.is(facts.namespace, statSync(`${PROC}/${pid}/ns/net`).ino);
    assert.equal([facts.unknown, facts.sharedWith, facts.said], [[], [], null]);
    const [lo, eth0] = facts.interfaces;
    assert.equal([lo?.name, lo?.kind, lo?.addresses], ['lo', 'loopback', ['127.0.0.1/8', '::1/128']]);
    assert.equal([eth0?.name, eth0?.kind, eth0?.index, eth0?.mtu], ['eth0', 'veth', own.ifindex, 1400]);
    assert.ok(['10.213.0.2/24', 'fd00:213::2/64'].every((one) => eth0?.addresses.includes(one)));
    const peer = { name: veth, index: host.ifindex, inside: false, master: bridge, masterKind: 'bridge' };
    const { state, ...found } = Object(eth0?.peer);
    assert.equal(found, peer);
    assert.type(state, 'string');

    const counted = facts.interfaces.flatMap(({ name, counters }) => (counters ? [name] : []));
    assert.equal(counted, [...parseNetDev(readFileSync(`${PROC}/${pid}/net/dev`, 'utf8')).keys()]);
  }),
);

onWorld('lo alone, the host, and nobody there', (world) =>
  withBox(boxOf('none'), async (none) =>
    withBox(boxOf('host'), (host) =>
      withBox(boxOf('empty'), async (empty) => {
        await world.enter(none, world.addNamespace('n'));
        await host.run('exec sleep 1000');
        assert.is((await factsOf(none)).mode, 'none');
        const facts = await factsOf(host);
        assert.is(facts.mode, 'host');
        assert.equal(facts.sharedWith, []);
        assert.ok(facts.interfaces.some(({ name }) => name === 'lo'));
        const nobody = await inspector().inspect(workloadOf(empty), []);
        assert.equal(nobody, { reason: 'it has no process whose network could be read' });
      }),
    ),
  ),
);

onWorld('a namespace of two is named from either side, and the older one made it', (world) =>
  withBox(boxOf('first'), async (first) =>
    withBox(boxOf('second'), async (second) => {
      const space = world.addNamespace('s');
      await world.enter(first, space);
      await world.enter(second, space);
      const [maker, joined] = [await factsOf(first, [second]), await factsOf(second, [first])];
      assert.is(maker.mode, 'none');
      assert.equal(maker.sharedWith, [{ name: second.path.slice(1), path: second.path }]);
      assert.is(joined.mode, `container:${first.path.slice(1)}`);
      assert.equal(joined.sharedWith, [{ name: first.path.slice(1), path: first.path }]);
    }),
  ),
);

onWorld('a tap device', (world) =>
  withBox(boxOf('tap'), async (box) => {
    const space = world.addNamespace('t');
    const { status, stderr } = spawnSync('ip', ['-n', space, 'tuntap', 'add', 'tap0', 'mode', 'tap']);
    if (status !== 0) return console.log(`no tap device here: ${stderr}`);
    await world.enter(box, space);
    assert.is((await factsOf(box)).mode, 'tap');
  }),
);

onWorld('threads and descriptors: nothing of ours is in another namespace afterwards', (world) =>
  withBox(boxOf('threads'), async (box) => {
    await world.enter(box, world.addNamespace('d'));
    const spaces = () =>
      new Set(
        execFileSync('sh', ['-c', `readlink ${PROC}/${process.pid}/task/*/ns/net`], { encoding: 'utf8' })
          .trim()
          .split('\n'),
      );
    const descriptors = () => readdirSync(`${PROC}/${process.pid}/fd`);
    const { inspect } = inspector();
    const own = workloadOf(box);
    await inspect(own, [own]);
    const before = descriptors();
    await Promise.all(Array.from({ length: 20 }, () => inspect(own, [own])));
    assert.is(spaces().size, 1);
    // Fewer is no leak: pipes of what made the namespace may close in between.
    assert.equal(
      descriptors().filter((descriptor) => !before.includes(descriptor)),
      [],
    );
  }),
);

onWorld('without privilege: the host side all the same, and what is lacking is said', (world) =>
  withBox(boxOf('nobody'), async (box) => {
    const space = world.addNamespace('u');
    const veth = world.name('u');
    world.ip('link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    world.ip('link', 'set', veth, 'up');
    world.ip('-n', space, 'addr', 'add', '10.214.0.2/24', 'dev', 'eth0');
    world.ip('-n', space, 'link', 'set', 'eth0', 'up');
    await world.enter(box, space);
    const drop = ['--reuid', '65534', '--regid', '65534', '--clear-groups', process.execPath, TSCG];
    const { stdout, stderr } = spawnSync('setpriv', [...drop, 'get', box.path, '--delay', '0.1', '--json'], {
      encoding: 'utf8',
    });
    if (/EACCES|MODULE_NOT_FOUND/.test(stderr)) return console.log('nobody may read this checkout');
    const { network } = JSON.parse(stdout);
    const eth0 = network.interfaces.find(({ name }: { name: string }) => name === 'eth0');
    assert.is(eth0.peer.name, veth);
    assert.ok(eth0.addresses.includes('10.214.0.2/24'));
    assert.equal([eth0.state, eth0.mtu, network.namespace], [null, null, null]);
    assert.match(network.unknown.join('\n'), /kind, state and MTU.*EACCES.*run as root/);
    assert.is(network.mode, 'private');
  }),
);

test.run();
