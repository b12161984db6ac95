/** The docker client against a fake that says what docker 20.10 said in the guest. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { dockerInspected, dockerListed } from '../../../src/inventory/runtimes/docker.ts';
import { openRuntimes, type Runtimes } from '../../../src/inventory/runtimes/runtimes.ts';
import { changes, dirtyText, event, type FakeEngine, fakeEngine, object, recorded } from './engines.ts';

const RECORDING = 'docker-20.10.json';
const idOf = (name: string): string => {
  const { inspect } = recorded(RECORDING);
  const [id] = Object.entries(inspect).find(([, one]) => object(one).Name === `/${name}`) ?? [];
  if (id === undefined) throw new Error(`no ${name} in the recording`);
  return id;
};
const WEB = idOf('web');
const JOINED = idOf('joined');
const SICK = idOf('sick');

function open(
  fake: FakeEngine,
  more: { watch?: boolean; timeoutMs?: number; onChange?(id: string): void } = {},
): Runtimes {
  return openRuntimes({
    watch: false,
    ...more,
    sockets: () => [{ runtime: 'docker', path: fake.socket, state: 'usable' }],
  });
}

test('what docker told of a composed, healthy container', async () => {
  const fake = await fakeEngine(recorded(RECORDING));
  const runtimes = open(fake);
  await runtimes.refresh();
  const overlay = '/var/lib/docker/overlay2/7075ff96f64064e82cd89091c4f061c0b61c09cf722ee26e851fa3158cb7ec15';
  assert.equal(runtimes.details(WEB), {
    runtime: 'docker',
    id: WEB,
    name: 'web',
    image: 'docker.io/library/busybox:latest',
    labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'web' },
    composeProject: 'shop',
    composeService: 'web',
    created: Date.parse('2026-11-25T02:46:00.518Z'),
    state: 'running',
    restartCount: 0,
    health: 'healthy',
    networkMode: 'bridge',
    ipAddresses: ['172.17.0.2'],
    storageDriver: 'overlay2',
    rootfs: `${overlay}/merged`,
    upperDir: `${overlay}/diff`,
    lowerDirs: [
      `${overlay}-init/diff`,
      '/var/lib/docker/overlay2/82f8406de71a258ca364d9e994e6b0501d302b5746b759a48d1c6f7875432873/diff',
    ],
    initPid: 407,
  });
  assert.is(runtimes.details(JOINED)?.networkMode, `container:${WEB}`);
  assert.equal(runtimes.statuses()[0], {
    runtime: 'docker',
    endpoint: fake.socket,
    state: 'ok',
    detail: 'Docker 20.10.24+dfsg1 (API 1.41)',
  });
  assert.ok(fake.asked.slice(1).every((path) => path.startsWith('/v1.41/')));
  runtimes.close();
  await fake.close();
});

test('every recorded document is read, the stopped one too', () => {
  for (const [id, document] of Object.entries(recorded(RECORDING).inspect)) {
    assert.is(dockerInspected(document)?.id, id);
  }
  assert.is(dockerInspected(recorded(RECORDING).inspect[SICK])?.state, 'exited');
  assert.is(dockerInspected(recorded(RECORDING).inspect[SICK])?.initPid, undefined);
});

test('a name is the one without a second slash; cri-dockerd names are pod/container', () => {
  const [entry] = recorded(RECORDING).list;
  assert.is(dockerListed({ ...entry, Names: ['/web/db', '/db'] })?.name, 'db');
  const labels = {
    'io.kubernetes.pod.name': 'api-0',
    'io.kubernetes.container.name': 'api',
    'io.kubernetes.pod.namespace': 'prod',
    'io.kubernetes.pod.uid': 'u-1',
  };
  const details = dockerListed({ ...entry, Names: ['/k8s_api_api-0_prod_u-1_0'], Labels: labels });
  assert.is(details?.name, 'api-0/api');
  assert.is(details?.namespace, 'prod');
  assert.is(details?.podUid, 'u-1');
});

test('a malformed container costs that one only', async () => {
  const says = recorded(RECORDING);
  says.list.push({ Id: 17 }, { Id: '../../etc', Names: ['/x'] }, { Id: 'f'.repeat(64), Names: [] });
  says.inspect[JOINED] = ['nonsense'];
  const fake = await fakeEngine(says);
  const runtimes = open(fake);
  await runtimes.refresh();
  assert.is(runtimes.details(WEB)?.health, 'healthy');
  /** What the list told of it stays. */
  assert.is(runtimes.details(JOINED)?.name, 'joined');
  assert.is(runtimes.details(JOINED)?.restartCount, undefined);
  assert.is(runtimes.statuses()[0]?.state, 'ok');
  assert.match(runtimes.statuses()[0]?.detail ?? '', '1 without details');
  runtimes.close();
  await fake.close();
});

test('a container that hangs costs that one only', async () => {
  const fake = await fakeEngine(recorded(RECORDING));
  fake.hanging.add(JOINED);
  const runtimes = open(fake, { timeoutMs: 300 });
  await runtimes.refresh();
  assert.is(runtimes.details(WEB)?.health, 'healthy');
  assert.is(runtimes.details(JOINED)?.name, 'joined');
  assert.is(runtimes.statuses()[0]?.state, 'ok');
  assert.match(runtimes.statuses()[0]?.detail ?? '', '1 without details');
  runtimes.close();
  await fake.close();
});

test('a started container is known from its event, a renamed one too, a destroyed one is gone', async () => {
  const says = recorded(RECORDING);
  const [joined] = says.list.splice(0, 1);
  const fake = await fakeEngine(says);
  const { onChange, until } = changes();
  const runtimes = open(fake, { watch: true, onChange });
  await fake.events.opened(1);
  await until(() => runtimes.details(WEB)?.health === 'healthy');
  assert.is(runtimes.details(JOINED), undefined);

  if (joined) says.list.push(joined);
  fake.emit(event('exec_start: sh', JOINED));
  fake.emit(event('start', JOINED));
  await until(() => runtimes.details(JOINED)?.initPid === 710);

  says.inspect[WEB] = { ...object(says.inspect[WEB]), Name: '/shop' };
  fake.emit('no event');
  fake.emit({ Type: 'network', Action: 'start', Actor: { ID: WEB } });
  fake.emit(event('rename', WEB));
  await until(() => runtimes.details(WEB)?.name === 'shop');

  fake.emit(event('destroy', WEB));
  await until(() => runtimes.details(WEB) === undefined);

  Reflect.deleteProperty(says.inspect, JOINED);
  fake.emit(event('die', JOINED));
  await until(() => runtimes.details(JOINED) === undefined);
  runtimes.close();
  await fake.close();
});

test('a stream that breaks is opened again, and what was missed is asked for', async () => {
  const fake = await fakeEngine(recorded(RECORDING));
  const { onChange, until } = changes();
  const runtimes = open(fake, { watch: true, onChange });
  await fake.events.opened(1);
  await until(() => runtimes.details(WEB)?.health === 'healthy');
  fake.says.inspect[WEB] = { ...object(fake.says.inspect[WEB]), RestartCount: 3 };
  for (const stream of fake.events.open) stream.destroy();
  await fake.events.opened(2);
  await until(() => runtimes.details(WEB)?.restartCount === 3);
  runtimes.close();
  await fake.close();
});

test('podman behind the socket of docker is left to its own client', async () => {
  const fake = await fakeEngine({ ...recorded(RECORDING), version: recorded('podman-4.3.json').version });
  const runtimes = open(fake);
  await runtimes.refresh();
  assert.is(runtimes.details(WEB), undefined);
  assert.is(runtimes.statuses()[0]?.state, 'absent');
  runtimes.close();
  await fake.close();
});

/** `String` throws for some of what fast-check makes. */
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

test('no control characters get through, whatever is where', () => {
  const { list, inspect } = recorded(RECORDING);
  const poison = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b]0;x\u0007', 'a\u202eb', '\r\n', '\ud800', '\u009b2J'),
    fc.anything(),
  );
  const paths = [
    'Names',
    'Name',
    'Image',
    'State',
    'Labels',
    'Created',
    'Config',
    'Driver',
    'GraphDriver',
    'HostConfig',
    'NetworkSettings',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...paths),
      poison,
      fc.dictionary(fc.string({ unit: 'binary' }), poison),
      (key, value, labels) => {
        const base = { Id: WEB, Labels: labels, Names: [`/${text(value)}`], Config: { Labels: labels, Image: value } };
        const driver = { Name: value, Data: { UpperDir: `/${text(value)}`, LowerDir: `/a:/${text(value)}` } };
        for (const record of [
          dockerListed({ ...list[0], ...base }),
          dockerListed({ ...list[0], [key]: value }),
          dockerInspected({
            ...object(inspect[WEB]),
            ...base,
            Name: value,
            GraphDriver: driver,
            NetworkSettings: { IPAddress: value },
          }),
          dockerInspected({ ...object(inspect[WEB]), [key]: value }),
        ]) {
          assert.is(dirtyText(record), undefined);
        }
      },
    ),
  );
});

test.run();
