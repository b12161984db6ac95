/** The podman client against a fake that says what podman 4.3 said in the guest. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { podmanInspected, podmanListed, podmanPod } from '../../../src/inventory/runtimes/podman.ts';
import { openRuntimes, type Runtimes } from '../../../src/inventory/runtimes/runtimes.ts';
import { changes, dirtyText, event, type FakeEngine, fakeEngine, object, recorded, rootless } from './engines.ts';

const RECORDING = 'podman-4.3.json';
const idOf = (name: string): string => {
  const [id] = Object.entries(recorded(RECORDING).inspect).find(([, one]) => object(one).Name === name) ?? [];
  if (id === undefined) throw new Error(`no ${name} in the recording`);
  return id;
};
const DB = idOf('db');
const IN_POD = idOf('inpod');
const EXITED = idOf('newname');
const POD = '15b6414fbe81f0746f92115eb8302a37db63a666aab338e0bd177bcfe7db832f';

function open(fake: FakeEngine, more: { watch?: boolean; uid?: number; onChange?(id: string): void } = {}): Runtimes {
  const { uid, ...options } = more;
  return openRuntimes({
    watch: false,
    ...options,
    sockets: () => [{ runtime: 'podman', path: fake.socket, state: 'usable', ...(uid !== undefined && { uid }) }],
  });
}

test('what podman told of a container of crun', async () => {
  const fake = await fakeEngine(recorded(RECORDING));
  const runtimes = open(fake);
  await runtimes.refresh();
  const storage = '/var/lib/containers/storage/overlay';
  const layer = `${storage}/01c616dc2278aa49cf8f5aeb08c9c80d7fc0c69bbb1ff680721735d59137ff63`;
  assert.equal(runtimes.details(DB), {
    runtime: 'podman',
    id: DB,
    name: 'db',
    image: 'docker.io/library/busybox:latest',
    labels: { 'io.podman.compose.project': 'shop', tier: 'data' },
    composeProject: 'shop',
    created: Date.parse('2026-11-25T02:42:42.389Z'),
    state: 'running',
    restartCount: 0,
    networkMode: 'none',
    storageDriver: 'overlay',
    rootfs: `${layer}/merged`,
    upperDir: `${layer}/diff`,
    lowerDirs: [`${storage}/4886bd99f6b075d5949ce64cb3794f08ecc065d712e353e5ee0d50ef44616d14/diff`],
    initPid: 735,
    cgroupPath: `/machine.slice/libpod-${DB}.scope`,
  });
  assert.is(runtimes.statuses()[0]?.detail.split(',')[0], 'Podman 4.3.1');
  assert.ok(fake.asked.slice(1).every((path) => path.startsWith('/v4.3.1/libpod/')));
  runtimes.close();
  await fake.close();
});

test('a pod is known by its own id, and names its containers', async () => {
  const fake = await fakeEngine(recorded(RECORDING));
  const runtimes = open(fake);
  await runtimes.refresh();
  assert.equal(runtimes.details(POD), { runtime: 'podman', id: POD, name: 'thepod', pod: 'thepod', podUid: POD });
  assert.is(runtimes.details(IN_POD)?.pod, 'thepod');
  assert.is(runtimes.details(IN_POD)?.podUid, POD);
  runtimes.close();
  await fake.close();
});

test('what has exited has no cgroup and is not asked for', async () => {
  const fake = await fakeEngine(recorded(RECORDING));
  const runtimes = open(fake);
  await runtimes.refresh();
  assert.is(runtimes.details(EXITED), undefined);
  assert.not(fake.asked.some((path) => path.includes(EXITED)));
  assert.is(podmanInspected(recorded(RECORDING).inspect[EXITED])?.state, 'exited');
  runtimes.close();
  await fake.close();
});

test('a user’s podman carries the uid, and is believed for nobody else', async () => {
  const { list, inspect } = rootless();
  const id = String(inspect.Id);
  const fake = await fakeEngine({ ...recorded(RECORDING), list, inspect: { [id]: inspect } });
  const runtimes = open(fake, { uid: 1000 });
  await runtimes.refresh();
  assert.is(runtimes.details(id, 1000)?.name, 'alicebox');
  assert.is(runtimes.details(id, 1000)?.uid, 1000);
  assert.is(runtimes.details(id, 1000)?.storageDriver, 'vfs');
  assert.match(runtimes.details(id, 1000)?.cgroupPath ?? '', '/user.slice/user-1000.slice/');
  for (const uid of [undefined, 1001]) assert.is(runtimes.details(id, uid), undefined);
  runtimes.close();
  await fake.close();
});

test('the recorded events: created, started, renamed, removed', async () => {
  const says = recorded(RECORDING);
  const listed = says.list.splice(0);
  const fake = await fakeEngine(says);
  const { onChange, until } = changes();
  const runtimes = open(fake, { watch: true, onChange });
  await fake.events.opened(1);
  says.list.push(...listed);
  for (const one of says.events) fake.emit(one);
  /** Its pod has a name only in the list: it is asked for. */
  await until(() => runtimes.details(IN_POD)?.pod === 'thepod');
  says.inspect[DB] = { ...object(says.inspect[DB]), Name: 'db2' };
  fake.emit(event('rename', DB));
  await until(() => runtimes.details(DB)?.name === 'db2');
  fake.emit(event('remove', DB));
  await until(() => runtimes.details(DB) === undefined);
  runtimes.close();
  await fake.close();
});

test('what is not podman is not believed', async () => {
  for (const version of [{}, [], { Components: [{ Name: 'Engine', Details: { APIVersion: '4.3.1' } }] }, null]) {
    const fake = await fakeEngine({ ...recorded(RECORDING), version });
    const runtimes = open(fake);
    await runtimes.refresh();
    assert.is(runtimes.statuses()[0]?.state, 'failing');
    assert.is(fake.asked.length, 1);
    runtimes.close();
    await fake.close();
  }
  /** The version becomes part of a path. */
  const evil = { Components: [{ Name: 'Podman Engine', Details: { APIVersion: '4.3.1/../../x' } }] };
  const fake = await fakeEngine({ ...recorded(RECORDING), version: evil });
  const runtimes = open(fake);
  await runtimes.refresh();
  assert.equal(fake.asked, ['/version']);
  runtimes.close();
  await fake.close();
});

test('no control characters get through, whatever is where', () => {
  const { list, inspect } = recorded(RECORDING);
  const document = object(inspect[IN_POD]);
  const poison = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b]0;x\u0007', 'a\u202eb', '\r\n', '\ud800', '\u009b2J'),
    fc.anything(),
  );
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys({ ...list[0], ...document })), poison, (key, value) => {
      const entry = { ...list[0], [key]: value };
      for (const record of [
        podmanListed(entry),
        podmanListed({ ...entry, Names: [value], Labels: { a: value }, PodName: value }),
        podmanPod({ ...entry, PodName: value }),
        podmanInspected({ ...document, [key]: value }),
        podmanInspected({
          ...document,
          Name: value,
          State: { Status: value, CgroupPath: value, Health: { Status: value } },
        }),
      ]) {
        assert.is(dirtyText(record), undefined);
      }
    }),
  );
});

test.run();
