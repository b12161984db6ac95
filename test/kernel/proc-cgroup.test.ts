import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMembership, parseProcCgroup, pathBeneath } from '../../src/kernel/proc-cgroup.ts';

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
    assert.equal(parseMembership(`0::${path}\n`), { path, deleted: false });
  }
});

test('no v2 line', () => {
  assert.is(parseProcCgroup(''), undefined);
  assert.is(parseProcCgroup('10:memory:/\n1:name=systemd:/0::/x\n'), undefined);
});

test('the path of a removed cgroup may be another one by now', () => {
  assert.is(parseProcCgroup('0::/box (deleted)\n'), undefined);
  assert.equal(parseMembership('0::/box (deleted)\n'), { path: '/box', deleted: true });
});

test('case 38: a path leads beneath the mount, whichever cgroup that shows, or nowhere', () => {
  const table: readonly [root: string, path: string, beneath: string | undefined][] = [
    ['/', '/box', '/box'],
    ['/', '/..box', '/..box'],
    ['/', '/..', undefined],
    ['/', '/../../../kubepods-burstable.slice/x', undefined],
    // Docker's --cgroupns=host: a part of the hierarchy is bound there.
    ['/system.slice/docker-ab.scope', '/system.slice/docker-ab.scope', '/'],
    ['/system.slice/docker-ab.scope', '/system.slice/docker-ab.scope/init', '/init'],
    ['/system.slice/docker-ab.scope', '/system.slice/docker-abc.scope', undefined],
    ['/system.slice/docker-ab.scope', '/', undefined],
    // The whole of it, from within a namespace: what our own root is called above is not known.
    ['/..', '/../box', '/box'],
    ['/../..', '/../../box/a', '/box/a'],
    ['/../..', '/../box', undefined],
    ['/..', '/../../box', undefined],
    ['/..', '/', undefined],
    ['/..', '/box', undefined],
  ];
  for (const [root, path, beneath] of table) {
    assert.is(pathBeneath(root, path), beneath, `${path} beneath a mount of ${root}`);
    assert.is(parseProcCgroup(`0::${path}\n`, root), beneath);
  }
});

test.run();
