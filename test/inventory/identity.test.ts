/** Every class of path that runtimes make, and every sample path collected from the field. */

import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { identify, unescapeUnit } from '../../src/inventory/identity.ts';
import {
  A,
  B,
  COMPLETE_PATHS,
  docker,
  FIELD_SAMPLES,
  podman,
  type Sample,
  slice,
  UID,
  USER,
  unit,
} from './path-samples.ts';

/** What real runtimes gave in the guest, and one of every other class. */
const CLASSES: readonly Sample[] = [
  ['guest: quota', '/system.slice/quota.service', unit('quota.service')],
  ['guest: scope in slices', '/my.slice/my-sub.slice/sc.scope', unit('sc.scope')],
  ['guest: podman, cgroupfs', `/libpod_parent/libpod-${A}`, podman()],
  ['guest: podman pod, cgroupfs', `/libpod_parent/${B}`, { kind: 'pod', runtime: 'podman', id: B, podUid: B }],
  ['guest: in the pod', `/libpod_parent/${B}/libpod-${A}`, { ...podman(), podUid: B }],
  ['guest: containerd-shim', '/system.slice/containerd.service', unit('containerd.service')],
  ['guest: nspawn', '/machine.slice/machine-NAME.scope/payload', { kind: 'inner', runtime: 'nspawn' }],
  ['guest: LXC', '/lxc.payload.NAME', { kind: 'machine', runtime: 'lxc', name: 'NAME' }],
  ['guest: LXC monitor', '/lxc.monitor.NAME', { kind: 'monitor', runtime: 'lxc', name: 'NAME' }],
  ['guest: user manager', '/user.slice/user-0.slice/user@0.service/init.scope', { ...unit('init.scope'), uid: 0 }],
  [
    'guest: user service',
    '/user.slice/user-0.slice/user@0.service/app.slice/us.service',
    { ...unit('us.service'), uid: 0 },
  ],

  ['nerdctl, systemd', `/system.slice/nerdctl-${A}.scope`, { kind: 'container', runtime: 'nerdctl', id: A }],
  ['nerdctl, cgroupfs', `/default/${A}`, { kind: 'container', runtime: 'nerdctl', id: A }],
  ['snap', `${USER}/app.slice/snap.firefox.firefox-1.scope`, { ...unit('snap.firefox.firefox-1.scope'), uid: 1000 }],
  [
    'rootless with crun',
    `${USER}/user.slice/libpod-${A}.scope/container`,
    { kind: 'inner', runtime: 'podman', id: A, uid: 1000 },
  ],
  ['network helper', `${USER}/user.slice/netavark-1234.scope`, { kind: 'monitor', runtime: 'podman', uid: 1000 }],
  ['conmon of an unknown engine', `/box/conmon-${A}.scope`, { kind: 'monitor', id: A }],
  ['bare id', `/actions_job/${A}`, { kind: 'container', id: A }],
  ['unknown prefix', `/system.slice/newengine-${A}.scope`, { kind: 'container', id: A }],

  ['docker-in-docker', `/docker/${A}/docker/${B}`, docker(B)],
  ['its folder', `/docker/${A}/docker`, { kind: 'inner', runtime: 'docker', id: A }],
  [
    'docker in a pod',
    `/kubepods/burstable/pod${UID}/${A}/docker/${B}`,
    { kind: 'container', runtime: 'docker', id: B },
  ],
  [
    'systemd in a container',
    `/system.slice/docker-${A}.scope/system.slice/nginx.service`,
    { kind: 'inner', runtime: 'docker', id: A },
  ],
  ['its init', `/system.slice/docker-${A}.scope/init.scope`, { kind: 'inner', runtime: 'docker', id: A }],
  [
    'its users are not ours',
    `/docker/${A}/user.slice/user-1000.slice/session-1.scope`,
    { kind: 'inner', runtime: 'docker', id: A },
  ],
  ['docker in LXC', `/lxc.payload.web/docker/${A}`, docker()],
  ['docker in Proxmox', `/lxc/102/ns/system.slice/docker-${A}.scope`, docker()],
  ['podman in nspawn', `/machine.slice/machine-web.scope/payload/machine.slice/libpod-${A}.scope`, podman()],
  ['delegated subtree', '/system.slice/agent.service/workers/1', { kind: 'inner' }],
  ['plain directory', '/box', { kind: 'cgroup' }],
  ['exporter killer', '/task_special', { kind: 'cgroup' }],
  ['below a user manager', `${USER}/mybox`, { kind: 'cgroup', uid: 1000 }],
  ['short hex', '/docker/abcdef123456', { kind: 'cgroup' }],
  ['kubepods, systemd', '/kubepods.slice', { kind: 'slice', runtime: 'kubernetes', name: 'kubepods.slice' }],
  ['kubepods, cgroupfs', '/kubepods/burstable', { kind: 'slice', runtime: 'kubernetes', name: 'burstable' }],
  [
    'kind',
    '/kubelet.slice/kubelet-kubepods.slice',
    { kind: 'slice', runtime: 'kubernetes', name: 'kubelet-kubepods.slice' },
  ],
  ['docker folder', '/docker', { kind: 'slice', runtime: 'docker', name: 'docker' }],
  ['system.slice', '/system.slice', slice('system.slice')],
  ['user slice', '/user.slice/user-1000.slice', { ...slice('user-1000.slice'), uid: 1000 }],
  ['escaped slice', '/system.slice/system-a\\x2db.slice', slice('system-a\\x2db.slice')],
  ['103 as an interface file', '/oracle.slice/_cpuset.scope', unit('cpuset.scope')],
  ['103 of memory', '/system.slice/_memory.service', unit('memory.service')],
  ['103 slices', '/_cpu.slice/cpu-x.slice', slice('cpu-x.slice')],
  ['legal characters', '/system.slice/a:b_c.d@e\\x20f-g.service', unit('a:b_c.d@e\\x20f-g.service')],
  ['as an engine names what is none of its', '/system.slice/x:docker:y.service', unit('x:docker:y.service')],
  ['no name of a unit', '/system.slice/we b.service', { kind: 'cgroup' }],
  ['101 capsule', '/capsule.slice/capsule@demo.service', unit('capsule@demo.service')],
  ['101 unit of a capsule', '/capsule.slice/capsule@demo.service/app.slice/web.service', unit('web.service')],
  ['101 its slice', '/capsule.slice/capsule@demo.service/app.slice', slice('app.slice')],
  ['102 unit in a unit', '/system.slice/del.service/app.slice/web.service', { kind: 'inner' }],
  ['102 unit in a directory', '/box/web.service', { kind: 'cgroup' }],
  ['102 slice in another', '/system.slice/app.slice', { kind: 'cgroup' }],
  [
    '102 a manager in a manager',
    `${USER}/app.slice/user@1001.service/app.slice/web.service`,
    { kind: 'inner', uid: 1000 },
  ],
  ['102 a user in a user', `${USER}/user-1001.slice/docker-${A}.scope`, { ...docker(), uid: 1000 }],
  ['empty', '', { kind: 'root' }],
  ['outside', '/..', { kind: 'cgroup' }],
];

const SAMPLES = [...FIELD_SAMPLES, ...CLASSES];

for (const [what, path, identity] of SAMPLES) {
  test(`${what}: ${path}`, () => assert.equal(identify(path), identity));
}

test('the innermost id of a whole path is found, and none in a mount unit', () => {
  for (const path of COMPLETE_PATHS) {
    const id = path.endsWith('.mount') ? undefined : path.match(/[0-9a-f]{64}/g)?.at(-1);
    assert.is(identify(path).id, id, path);
  }
});

test('a name with escape sequences is harmless text', () => {
  assert.is(identify('/lxc.payload.x\x1b[2J').name, 'x[2J');
  assert.is(identify('/machine.slice/machine-a\\x1b\\x0ab.scope').name, 'a↵b');
  assert.is(identify('/lxc/\u202ea').name, 'a');
});

test('identify answers any text', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      ...SAMPLES.flatMap(([, path]) => path.split('/')),
      '..',
      '.',
      '',
      '\\x2d',
      '\\xff',
      '-.slice',
      '\ud800',
    ),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const { kind, id } = identify(pieces.join('/'));
      assert.type(kind, 'string');
      // Slurm writes its ids in upper case, all others in lower case.
      assert.ok(id === undefined || !/[^0-9A-Za-z-]/.test(id));
    }),
    { numRuns: 3000 },
  );
});

test('what lies below a container is never a unit or slice', () => {
  const component = fc.constantFrom('system.slice', 'nginx.service', 'docker', 'payload', 'init', 'kubepods', 'ns');
  fc.assert(
    fc.property(fc.array(component, { minLength: 1, maxLength: 5 }), (components) => {
      assert.equal(identify(`/docker/${A}/${components.join('/')}`), { kind: 'inner', runtime: 'docker', id: A });
    }),
  );
});

test('a long path costs no more than its length', () => {
  assert.is(identify('/a'.repeat(2000)).kind, 'cgroup');
  assert.is(identify(`/${'-kubepods'.repeat(400)}-pod`).kind, 'cgroup');
});

test('unescapeUnit decodes bytes as UTF-8', () => {
  assert.is(unescapeUnit('a\\x2db'), 'a-b');
  assert.is(unescapeUnit('\\xc3\\xa9'), 'é');
  assert.is(unescapeUnit('\\xff'), '\ufffd');
  assert.is(unescapeUnit('\\x2'), '\\x2');
});

test.run();
