/** Owners that are reached over a socket: what they are told, against servers of our own. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { RuntimeSocket } from '../../../src/inventory/sockets.ts';
import type { Workload } from '../../../src/inventory/workload.ts';
import type { OwnerName, Write } from '../../../src/limits/model.ts';
import { criOwner } from '../../../src/limits/owners/cri.ts';
import { dockerOwner } from '../../../src/limits/owners/docker.ts';
import { incusOwner } from '../../../src/limits/owners/incus.ts';
import { ownership } from '../../../src/limits/planning/ownership.ts';
import { fakeCri, grpcError } from '../../inventory/runtimes/fake-cri.ts';
import { fakeHttp, json } from '../../inventory/runtimes/fake-http.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { fakeFiles } from '../fake-files.ts';

const ID = 'c203a2647ef1ad78e990157c50331f3b6ef0b03336cf08535d6bf7faa5421415';

const writes = (via: OwnerName, subject: string, after: Readonly<Record<string, string>>): Write[] =>
  Object.entries(after).map(([file, text]) => ({
    ...{ name: 'web', path: '/x', inode: 7, file, before: '', after: text, via, endpoint: '', subject },
  }));

/** An Incus that keeps what it was told. */
async function fakeIncus(status = 200) {
  const told: unknown[] = [];
  const fake = await fakeHttp(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    told.push([request.method, request.url, JSON.parse(body)]);
    if (status === 200) json(response, { type: 'sync', status: 'Success', status_code: 200, metadata: {} });
    else json(response, { type: 'error', error: 'Instance not found', error_code: status }, status);
  });
  return { ...fake, told };
}

test('Incus is told its keys, in one call; no limit is an empty one', async () => {
  const incus = await fakeIncus();
  try {
    const owner = incusOwner(incus.socket, fakeFiles({}));
    const limits = { 'cpu.max': '30000 100000', 'memory.max': '50331648', 'pids.max': '40' };
    await owner.apply(writes('incus', 'web', limits));
    const none = { 'cpu.max': 'max 100000', 'memory.max': 'max', 'pids.max': 'max' };
    await owner.apply(writes('incus', 'my_team/web', none));
    assert.equal(incus.told, [
      [
        'PATCH',
        '/1.0/instances/web?project=default',
        {
          config: { 'limits.cpu.allowance': '30ms/100ms', 'limits.memory': '50331648B', 'limits.processes': '40' },
        },
      ],
      [
        'PATCH',
        '/1.0/instances/web?project=my_team',
        { config: { 'limits.cpu.allowance': '', 'limits.memory': '', 'limits.processes': '' } },
      ],
    ]);
  } finally {
    await incus.close();
  }
});

test('Incus counts milliseconds; the Plan says what it can keep', () => {
  const { keeps, describe, sets } = incusOwner('', fakeFiles({}));
  assert.is(keeps('cpu.max', '12500 100000'), '13000 100000');
  assert.is(keeps('cpu.max', '500 2500'), '20000 100000');
  assert.is(keeps('cpu.max', '10000 20000'), '10000 20000');
  assert.is(keeps('cpu.max', 'max 50000'), 'max 100000');
  assert.is(describe('memory.max', '1000'), 'limits.memory=1000B');
  assert.not(sets('memory.high'));
  assert.not(sets('constructor'));
});

test('what Incus refuses is told with its reason', async () => {
  const incus = await fakeIncus(404);
  try {
    await incusOwner(incus.socket, fakeFiles({})).apply(writes('incus', 'web', { 'pids.max': '40' }));
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /incus config set web: .*HTTP 404: Instance not found/);
  } finally {
    await incus.close();
  }
});

/** A docker that keeps what it was told; one started with --cpus refuses a quota, as docker does. */
async function fakeDocker(NanoCpus: number, error?: string) {
  const told: unknown[] = [];
  const fake = await fakeHttp(async (request, response) => {
    if (request.method === 'GET') return json(response, { HostConfig: { NanoCpus, Memory: 0, MemorySwap: 0 } });
    let body = '';
    for await (const chunk of request) body += chunk;
    told.push(JSON.parse(body));
    const conflict = NanoCpus > 0 && body.includes('CpuQuota') ? 'Conflicting options' : error;
    json(response, conflict ? { message: conflict } : { Warnings: null }, conflict ? 400 : 200);
  });
  return { ...fake, told };
}

test('docker is asked how a container was started only where that matters', async () => {
  const cases = [
    { cpus: 0, file: 'cpu.max', text: '30000 100000', asked: ['update'] },
    { cpus: 1e9, file: 'cpu.max', text: '30000 100000', asked: ['update', 'json', 'update'] },
    { cpus: 0, file: 'memory.max', text: '50331648', asked: ['json', 'update'] },
  ];
  for (const { cpus, file, text, asked } of cases) {
    const docker = await fakeDocker(cpus);
    try {
      await dockerOwner(docker.socket, fakeFiles({})).apply(writes('docker', ID, { [file]: text }));
      assert.equal(
        docker.asked,
        asked.map((word) => `/containers/${ID}/${word}`),
      );
      if (cpus) assert.equal(docker.told.at(-1), { NanoCpus: 3e8 });
    } finally {
      await docker.close();
    }
  }
  const docker = await fakeDocker(0, 'no such CPUs');
  try {
    await dockerOwner(docker.socket, fakeFiles({})).apply(writes('docker', ID, { 'cpuset.cpus': '99' }));
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /docker update c203a2647ef1: .*no such CPUs/);
  } finally {
    await docker.close();
  }
});

test('the CRI is told the limits of a container; no limit is -1', async () => {
  const told: unknown[] = [];
  const cri = await fakeCri({
    UpdateContainerResources: (request: unknown) => {
      told.push(request);
      return {};
    },
  });
  try {
    const owner = criOwner(cri.socket, fakeFiles({}));
    await owner.apply(writes('cri', ID, { 'cpu.max': '30000 100000', 'memory.max': '50331648', 'cpuset.cpus': '0-1' }));
    await owner.apply(writes('cri', ID, { 'cpu.max': 'max 100000', 'memory.max': 'max' }));
    const rest = { cpu_shares: '0', oom_score_adj: '0', cpuset_mems: '' };
    assert.equal(told, [
      {
        container_id: ID,
        linux: {
          ...rest,
          ...{ cpu_period: '100000', cpu_quota: '30000', memory_limit_in_bytes: '50331648', cpuset_cpus: '0-1' },
        },
      },
      {
        container_id: ID,
        linux: { ...rest, cpu_period: '100000', cpu_quota: '-1', memory_limit_in_bytes: '-1', cpuset_cpus: '' },
      },
    ]);
    assert.is(owner.describe('memory.max', '50331648'), 'memory_limit_in_bytes=50331648');
    assert.not(owner.sets('pids.max'));
  } finally {
    await cri.close();
  }
});

test('what the CRI refuses is told with its reason and the way past it', async () => {
  const cri = await fakeCri({
    UpdateContainerResources: () => {
      throw grpcError(5, 'container not found');
    },
  });
  try {
    await criOwner(cri.socket, fakeFiles({})).apply(writes('cri', ID, { 'memory.max': '50331648' }));
    assert.unreachable();
  } catch (error) {
    assert.match(String(error), /crictl update c203a2647ef1: .*container not found.*--via cgroupfs/);
  } finally {
    await cri.close();
  }
});

const folder = temporaryFolder();

const owned = (workload: Omit<Workload, 'inode' | 'name'>, file: string, sockets: readonly RuntimeSocket[]) =>
  ownership({ name: 'web', inode: 7, ...workload }, file, {
    files: fakeFiles({ [`${workload.path}/${file}`]: 'max' }),
    owners: { sockets },
  });

test('a container of the CRI belongs to the containerd that has its state, or to CRI-O', () => {
  const socket = (name: string): string => join(folder, name, 'containerd.sock');
  const sockets: RuntimeSocket[] = [
    { runtime: 'containerd', path: socket('containerd'), state: 'usable' },
    { runtime: 'containerd', path: socket('k3s/containerd'), state: 'usable' },
    { runtime: 'cri-o', path: '/run/crio/crio.sock', state: 'usable' },
  ];
  const container = { kind: 'container', runtime: 'containerd', id: ID, path: `/kubepods/pod1/${ID}` } as const;
  assert.is(owned(container, 'cpu.max', sockets).place.via, 'cgroupfs');
  mkdirSync(join(folder, 'k3s/containerd/io.containerd.runtime.v2.task/k8s.io', ID), { recursive: true });
  const { place, risks } = owned(container, 'cpu.max', sockets);
  assert.equal([place.via, place.endpoint, place.subject], ['cri', socket('k3s/containerd'), ID]);
  assert.is(risks[0]?.level, 'refuse');
  // It has no property for it.
  assert.is(owned(container, 'pids.max', sockets).place.via, 'cgroupfs');
  // Without a kubelet nobody writes it back.
  assert.equal(owned({ ...container, path: `/box/${ID}` }, 'memory.max', sockets).risks, []);
  const crio = owned({ ...container, runtime: 'cri-o', id: 'f'.repeat(64) }, 'cpu.max', sockets);
  assert.is(crio.place.endpoint, '/run/crio/crio.sock');
});

test("an instance of Incus is Incus's though LXC made its cgroup", () => {
  const instance = {
    kind: 'machine',
    runtime: 'lxc',
    path: '/lxc.payload.team_web',
    details: { runtime: 'incus', id: 'team_web', name: 'web', namespace: 'team' },
  } as const;
  const sockets: RuntimeSocket[] = [{ runtime: 'incus', path: '/var/lib/incus/unix.socket', state: 'usable' }];
  const { place, notes, risks } = owned(instance, 'memory.max', sockets);
  assert.equal([place.via, place.endpoint, place.subject], ['incus', '/var/lib/incus/unix.socket', 'team/web']);
  assert.match(notes.join(), /over its restart and a reboot.*memory\.swap\.max/);
  assert.equal(risks, []);
  assert.match(owned(instance, 'memory.max', []).risks[0]?.text ?? '', /incus config set web limits\.memory=VALUE/);
  const { details: _, ...unknown } = instance;
  assert.is(owned(unknown, 'memory.max', sockets).place.via, 'cgroupfs');
});

test.run();
