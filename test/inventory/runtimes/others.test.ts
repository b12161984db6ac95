/** Incus, libvirt, and the sockets that are found. */

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { incusInstance, incusState } from '../../../src/inventory/runtimes/incus.ts';
import { parseDomainStatus } from '../../../src/inventory/runtimes/libvirt.ts';
import { openRuntimes } from '../../../src/inventory/runtimes/runtimes.ts';
import { findSockets } from '../../../src/inventory/sockets.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { dirtyText } from './engines.ts';
import { fakeHttp, json } from './fake-http.ts';

const root = temporaryFolder();

test('instances of Incus, in projects, with pid and addresses', async () => {
  const instances = [
    {
      name: 'web',
      status: 'Running',
      type: 'container',
      project: 'default',
      created_at: '2026-11-25T02:46:00Z',
      config: { 'image.description': 'Debian 12' },
    },
    { name: 'db', status: 'Frozen', project: 'shop' },
    { name: 'off', status: 'Stopped', project: 'default' },
    { name: 7, status: 'Running' },
  ];
  const addresses = [
    { family: 'inet', address: '10.1.2.3', scope: 'global' },
    { family: 'inet6', address: 'fe80::1', scope: 'link' },
  ];
  const fake = await fakeHttp((request, response) => {
    const path = request.url ?? '';
    if (path === '/1.0') json(response, { metadata: { environment: { server: 'incus', server_version: '6.0.4' } } });
    else if (path.startsWith('/1.0/instances?')) json(response, { metadata: instances });
    else if (path.startsWith('/1.0/instances/web/state?project=default')) {
      json(response, { metadata: { pid: 1234, network: { eth0: { addresses }, lo: null } } });
    } else json(response, { error: 'not found' }, 404);
  });
  const runtimes = openRuntimes({
    watch: false,
    sockets: () => [{ runtime: 'incus', path: fake.socket, state: 'usable' }],
  });
  await runtimes.refresh();
  assert.equal(runtimes.details('web'), {
    runtime: 'incus',
    id: 'web',
    name: 'web',
    image: 'Debian 12',
    created: Date.parse('2026-11-25T02:46:00Z'),
    state: 'running',
    initPid: 1234,
    ipAddresses: ['10.1.2.3'],
  });
  assert.is(runtimes.details('shop_db')?.name, 'db');
  assert.is(runtimes.details('off'), undefined);
  assert.match(runtimes.statuses()[0]?.detail ?? '', /^incus 6\.0\.4/);
  runtimes.close();
  await fake.close();
});

test('machines of libvirt, from the files of its driver', async () => {
  const folder = join(root, 'run/libvirt');
  mkdirSync(join(folder, 'qemu'), { recursive: true });
  const status = (name: string): string => `<!-- managed -->
<domstatus state='running' reason='booted' pid='4242'>
  <monitor path='/var/lib/libvirt/qemu/domain-3-web/monitor.sock' type='unix'/>
  <domain type='kvm' id='3'>
    <name>${name}</name>
    <uuid>0f6bd2b0-3b1b-4d0c-8c4e-0f6bd2b03b1b</uuid>
    <title>R&amp;D&lt;1&gt;</title>
  </domain>
</domstatus>`;
  writeFileSync(join(folder, 'qemu/web.xml'), status('web'));
  writeFileSync(join(folder, 'qemu/broken.xml'), '<domstatus');
  writeFileSync(join(folder, 'qemu/web.pid'), '4242');
  const path = join(folder, 'libvirt-sock');
  writeFileSync(path, '');
  const runtimes = openRuntimes({ watch: false, sockets: () => [{ runtime: 'libvirt', path, state: 'usable' }] });
  await runtimes.refresh();
  assert.equal(runtimes.details('web'), {
    runtime: 'libvirt',
    id: 'web',
    name: 'web',
    description: 'R&D<1>',
    state: 'running',
    initPid: 4242,
  });
  runtimes.close();
});

test('sockets of the system and of users; podman’s behind docker’s path and links of users are left out', async () => {
  const base = join(root, 'found');
  const own = join(base, 'run/user/4242');
  for (const folder of ['run/podman', 'run/user/77/podman', 'run/user/4242/podman']) {
    mkdirSync(join(base, folder), { recursive: true });
  }
  const servers = await Promise.all(
    ['run/podman/podman.sock', 'run/user/4242/podman/podman.sock'].map(async (path) => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(join(base, path), resolve));
      return server;
    }),
  );
  symlinkSync(join(base, 'run/podman/podman.sock'), join(base, 'run/docker.sock'));
  symlinkSync(join(base, 'run/podman/podman.sock'), join(base, 'run/user/77/podman/podman.sock'));
  const found = findSockets(base, own);
  assert.equal(
    found.map(({ runtime, path, uid }) => [runtime, path.slice(base.length), uid]),
    [
      ['podman', '/run/podman/podman.sock', undefined],
      ['podman', '/run/user/4242/podman/podman.sock', process.getuid?.()],
    ],
  );
  assert.equal(findSockets(join(root, 'nowhere'), ''), []);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

test('no control characters get through, whatever is where', () => {
  const poison = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b]0;x\u0007', 'a\u202eb', '\r\n'),
    fc.anything(),
  );
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  fc.assert(
    fc.property(poison, poison, (value, other) => {
      for (const record of [
        incusInstance({ name: value, status: 'Running', project: other, config: { 'image.description': value } }),
        incusInstance({ name: 'a', status: other, description: value }),
        incusState({
          metadata: { pid: value, network: { eth0: { addresses: [{ scope: 'global', address: value }] } } },
        }),
        parseDomainStatus(
          `<domstatus state='${text(value)}' pid='1'><domain type='kvm'><name>${text(other)}</name></domain>`,
        ),
      ]) {
        assert.is(dirtyText(record), undefined);
      }
    }),
  );
});

test.run();
