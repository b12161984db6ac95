/** The CRI client against a gRPC server of our own, and what it makes of messages of any shape. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { at } from '../../../src/inventory/names/json.ts';
import {
  cgroupPath,
  criContainer,
  criContainerStatus,
  criPod,
  criSandbox,
  criSandboxStatus,
} from '../../../src/inventory/runtimes/cri-parse.ts';
import { openRuntimes, type Runtimes } from '../../../src/inventory/runtimes/runtimes.ts';
import { dirtyText, type Json } from './engines.ts';
import { CRI_METHODS, type FakeCri, fakeCri, grpcError, hangingCri } from './fake-cri.ts';
import { fakePlain, freshSocket } from './fake-http.ts';

const SANDBOX = 'a'.repeat(64);
const CONTAINER = 'b'.repeat(64);
const UID = '0f6bd2b0-3b1b-4d0c-8c4e-0f6bd2b03b1b';

const pod = (more: Json = {}): Json => ({
  id: SANDBOX,
  metadata: { name: 'api-0', uid: UID, namespace: 'prod', attempt: 0 },
  state: 'SANDBOX_READY',
  created_at: '1795574760518000000',
  labels: { app: 'api', 'io.kubernetes.pod.name': 'api-0' },
  ...more,
});
const container = (more: Json = {}): Json => ({
  id: CONTAINER,
  pod_sandbox_id: SANDBOX,
  metadata: { name: 'server', attempt: 2 },
  image: { image: 'sha256:9cbea7dd' },
  state: 'CONTAINER_RUNNING',
  created_at: '1795574761000000000',
  labels: { 'io.kubernetes.container.name': 'server' },
  ...more,
});
const answers = (): Record<string, unknown> => ({
  Version: { version: '0.1.0', runtime_name: 'containerd', runtime_version: '1.6.20', runtime_api_version: 'v1' },
  ListPodSandbox: { items: [pod()] },
  PodSandboxStatus: {
    status: {
      id: SANDBOX,
      network: { ip: '10.88.0.7', additional_ips: [{ ip: '2001:db8::7' }] },
      linux: { namespaces: { options: { network: 'POD' } } },
    },
    info: { info: JSON.stringify({ pid: 1200, snapshotter: 'overlayfs' }) },
  },
  ListContainers: { containers: [container()] },
  ContainerStatus: {
    status: { id: CONTAINER, image: { image: 'docker.io/library/api:1.2' } },
    info: {
      info: JSON.stringify({
        pid: 1234,
        snapshotter: 'overlayfs',
        runtimeSpec: {
          root: { path: 'rootfs' },
          linux: { cgroupsPath: `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice:cri-containerd:${CONTAINER}` },
        },
      }),
    },
  },
});

const open = (fake: { socket: string }, timeoutMs = 2000): Runtimes =>
  openRuntimes({
    watch: false,
    timeoutMs,
    sockets: () => [{ runtime: 'containerd', path: fake.socket, state: 'usable' }],
  });

async function refreshed(fake: FakeCri): Promise<Runtimes> {
  const runtimes = open(fake);
  await runtimes.refresh();
  return runtimes;
}

test('a pod, its sandbox and its container', async () => {
  const fake = await fakeCri(answers());
  const runtimes = await refreshed(fake);
  const slice = `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
  assert.equal(runtimes.details(CONTAINER), {
    runtime: 'containerd',
    id: CONTAINER,
    name: 'api-0/server',
    image: 'docker.io/library/api:1.2',
    labels: { 'io.kubernetes.container.name': 'server' },
    pod: 'api-0',
    podUid: UID,
    namespace: 'prod',
    containerName: 'server',
    created: 1795574761000,
    state: 'running',
    restartCount: 2,
    networkMode: 'pod',
    ipAddresses: ['10.88.0.7', '2001:db8::7'],
    storageDriver: 'overlayfs',
    initPid: 1234,
    cgroupPath: `/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${CONTAINER}.scope`,
  });
  assert.is(runtimes.details(SANDBOX)?.name, 'api-0/pause');
  assert.is(runtimes.details(SANDBOX)?.initPid, 1200);
  assert.is(runtimes.details(UID)?.name, 'api-0');
  assert.is(runtimes.details(UID)?.namespace, 'prod');
  assert.is(runtimes.statuses()[0]?.detail, 'containerd 1.6.20 (CRI)');
  runtimes.close();
  await fake.close();
});

test('only what is new is asked for in detail, and what is gone is forgotten', async () => {
  const fake = await fakeCri(answers());
  const runtimes = await refreshed(fake);
  await runtimes.refresh();
  assert.equal(
    CRI_METHODS.map((name) => fake.asked.filter((asked) => asked === name).length),
    [2, 2, 1, 2, 1, 0],
  );
  assert.is(runtimes.details(CONTAINER)?.image, 'docker.io/library/api:1.2');
  fake.says.ListContainers = { containers: [] };
  await runtimes.refresh();
  assert.is(runtimes.details(CONTAINER), undefined);
  assert.is(runtimes.details(SANDBOX)?.ipAddresses?.[0], '10.88.0.7');
  runtimes.close();
  await fake.close();
});

test('a container that is malformed, gone or silent costs that one only', async () => {
  const says = answers();
  const others = ['c', 'd', 'e'].map((letter) => letter.repeat(64));
  says.ListContainers = {
    containers: [
      container(),
      ...others.map((id) => container({ id, metadata: { name: id.slice(0, 3), attempt: 0 } })),
      container({ id: '../x' }),
      container({ id: 'f'.repeat(64), metadata: { name: '', attempt: 0 } }),
    ],
  };
  const good = says.ContainerStatus;
  says.ContainerStatus = (request: unknown) => {
    const id = at(request, 'container_id');
    if (id === others[0]) throw grpcError(5, 'not found');
    if (id === others[1]) throw grpcError(13, 'panic');
    if (id === others[2]) return { status: {}, info: { info: '{"pid":' } };
    return good;
  };
  const fake = await fakeCri(says);
  const runtimes = await refreshed(fake);
  assert.is(runtimes.details(CONTAINER)?.initPid, 1234);
  assert.is(runtimes.details(others[0] ?? ''), undefined);
  assert.is(runtimes.details(others[1] ?? '')?.name, 'api-0/ddd');
  assert.is(runtimes.details(others[2] ?? '')?.initPid, undefined);
  assert.is(runtimes.details('f'.repeat(64)), undefined);
  assert.is(runtimes.statuses()[0]?.state, 'ok');
  runtimes.close();
  await fake.close();
});

test('a runtime without the CRI, a hanging one, a dead one, one that speaks something else', async () => {
  const without = await fakeCri({});
  const noCri = await refreshed(without);
  assert.is(noCri.statuses()[0]?.state, 'absent');
  assert.match(noCri.statuses()[0]?.remedy ?? '', 'disabled_plugins');
  noCri.close();
  await without.close();

  for (const fake of [
    await hangingCri(),
    await fakePlain(() => undefined),
    await fakePlain((connection) => connection.end('noise')),
    { socket: '/etc/hostname', close: async () => undefined },
  ]) {
    const runtimes = open(fake, 500);
    await runtimes.refresh();
    assert.is(runtimes.statuses()[0]?.state, 'failing');
    assert.ok((runtimes.statuses()[0]?.detail ?? '').length > 0);
    runtimes.close();
    await fake.close();
  }

  const nothing = open({ socket: freshSocket() });
  await nothing.refresh();
  assert.is(nothing.statuses()[0]?.state, 'absent');
  nothing.close();
});

test('systemd’s slice:prefix:id is a scope in nested slices', () => {
  const cases: readonly [unknown, string | undefined][] = [
    ['/kubepods/burstable/podX/ID', '/kubepods/burstable/podX/ID'],
    ['system.slice:cri-containerd:ID', '/system.slice/cri-containerd-ID.scope'],
    ['a-b-c.slice:crio:ID', '/a.slice/a-b.slice/a-b-c.slice/crio-ID.scope'],
    ['a.slice::ID', '/a.slice/ID.scope'],
    ['relative', undefined],
    ['', undefined],
    [7, undefined],
  ];
  for (const [value, path] of cases) assert.is(cgroupPath(value), path, String(value));
});

test('no control characters get through, whatever is where', () => {
  const poison = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b]0;x\u0007', 'a\u202eb', '\r\n', '\ud800', '/\u009b2J'),
    fc.anything(),
  );
  fc.assert(
    fc.property(poison, poison, (value, other) => {
      const sandbox = criSandbox(
        'containerd',
        pod({ metadata: { name: value, uid: other, namespace: value }, labels: { a: value } }),
      );
      const info = {
        info: { info: JSON.stringify({ pid: 1, snapshotter: value, runtimeSpec: { root: { path: value } } }) },
      };
      for (const record of [
        sandbox,
        sandbox && criPod(sandbox),
        criContainer(
          'containerd',
          container({ metadata: { name: value }, state: other, image: { image: value } }),
          () => sandbox,
        ),
        criSandboxStatus({ status: { network: { ip: value, additional_ips: [{ ip: other }] } }, ...info }),
        criContainerStatus({ status: { image: { image: value } }, ...info }),
        criContainer('containerd', value, () => undefined),
      ]) {
        assert.is(dirtyText(record), undefined);
      }
    }),
  );
});

test.run();
