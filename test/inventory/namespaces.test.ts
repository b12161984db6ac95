/** Namespaces: of a played procfs for what is rare, of processes started here for what is real. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createNamespaceScanner, type Namespace, type NamespaceScan } from '../../src/inventory/namespaces.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { namespacesOf, whoseIs } from '../../src/inventory/workload-namespaces.ts';
import { INITIAL_NAMESPACES, NAMESPACE_KINDS, type NamespaceKind } from '../../src/kernel/namespace-link.ts';
import { inodesWithFs } from '../../src/kernel/read-namespaces.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const it = suite('namespaces');

const workload = (path: string, kind: Workload['kind'] = 'container'): Workload => ({
  path,
  kind,
  inode: 1,
  name: path.slice(1) || '/',
});

type Links = Readonly<Partial<Record<NamespaceKind, number>>>;

const HOST: Links = Object.fromEntries(NAMESPACE_KINDS.map((kind, index) => [kind, 100 + index]));

interface Stage {
  readonly proc: string;
  readonly mount: string;
  play(pid: number, links: Links): void;
  cgroup(path: string, procs: string): void;
  /** `meanwhile`: what happens while the links are read. */
  scan(denied?: ReadonlySet<number>, meanwhile?: () => void): Promise<NamespaceScan>;
}

async function withStage(run: (stage: Stage) => Promise<void>): Promise<void> {
  const root = temporaryFolder();
  const [proc, mount] = [join(root, 'proc'), join(root, 'cgroup')];
  const play = (name: string, links: Links): void => {
    mkdirSync(join(proc, name, 'ns'), { recursive: true });
    for (const [kind, inode] of Object.entries(links)) symlinkSync(`${kind}:[${inode}]`, join(proc, name, 'ns', kind));
  };
  mkdirSync(mount, { recursive: true });
  play('self', HOST);
  writeFileSync(join(proc, 'self/mountinfo'), '9 1 0:4 net:[777] /run/netns/blue rw - nsfs nsfs rw\n');
  await run({
    proc,
    mount,
    play(pid, links) {
      play(String(pid), links);
      const status = `Name:\tapp\nUid:\t0\t${pid}\t0\t0\n`;
      writeFileSync(join(proc, String(pid), 'status'), status);
      writeFileSync(join(proc, String(pid), 'cmdline'), `app\0${pid}\x1b[2J\0`);
      writeFileSync(join(proc, String(pid), 'uid_map'), '0 100000 65536\n');
      writeFileSync(join(proc, String(pid), 'gid_map'), '0 200000 65536\n');
    },
    cgroup(path, procs) {
      mkdirSync(join(mount, path), { recursive: true });
      writeFileSync(join(mount, path, 'cgroup.procs'), procs);
    },
    // What another user's process answers, which root never sees.
    scan: (denied = new Set(), meanwhile = () => {}) =>
      createNamespaceScanner({
        proc,
        mount,
        readInodes: async (_, pids) => {
          const inodes = await inodesWithFs(proc, pids);
          meanwhile();
          return inodes.map((inode, index) =>
            denied.has(pids[Math.floor(index / NAMESPACE_KINDS.length)] ?? 0) ? -constants.errno.EACCES : inode,
          );
        },
      })(),
  });
}

const find = ({ namespaces }: NamespaceScan, kind: NamespaceKind, inode: number): Namespace | undefined =>
  namespaces.find((namespace) => namespace.kind === kind && namespace.inode === inode);

it('what ends while it is read is not told as closed to us', () =>
  withStage(async ({ proc, play, cgroup, scan }) => {
    cgroup('/web', '20\n');
    play(1, HOST);
    play(20, HOST);
    const found = await scan(new Set([20]), () => rmSync(join(proc, '20'), { recursive: true }));
    assert.is(found.unseen.size, 0);
  }));

it('who is in which, the lowest pid, whose it is, id maps, and what a mount alone keeps', () =>
  withStage(async ({ play, cgroup, scan }) => {
    cgroup('/', '1\n');
    cgroup('/web', '20\n30\n');
    play(1, HOST);
    play(30, { ...HOST, net: 500, user: 600 });
    play(20, { ...HOST, net: 500, user: 600 });
    play(40, { ...HOST, net: 500 });
    const found = await scan();
    const net = find(found, 'net', 500);
    assert.equal([net?.processes, net?.isHost, net?.cgroups], [3, false, new Map([['/web', 2]])]);
    assert.equal(net?.first, { pid: 20, uid: 20, command: 'app 20[2J' });
    const user = find(found, 'user', 600);
    assert.equal(user?.uidMap, [{ inside: 0, outside: 100_000, count: 65_536 }]);
    assert.equal(user?.gidMap, [{ inside: 0, outside: 200_000, count: 65_536 }]);
    assert.equal([find(found, 'pid', 104)?.processes, find(found, 'pid', 104)?.isHost], [4, true]);
    const kept = find(found, 'net', 777);
    assert.equal([kept?.processes, kept?.first, kept?.mountPoints], [0, undefined, ['/run/netns/blue']]);
    assert.equal([...found.missing], []);
  }));

it('a zombie is in some of them, one that vanished in none', () =>
  withStage(async ({ proc, play, scan }) => {
    play(1, HOST);
    play(20, { pid: 500, user: 106 });
    play(30, HOST);
    rmSync(join(proc, '30/ns'), { recursive: true });
    const found = await scan();
    assert.is(find(found, 'pid', 500)?.processes, 1);
    assert.is(find(found, 'user', 106)?.processes, 2);
    assert.is(find(found, 'mnt', 102)?.processes, 1);
    assert.is(found.unseen.size, 0);
  }));

it("other users' processes are counted as not read, and no kind of theirs is guessed", () =>
  withStage(async ({ play, cgroup, scan }) => {
    cgroup('/web', '20\n30\n');
    cgroup('/mine', '40\n');
    for (const pid of [1, 20, 30]) play(pid, { ...HOST, net: 500 });
    play(40, { ...HOST, pid: INITIAL_NAMESPACES.pid });
    const found = await scan(new Set([1, 20, 30]));
    assert.equal(found.unseen.get('/web'), { denied: 2, foreign: 0 });
    const web = namespacesOf(workload('/web'), [workload('/web')], found);
    assert.ok(web.kinds.every(({ members, reason }) => members.length === 0 && reason?.includes('only root')));
    // pid 1 is not to be seen: the kernel's first one is known by its number, the others by nothing.
    assert.is(find(found, 'pid', INITIAL_NAMESPACES.pid)?.isHost, true);
    assert.is(find(found, 'net', 103)?.isHost, undefined);
    const mine = namespacesOf(workload('/mine'), [], found);
    assert.equal(
      mine.kinds.flatMap(({ members }) => members.map((member) => whoseIs(member))),
      NAMESPACE_KINDS.map((kind) => (kind === 'pid' ? 'host' : undefined)),
    );
  }));

it('with hidepid, or from inside a PID namespace, what is not listed is said', () =>
  withStage(async ({ play, cgroup, scan }) => {
    cgroup('/web', '0\n0\n20\n');
    cgroup('/mine', '40\n');
    play(40, HOST);
    const found = await scan();
    assert.equal(found.unseen.get('/web'), { denied: 1, foreign: 2 });
    assert.is(found.unseen.get('/mine'), undefined);
  }));

it('a kind that this kernel lacks is said', () =>
  withStage(async ({ proc, play, cgroup, scan }) => {
    cgroup('/web', '20\n');
    rmSync(join(proc, 'self/ns/time'));
    const { time, ...older } = HOST;
    play(20, older);
    assert.is(time, 105);
    const { kinds } = namespacesOf(workload('/web'), [], await scan());
    assert.equal(
      kinds.flatMap(({ kind, reason }) => (reason ? [[kind, reason]] : [])),
      [['time', 'this kernel has no time namespaces']],
    );
  }));

const scanOf = (namespaces: readonly Pick<Namespace, 'inode' | 'cgroups'>[]): NamespaceScan => ({
  namespaces: namespaces.map((namespace) => ({
    kind: 'net',
    isHost: namespace.inode === 1,
    processes: 0,
    mountPoints: [],
    ...namespace,
  })),
  unseen: new Map(),
  missing: new Set(),
  hasOwners: true,
});

it('a container is its inner cgroups, but not the helper beside it', () => {
  const workloads = [
    workload('/box', 'machine'),
    workload('/box/payload', 'inner'),
    workload('/box/payload/init', 'inner'),
    workload('/box/supervisor', 'monitor'),
    workload('/app'),
  ];
  const [box, , , supervisor] = workloads;
  if (!box || !supervisor) throw new Error('none');
  const scan = scanOf([
    { inode: 1, cgroups: new Map([['/box/supervisor', 1]]) },
    {
      inode: 7,
      cgroups: new Map([
        ['/box/payload/init', 2],
        ['/app', 1],
      ]),
    },
    { inode: 8, cgroups: new Map([['/box/payload', 5]]) },
  ]);
  const net = (of: Workload) => namespacesOf(of, workloads, scan).kinds.find(({ kind }) => kind === 'net')?.members;
  assert.equal(
    net(box)?.map((member) => [
      member.namespace.inode,
      member.processes,
      whoseIs(member),
      member.sharedWith.map(({ name }) => name),
    ]),
    [
      [8, 5, 'own', []],
      [7, 2, 'shared', ['app']],
    ],
  );
  const payload = workloads[1];
  assert.equal(payload && net(payload)?.map((member) => [member.namespace.inode, whoseIs(member)]), [
    [8, 'own'],
    [7, 'shared'],
  ]);
  assert.equal(
    net(supervisor)?.map(({ namespace }) => namespace.inode),
    [1],
  );
  assert.equal(
    net(workload('/app'))?.flatMap(({ sharedWith }) => sharedWith.map(({ name }) => name)),
    ['box'],
  );
});

it('sharing is mutual, and no process is lost', () => {
  const paths = ['/a', '/a/in', '/b', '/b/c', '/d'];
  const workloads = paths.map((path) => workload(path, path === '/a/in' ? 'inner' : 'container'));
  const cgroups = fc
    .array(fc.tuple(fc.constantFrom(...paths), fc.integer({ min: 1, max: 9 })), { maxLength: 5 })
    .map((list) => new Map(list));
  fc.assert(
    fc.property(fc.array(cgroups, { maxLength: 6 }), (list) => {
      const scan = scanOf(list.map((placed, index) => ({ inode: index, cgroups: placed })));
      const subjects = workloads.filter(({ kind }) => kind !== 'inner');
      const views = subjects.map((one) => ({ one, members: namespacesOf(one, workloads, scan).kinds[3]?.members }));
      for (const { one, members = [] } of views) {
        const counted = members.reduce((sum, { processes }) => sum + processes, 0);
        const there = list.flatMap((placed) =>
          [...placed].filter(([path]) => path === one.path || path.startsWith(`${one.path}/`)),
        );
        assert.is(
          counted,
          there.reduce((sum, [, count]) => sum + count, 0),
        );
        for (const { namespace, sharedWith } of members) {
          for (const other of sharedWith) {
            const theirs = views.find((view) => view.one === other)?.members;
            const back = theirs?.find((member) => member.namespace === namespace);
            const isInside = one.path.startsWith(`${other.path}/`);
            assert.ok(isInside || back?.sharedWith.some(({ path }) => isSameOrInside(path, one.path)));
          }
        }
      }
    }),
  );
});

const isSameOrInside = (path: string, ancestor: string): boolean =>
  path === ancestor || path.startsWith(`${ancestor}/`);

it('real ones: unshared by a process started here, read through the addon and with node:fs alike', async () => {
  const flags = ['--user', '--map-root-user', '--net', '--uts', '--ipc', '--pid', '--fork', '--kill-child'];
  const child = spawn('unshare', [...flags, 'sh', '-c', 'echo ready; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    const refusal = await Promise.race([
      once(child.stdout, 'data').then(() => undefined),
      once(child.stderr, 'data').then(([text]) => String(text)),
    ]);
    if (refusal !== undefined) return console.log(`SKIP: unshare may not make namespaces here: ${refusal}`);
    const inner = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
    const mount = temporaryFolder();
    for (const options of [{}, { readInodes: inodesWithFs }]) {
      const found = await createNamespaceScanner({ proc: '/proc', mount, ...options })();
      const of = (kind: NamespaceKind): Namespace | undefined =>
        find(found, kind, statSync(`/proc/${inner}/ns/${kind}`).ino);
      // unshare itself stays outside of the pid namespace that it made.
      assert.equal([of('pid')?.processes, of('pid')?.first?.pid], [1, inner]);
      for (const kind of ['user', 'net', 'uts', 'ipc'] as const) {
        assert.equal([kind, of(kind)?.processes, of(kind)?.first?.pid], [kind, 2, child.pid]);
        assert.is(of(kind)?.isHost, false);
      }
      assert.is.not(of('mnt')?.isHost, false);
      assert.equal(of('user')?.uidMap, [{ inside: 0, outside: process.getuid?.(), count: 1 }]);
      if (!found.hasOwners) continue;
      const outer = statSync('/proc/self/ns/user').ino;
      assert.equal([of('user')?.parent, of('user')?.ownerUid], [outer, process.getuid?.()]);
      assert.equal([of('net')?.owner, of('pid')?.owner], [of('user')?.inode, of('user')?.inode]);
      assert.is(of('pid')?.parent, statSync('/proc/self/ns/pid').ino);
    }
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});

it.run();
