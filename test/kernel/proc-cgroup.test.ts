import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMembership, parseProcCgroup, parseV1Cgroups } from '../../src/kernel/proc-cgroup.ts';

test('the v2 line is found anywhere, and its path kept as it is (S9)', () => {
  const paths = [
    '/init.scope',
    '/user.slice/user-1001.slice/user@1001.service/user.slice/libpod-6e341326.scope/container',
    '/lxc.payload/example/init.scope',
    '/lxc.monitor/example',
    '/system.slice/containerd.service/kubepods-burstable-pod36b6.slice:cri-containerd:79fedb',
    '/',
  ];
  for (const path of paths) {
    assert.is(parseProcCgroup(`0::${path}\n`), path);
    assert.is(parseProcCgroup(`4:memory:/user.slice\n1:net_cls:/\n0::${path}\n`), path);
    assert.is(parseProcCgroup(`0::${path}\n1:net_cls:/x\n`), path);
    assert.equal(parseMembership(`0::${path}\n`), { path, deleted: false, outside: false });
  }
});

test('no v2 line', () => {
  assert.is(parseProcCgroup(''), undefined);
  assert.is(parseProcCgroup('10:memory:/\n1:name=systemd:/0::/x\n'), undefined);
});

test('the path of a removed cgroup may be another one by now', () => {
  assert.is(parseProcCgroup('0::/box (deleted)\n'), undefined);
  assert.equal(parseMembership('0::/box (deleted)\n'), { path: '/box', deleted: true, outside: false });
});

test('a path from another cgroup namespace is told', () => {
  for (const path of ['/../../../kubepods-burstable.slice/x', '/..']) {
    assert.is(parseMembership(`0::${path}\n`)?.outside, true);
  }
  assert.is(parseMembership('0::/..box\n')?.outside, false);
});

test('v1 lines by controller', () => {
  const paths = parseV1Cgroups('5:cpu,cpuacct:/a:b\n1:name=systemd:/init.scope\n0::/v2\n');
  assert.equal(
    [...paths],
    [
      ['cpu', '/a:b'],
      ['cpuacct', '/a:b'],
      ['name=systemd', '/init.scope'],
    ],
  );
});

test.run();
