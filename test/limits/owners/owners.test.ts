import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { identify } from '../../../src/inventory/identity.ts';
import type { RuntimeSocket } from '../../../src/inventory/sockets.ts';
import type { Workload } from '../../../src/inventory/workload.ts';
import { NO_LIMIT } from '../../../src/kernel/value.ts';
import type { OwnerOptions, Write } from '../../../src/limits/model.ts';
import { dockerOwner, updateOf } from '../../../src/limits/owners/docker.ts';
import { podmanOwner } from '../../../src/limits/owners/podman.ts';
import { systemdOwner } from '../../../src/limits/owners/systemd.ts';
import { ownership } from '../../../src/limits/planning/ownership.ts';
import { fakeHttp, json } from '../../inventory/runtimes/fake-http.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { fakeFiles } from '../fake-files.ts';
import { boxOf } from '../typed.ts';

const ID = 'c203a2647ef1ad78e990157c50331f3b6ef0b03336cf08535d6bf7faa5421415';

const SOCKETS: readonly RuntimeSocket[] = [
  { runtime: 'docker', path: '/run/docker.sock', state: 'usable' },
  { runtime: 'podman', path: '/run/podman/podman.sock', state: 'usable' },
  { runtime: 'podman', path: '/run/user/1000/podman/podman.sock', state: 'usable', uid: 1000 },
  { runtime: 'systemd', path: '/run/dbus/system_bus_socket', state: 'usable' },
  { runtime: 'systemd', path: '/run/user/1000/bus', state: 'usable', uid: 1000 },
];

const SYSTEMD_ALONE = SOCKETS.filter(({ runtime }) => runtime === 'systemd');

const USER = '/user.slice/user-1000.slice/user@1000.service';

const workload = (path: string): Workload => ({ ...identify(path), path, inode: 7, name: 'web' });

function owned(path: string, file: string, options: Partial<OwnerOptions> = {}) {
  const { place, risks, notes } = ownership(workload(path), file, {
    files: fakeFiles({ [`${path}/${file}`]: 'max' }),
    owners: { sockets: SOCKETS, ...options },
  });
  return { ...place, risks, notes };
}

test('the owner is whoever made the cgroup, and where it is reached', () => {
  const table: readonly [path: string, file: string, via: string, endpoint: string, subject: string][] = [
    [`/system.slice/docker-${ID}.scope`, 'memory.max', 'docker', '/run/docker.sock', ID],
    [`/docker/${ID}`, 'pids.max', 'docker', '/run/docker.sock', ID],
    [`/system.slice/docker-${ID}.scope`, 'memory.high', 'systemd', '/run/dbus/system_bus_socket', `docker-${ID}.scope`],
    [`/docker/${ID}`, 'memory.high', 'cgroupfs', '', ''],
    [`/machine.slice/libpod-${ID}.scope`, 'cpu.max', 'podman', '/run/podman/podman.sock', ID],
    [
      `/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`,
      'cpu.max',
      'podman',
      '/run/user/1000/podman/podman.sock',
      ID,
    ],
    ['/system.slice/nginx.service', 'cpu.max', 'systemd', '/run/dbus/system_bus_socket', 'nginx.service'],
    [
      '/system.slice/system-getty.slice/getty@tty1.service',
      'memory.max',
      'systemd',
      '/run/dbus/system_bus_socket',
      'getty@tty1.service',
    ],
    [
      '/user.slice/user-1000.slice/user@1000.service/app.slice/us.service',
      'memory.max',
      'systemd',
      '/run/user/1000/bus',
      'us.service',
    ],
    [
      '/user.slice/user-1000.slice/user@1000.service',
      'memory.max',
      'systemd',
      '/run/dbus/system_bus_socket',
      'user@1000.service',
    ],
    [
      '/user.slice/user-1000.slice/session-18.scope',
      'memory.max',
      'systemd',
      '/run/dbus/system_bus_socket',
      'session-18.scope',
    ],
    ['/machine.slice/machine-box.scope', 'memory.max', 'systemd', '/run/dbus/system_bus_socket', 'machine-box.scope'],
    ['/lxc.payload.box', 'memory.max', 'cgroupfs', '', ''],
    ['/box', 'memory.max', 'cgroupfs', '', ''],
    ['/system.slice/nginx.service/worker', 'memory.max', 'cgroupfs', '', ''],
    // Systemd's own names for directories, and names that only look like a unit's (cases 101 to 103).
    ['/oracle.slice/_cpuset.scope', 'memory.max', 'systemd', '/run/dbus/system_bus_socket', 'cpuset.scope'],
    ['/system.slice/a:b.service', 'memory.max', 'systemd', '/run/dbus/system_bus_socket', 'a:b.service'],
    ['/system.slice/del.service/app.slice/web.service', 'memory.max', 'cgroupfs', '', ''],
    ['/system.slice/del.service/web.service', 'memory.max', 'cgroupfs', '', ''],
    ['/box/web.service', 'memory.max', 'cgroupfs', '', ''],
    ['/box/system.slice/web.service', 'memory.max', 'cgroupfs', '', ''],
    ['/a.slice/b.slice/web.service', 'memory.max', 'cgroupfs', '', ''],
    [`${USER}/app.slice/us.service/app.slice/web.service`, 'memory.max', 'cgroupfs', '', ''],
    [`${USER}/user@1001.service/app.slice/web.service`, 'memory.max', 'cgroupfs', '', ''],
    ['/box/user.slice/user-1000.slice/user@1000.service/a.service', 'memory.max', 'cgroupfs', '', ''],
    ['/capsule.slice/capsule@demo.service/app.slice/web.service', 'memory.max', 'cgroupfs', '', ''],
    [
      '/capsule.slice/capsule@demo.service',
      'memory.max',
      'systemd',
      '/run/dbus/system_bus_socket',
      'capsule@demo.service',
    ],
    // Her own engine alone is asked for what lies below her manager, the system's for anything else.
    [`${USER}/app.slice/docker-${ID}.scope`, 'memory.max', 'systemd', '/run/user/1000/bus', `docker-${ID}.scope`],
    [`/capsule.slice/capsule@demo.service/docker-${ID}.scope`, 'memory.max', 'cgroupfs', '', ''],
  ];
  for (const [path, file, via, endpoint, subject] of table) {
    const found = owned(path, file);
    assert.equal([found.via, found.endpoint, found.subject], [via, endpoint, subject], `${path} ${file}`);
  }
});

test("a unit inside a container or machine is not the host's of that name", () => {
  for (const box of [
    '/lxc.payload.box',
    '/machine.slice/machine-box.scope/payload',
    '/machine.slice/systemd-nspawn@box.service/payload',
    `/machine.slice/libpod-${ID}.scope/container`,
    `/docker/${ID}`,
  ]) {
    const { via, risks } = owned(`${box}/system.slice/ssh.service`, 'memory.max');
    assert.is(via, 'cgroupfs', box);
    assert.match(risks[0]?.text ?? '', /inside a container or machine: the systemd in there .* ssh\.service\)/, box);
    assert.throws(() => owned(`${box}/system.slice`, 'memory.max', { via: 'systemd' }), /possible: cgroupfs/, box);
  }
});

test('what only looks like a unit is a plain cgroup, and the plan says so', () => {
  const hint = (path: string, options: Partial<OwnerOptions> = {}): string => {
    const { risks, notes } = owned(path, 'memory.max', options);
    return [...risks.map(({ text }) => text), ...notes].join();
  };
  assert.match(
    hint('/system.slice/del.service/app.slice/web.service'),
    /no unit of systemd's own: it lies in \/system\.slice\/del\.service, whose processes/,
  );
  assert.match(hint('/box/web.service'), /is no unit of systemd, which keeps none there/);
  assert.match(
    hint('/capsule.slice/capsule@demo.service/app.slice/web.service'),
    /systemd of the capsule demo: .*; to keep it: systemctl --capsule=demo set-property web\.service/,
  );
  // What its place does not tell its manager does.
  const disowned = (_: string, via: string): string | undefined => (via === 'systemd' ? 'it is elsewhere' : undefined);
  assert.is(owned('/system.slice/web.service', 'memory.max', { disowned }).via, 'cgroupfs');
  assert.is(hint('/system.slice/web.service', { disowned }), 'it is elsewhere, so the file itself is written');
});

test('without a socket the next right way is taken, and what it costs is said', () => {
  const raw = owned(`/system.slice/docker-${ID}.scope`, 'memory.max', { sockets: [] });
  assert.is(raw.via, 'cgroupfs');
  assert.match(raw.risks[0]?.text ?? '', /daemon-reload/);
  assert.match(owned('/lxc.payload.box', 'memory.max').risks[0]?.text ?? '', /lxc\.cgroup2\.memory\.max/);
  const hint = (runtime: Workload['runtime'], file: string): string =>
    ownership({ ...workload('/box'), ...(runtime && { runtime }) }, file, {
      files: fakeFiles({}),
      owners: { sockets: [] },
    }).risks[0]?.text ?? '';
  assert.match(hint('incus', 'memory.max'), /to keep it: incus config set web limits\.memory=VALUE/);
  assert.match(hint('incus', 'memory.high'), /lost when the instance restarts$/);
  assert.match(hint('libvirt', 'cpu.max'), /to keep it: virsh schedinfo web --live --config vcpu_quota=MICROSECONDS/);
  assert.match(hint('libvirt', 'pids.max'), /does not know of it$/);
  assert.match(owned(`/machine.slice/libpod-${ID}.scope`, 'cpu.max').notes.join(), /podman before 5\.1/);
  assert.match(owned('/system.slice/nginx.service', 'cpu.max').notes.join(), /until the next boot/);
  assert.match(
    owned('/system.slice/nginx.service', 'cpu.max', { persist: true }).notes.join(),
    /until it is changed again/,
  );
});

test('what is set on a transient unit ends with it, and --persist does not help', () => {
  const run = temporaryFolder();
  mkdirSync(join(run, 'systemd/transient'), { recursive: true });
  writeFileSync(join(run, 'systemd/transient/made.service'), '');
  const sockets: RuntimeSocket[] = [
    { runtime: 'docker', path: '/run/docker.sock', state: 'usable' },
    { runtime: 'systemd', path: join(run, 'dbus/system_bus_socket'), state: 'usable' },
    { runtime: 'systemd', path: join(run, 'bus'), state: 'usable', uid: 1000 },
  ];
  const users = '/user.slice/user-1000.slice/user@1000.service/app.slice';
  for (const [path, lasts] of [
    ['/system.slice/made.service', /^lasts as long as made\.service, which is transient$/],
    [`${users}/made.service`, /^lasts as long as made\.service, which is transient$/],
    ['/system.slice/made.scope', /^lasts as long as the scope$/],
    [
      `/system.slice/docker-${ID}.scope`,
      /^lasts until the container stops or restarts; to keep it: docker update --cpu-shares SHARES web$/,
    ],
  ] as const) {
    const { notes, risks } = owned(path, 'cpu.weight', { sockets, persist: true });
    assert.match(notes[0] ?? '', lasts, path);
    assert.match(risks[0]?.text ?? '', /is transient: .* --persist keeps nothing/, path);
    assert.equal(owned(path, 'cpu.weight', { sockets }).risks, []);
  }
  for (const path of ['/system.slice/file.service', `${users}/file.service`])
    assert.match(owned(path, 'cpu.weight', { sockets }).notes[0] ?? '', /until the next boot/, path);
});

test('what crun limits below its unit is changed there, also where podman cannot be asked; the rest at the unit', () => {
  const mount = temporaryFolder();
  const path = `/machine.slice/libpod-${ID}.scope`;
  const inner = `${path}/container`;
  mkdirSync(join(mount, inner), { recursive: true });
  const texts = { 'memory.max': 'max', 'memory.high': 'max', 'cpu.weight': '100' };
  const files = {
    ...fakeFiles({ ...boxOf(texts, path), ...boxOf({ ...texts, 'memory.max': '67108864' }, inner) }),
    mount,
  };
  const at = (file: string, options: Partial<OwnerOptions> = {}) => {
    const { place, risks } = ownership(workload(path), file, {
      files,
      owners: { sockets: SYSTEMD_ALONE, ...options },
    });
    return { told: [place.via, place.path], risks };
  };
  const limited = at('memory.max');
  assert.equal(limited.told, ['cgroupfs', inner]);
  assert.match(
    limited.risks[0]?.text ?? '',
    /^podman does not know of it: its next update or a restart takes it back$/,
  );
  for (const file of ['memory.high', 'cpu.weight']) assert.equal(at(file).told, ['systemd', path]);
  assert.equal(at('memory.max', { via: 'systemd' }).told, ['systemd', path]);
  assert.equal(at('memory.max', { sockets: SOCKETS }).told, ['podman', inner]);
});

test('docker takes no less memory than 6 MiB, and that is said before anything comes down for it', () => {
  const { keeps } = dockerOwner('/run/docker.sock', fakeFiles({}));
  for (const text of ['6291456', 'max']) assert.is(keeps('memory.max', text), text);
  assert.throws(() => keeps('memory.max', '6291455'), /below 6 MiB: .* --via cgroupfs/);
});

test('an engine whose socket nobody listens at is passed over, and the plan says so', () => {
  const path = `/system.slice/docker-${ID}.scope`;
  const listens = (socket: string): boolean => socket !== '/run/docker.sock';
  const dead = owned(path, 'memory.max', { listens });
  assert.is(dead.via, 'systemd');
  assert.match(dead.notes.join('\n'), /^no API of docker can be asked \(see tscg doctor\), so it is set on its unit/m);
  assert.not.match(owned(path, 'memory.max', { listens, via: 'systemd' }).notes.join('\n'), /can be asked/);
  assert.match(owned(path, 'memory.high', { listens }).notes.join('\n'), /^docker has no property for memory\.high/m);
  assert.throws(() => owned(path, 'memory.max', { listens, via: 'docker' }), /is not reachable/);
});

test('--via insists, and is refused where that owner cannot', () => {
  assert.is(owned(`/system.slice/docker-${ID}.scope`, 'memory.max', { via: 'systemd' }).via, 'systemd');
  assert.is(owned('/system.slice/nginx.service', 'memory.max', { via: 'cgroupfs' }).via, 'cgroupfs');
  assert.throws(() => owned('/box', 'memory.max', { via: 'docker' }), /possible: cgroupfs/);
  assert.throws(() => owned(`/docker/${ID}`, 'memory.high', { via: 'docker' }), /cannot set memory\.high/);
});

test('Kubernetes is refused with the command that lasts', () => {
  const pod =
    '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod87c52d60_fefd_45a9_a420_895256fc03b5.slice';
  for (const path of [pod, `${pod}/cri-containerd-${ID}.scope`]) {
    const [risk] = owned(path, 'memory.max').risks;
    assert.is(risk?.level, 'refuse');
    assert.match(risk?.remedy ?? '', /kubectl patch pod .* --subresource resize/);
  }
});

const writes = (after: Readonly<Record<string, string>>): Write[] =>
  Object.entries(after).map(([file, text]) => ({
    name: 'web',
    path: '/x',
    inode: 7,
    file,
    before: '',
    after: text,
    via: 'docker',
    endpoint: '',
    subject: ID,
  }));

test('docker update: what its API demands beside the limits', () => {
  const fresh = { NanoCpus: 0, swap: NO_LIMIT };
  assert.equal(updateOf(writes({ 'cpu.max': '30000 100000', 'pids.max': '40' }), fresh), {
    CpuQuota: 30000,
    CpuPeriod: 100000,
    PidsLimit: 40,
  });
  assert.equal(updateOf(writes({ 'memory.max': '1000' }), fresh), { Memory: 1000, MemorySwap: -1 });
  // The swap that it had beside its memory is kept.
  assert.equal(updateOf(writes({ 'memory.max': '1000' }), { NanoCpus: 0, swap: 300 }), {
    Memory: 1000,
    MemorySwap: 1300,
  });
  // Started with --cpus: quota and period would be a conflict.
  assert.equal(updateOf(writes({ 'cpu.max': '30000 100000' }), { ...fresh, NanoCpus: 1e9 }), { NanoCpus: 3e8 });
  // And so would a period alone, while -1 is taken.
  assert.equal(updateOf(writes({ 'cpu.max': 'max 100000' }), { ...fresh, NanoCpus: 1e9 }), { CpuQuota: -1 });
  assert.equal(updateOf(writes({ 'cpu.max': 'max 100000', 'pids.max': 'max' }), fresh), {
    CpuQuota: -1,
    CpuPeriod: 100000,
    PidsLimit: -1,
  });
});

test('a memory limit leaves the swap beside it as the kernel has it, whatever docker has stored or makes of it', async () => {
  const files = fakeFiles({ '/x/memory.max': '67108864', '/x/memory.swap.max': '10485760' });
  const bodies: string[] = [];
  const engine = await fakeHttp(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    const { MemorySwap, Memory } = JSON.parse(body);
    files.texts.set('/x/memory.swap.max', MemorySwap === -1 ? 'max' : String(MemorySwap - Memory));
    json(response, { Warnings: null });
  });
  try {
    const owner = dockerOwner(engine.socket, files);
    for (const [limit, sent] of [
      ['73400320', '{"Memory":73400320,"MemorySwap":83886080}'],
      ['max', '{"Memory":9223372036854772000,"MemorySwap":-1}'],
    ] as const) {
      await owner.apply(writes({ 'memory.max': limit }));
      assert.equal([bodies.at(-1), files.texts.get('/x/memory.swap.max')], [sent, '10485760']);
    }
    files.texts.set('/x/memory.swap.max', 'max');
    await owner.apply(writes({ 'memory.max': '73400320' }));
    assert.is(bodies.at(-1), '{"Memory":73400320,"MemorySwap":-1}');
  } finally {
    await engine.close();
  }
});

test('no memory.low is what docker has no value for: it is written into the file, after what docker is told', async () => {
  const files = fakeFiles({ '/x/memory.low': '20971520' });
  const bodies: string[] = [];
  const engine = await fakeHttp(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.method === 'POST') bodies.push(`${body} ${files.writes.length}`);
    json(response, { HostConfig: {} });
  });
  try {
    const owner = dockerOwner(engine.socket, files);
    await owner.apply(writes({ 'memory.low': '0' }));
    assert.equal([bodies, files.writes.splice(0)], [[], ['/x/memory.low=0']]);
    await owner.apply(writes({ 'memory.low': '0', 'pids.max': '40' }));
    assert.equal([bodies, files.writes], [['{"PidsLimit":40} 0'], ['/x/memory.low=0']]);
    assert.match(owner.describe('memory.low', '0') ?? '', /in the file itself.*back after a restart/);
    assert.is(owner.describe('memory.low', '20971520'), 'MemoryReservation=20971520');
  } finally {
    await engine.close();
  }
});

test('each owner names its property; systemd keeps whole percents', () => {
  assert.is(dockerOwner('', fakeFiles({})).describe('memory.max', '1000'), 'Memory=1000');
  assert.is(podmanOwner('', fakeFiles({})).describe('cpu.max', '30000 100000'), 'cpu.quota=30000 cpu.period=100000');
  const systemd = systemdOwner('', fakeFiles({}));
  assert.is(systemd.describe('cpu.max', '30000 100000'), 'CPUQuotaPerSecUSec=300000 CPUQuotaPeriodUSec=100000');
  assert.is(systemd.describe('memory.max', 'max'), 'MemoryMax=infinity');
  assert.is(systemd.keeps('cpu.max', '12500 100000'), '13000 100000');
  assert.is(systemd.keeps('cpu.max', '10000 20000'), '10000 20000');
  assert.is(systemd.keeps('cpu.max', 'max 100000'), 'max 100000');
  assert.not(systemd.sets('cpu.max.burst'));
});

test.run();
