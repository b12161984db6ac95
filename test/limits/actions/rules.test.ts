/** What the actions decide before they touch anything, by table. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseControllerSteps, planControllers } from '../../../src/limits/actions/controllers.ts';
import { planFreeze } from '../../../src/limits/actions/freeze.ts';
import { signalNumber } from '../../../src/limits/actions/kill.ts';
import { planMove } from '../../../src/limits/actions/move.ts';
import { cgroupfsOwner } from '../../../src/limits/owners/cgroupfs.ts';
import { withFreezer } from '../../../src/limits/owners/freezer.ts';
import { openOwner } from '../../../src/limits/owners/open-owner.ts';
import { guardRisks } from '../../../src/limits/planning/guard.ts';
import { errorText } from '../../../src/text/error-text.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';

const target = (path: string) => ({ path, inode: 7, name: path, kind: 'cgroup' as const });

test('signals by name, with and without SIG, and by number', () => {
  const table: readonly [string, number | undefined][] = [
    ['TERM', 15],
    ['sigterm', 15],
    ['SIGKILL', 9],
    ['9', 9],
    ['0', undefined],
    ['65', undefined],
    ['-9', undefined],
    ['NOPE', undefined],
    ['', undefined],
  ];
  for (const [text, number] of table) assert.is(signalNumber(text), number, text);
});

test('controller steps', () => {
  assert.equal(parseControllerSteps(['+io', '-cpu', '+memory']), { on: ['io', 'memory'], off: ['cpu'] });
  for (const bad of ['io', '+', '-', '+IO', '--force', '+a b', ''])
    assert.throws(() => parseControllerSteps([bad]), /no step/);
  assert.throws(() => parseControllerSteps(['+io', '-io']), /one of them/);
});

const TREE = {
  '/cgroup.controllers': 'cpuset cpu io memory pids',
  '/cgroup.subtree_control': 'cpu memory pids',
  '/a/cgroup.controllers': 'cpu memory pids',
  '/a/cgroup.subtree_control': 'cpu',
  '/a/cgroup.procs': '',
  '/a/cgroup.type': 'domain',
};

const plan = (steps: readonly string[], texts: Readonly<Record<string, string>> = TREE) =>
  planControllers(target('/a'), parseControllerSteps(steps), contextOf(fakeFiles(texts)));

test('a plan reads as the kernel lists it, and says where a controller stops', () => {
  const { writes, risks } = plan(['+memory', '-cpu']);
  assert.equal([writes[0]?.before, writes[0]?.after, risks.length], ['cpu', 'memory', 0]);
  assert.is(plan(['+pids', '+memory']).writes[0]?.after, 'cpu memory pids');
  assert.is(plan(['+cpu']).unchanged.length, 1);
  assert.throws(() => plan(['+io']), /\/ does not enable it for its children; first: tscg controllers \/ \+io/);
  assert.throws(() => plan(['+nope']), /no controller "nope" .* there are: cpuset cpu io memory pids/);
});

test('case 55: no internal processes, refused for memory; case 56: for cpu, which makes it threaded, only with --force', () => {
  const populated = { ...TREE, '/a/cgroup.procs': '12\n13', '/a/cgroup.subtree_control': '' };
  assert.throws(
    () => plan(['+memory'], populated),
    /2 processes of its own.*no-internal-process rule.*tscg move pid:12/,
  );
  const { risks } = plan(['+cpu'], populated);
  assert.is(risks[0]?.level, 'refuse');
  assert.match(risks[0]?.text ?? '', /domain threaded/);
  const root = { '/cgroup.controllers': 'cpu', '/cgroup.subtree_control': '', '/cgroup.procs': '12' };
  const ofRoot = (texts: Readonly<Record<string, string>>) =>
    planControllers(target('/'), parseControllerSteps(['+cpu']), contextOf(fakeFiles(texts))).risks.length;
  // The root of a cgroup namespace is an ordinary cgroup.
  assert.equal([ofRoot(root), ofRoot({ ...root, '/cgroup.type': 'domain' })], [0, 1]);
  const threaded = { ...TREE, '/a/cgroup.type': 'threaded' };
  assert.throws(() => plan(['+memory'], threaded), /"threaded".*only cpu, cpuset, pids/);
});

test('subtree_control is written as steps, and undone from any state', async () => {
  const files = fakeFiles({ '/a/cgroup.subtree_control': 'cpu memory' });
  const write = {
    name: '/a',
    path: '/a',
    inode: 7,
    file: 'cgroup.subtree_control',
    before: '',
    via: 'cgroupfs' as const,
  };
  const owner = openOwner({ via: 'cgroupfs', endpoint: '' }, files);
  await owner.apply([{ ...write, after: 'cpu io', endpoint: '', subject: '' }]);
  assert.equal(files.writes, ['/a/cgroup.subtree_control=+io -memory']);
});

test('ourselves, pid 1 and engines are refused', () => {
  const context = contextOf(fakeFiles({}), '/user.slice/me.scope');
  const table: readonly [string, RegExp | undefined][] = [
    ['/', /your shell/],
    ['/user.slice', /your shell/],
    ['/user.slice/me.scope', /your shell/],
    ['/user.slice/me.scope/inner', undefined],
    ['/user.slice/me', undefined],
    ['/init.scope', /pid 1/],
    ['/system.slice/docker.service', /docker\.service/],
    ['/system.slice/containerd.service', /containerd\.service/],
    ['/system.slice/snap.docker.dockerd.service', /snap\.docker\.dockerd\.service/],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/podman.service', /podman\.service/],
    ['/openrc.docker', /openrc\.docker runs/],
    ['/openrc.containerd', /openrc\.containerd/],
    ['/openrc.sshd', undefined],
    ['/system.slice/docker.socket', undefined],
    ['/system.slice/my-docker.service', undefined],
    [`/docker/${'ab'.repeat(32)}/system.slice/docker.service`, undefined],
    ['/lxc.payload.box/openrc.docker', undefined],
    ['/system.slice/web.service', undefined],
  ];
  for (const [path, expected] of table) {
    const [risk] = guardRisks({ path, name: path }, 'killing', context);
    if (expected) assert.match(risk?.text ?? 'no risk', expected, path);
    else assert.is(risk, undefined, path);
  }
});

test('a freeze is a write of cgroup.freeze, and the owner is asked where one owns it', () => {
  const context = contextOf(fakeFiles({ '/a/cgroup.freeze': '0', '/system.slice/web.service/cgroup.freeze': '0' }));
  const own = planFreeze([target('/a')], true, context).writes[0];
  assert.equal([own?.file, own?.before, own?.after, own?.via], ['cgroup.freeze', '0', '1', 'cgroupfs']);
  const sockets = [{ runtime: 'systemd' as const, path: '/run/dbus/system_bus_socket', state: 'usable' as const }];
  const unit = planFreeze([target('/system.slice/web.service')], true, { ...context, owners: { sockets } }).writes[0];
  assert.equal([unit?.via, unit?.subject, unit?.property], ['systemd', 'web.service', 'FreezeUnit']);
  assert.throws(() => planFreeze([target('/')], true, context), /root cgroup cannot be frozen/);
});

test('an owner that refuses: with sudo where the user may not, else past it', async () => {
  const write = {
    name: 'web',
    path: '/system.slice/web.service',
    inode: 7,
    file: 'cgroup.freeze',
    before: '0',
    after: '1',
  };
  const refusal = async (answer: string): Promise<string> => {
    const freeze = () => Promise.reject(new Error(answer));
    const owner = withFreezer(cgroupfsOwner(fakeFiles({})), { verb: () => 'FreezeUnit', freeze });
    try {
      await owner.apply([{ ...write, via: 'systemd', endpoint: '', subject: 'web.service' }]);
      return 'no error';
    } catch (error) {
      return errorText(error);
    }
  };
  const { geteuid } = process;
  try {
    process.geteuid = () => 1000;
    assert.match(
      await refusal('Interactive authentication required.'),
      /FreezeUnit web\.service: .*\(run it with sudo, or/,
    );
    assert.match(await refusal('Rejected send message: policy'), /FreezeUnit web\.service: .*\(run it with sudo\)$/);
    process.geteuid = () => 0;
    assert.not.match(await refusal('Rejected send message: policy'), /sudo/);
  } finally {
    if (geteuid) process.geteuid = geteuid;
  }
  assert.match(await refusal('no such unit'), /no such unit \(past it: --via cgroupfs\)$/);
});

test('a thaw says when a cgroup above keeps it frozen', () => {
  const context = contextOf(fakeFiles({ '/a/cgroup.freeze': '1', '/a/b/cgroup.freeze': '1' }));
  assert.match(
    planFreeze([target('/a/b')], false, context).writes[0]?.notes.join() ?? '',
    /stays frozen: \/a above it/,
  );
});

test('nobody is moved to where he would be frozen at once, unless that is forced', () => {
  const texts = { '/a/b/cgroup.type': 'domain', '/a/b/cgroup.subtree_control': '' };
  const table: readonly [above: string, own: string, refused: string | undefined][] = [
    ['0', '0', undefined],
    ['0', '1', 'tscg thaw /a/b'],
    ['1', '0', 'tscg thaw /a'],
  ];
  for (const [above, own, refused] of table) {
    const files = fakeFiles({ ...texts, '/a/cgroup.freeze': above, '/a/b/cgroup.freeze': own });
    const { risks } = planMove(process.pid, target('/a/b'), contextOf(files));
    const [risk] = risks.filter(({ level }) => level === 'refuse');
    assert.is(risk?.remedy, refused && `thaw it first: ${refused}`);
    if (refused) assert.match(risk?.text ?? '', /is frozen: pid \d+ \(.*\) would stop at once/);
  }
});

test.run();
