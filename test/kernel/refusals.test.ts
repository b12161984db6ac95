/** Every errno that the kernel documents for a call of ours has a reason, and a remedy that fits who asks. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../src/kernel/cgroup-files.ts';
import { noRoomForCgroup, noRoomForTask } from '../../src/kernel/cgroup-room.ts';
import { outsideNamespace } from '../../src/kernel/proc-cgroup.ts';
import type { Operation, RefusedCall } from '../../src/kernel/refusal.ts';
import { REFUSALS } from '../../src/kernel/refusal-rows.ts';
import { refusalText } from '../../src/kernel/refusals.ts';
import { rightsRemedy } from '../../src/kernel/rights.ts';
import { fakeFiles } from '../limits/fake-files.ts';

/** As another user would ask; the effective id is process.geteuid's. */
function as<T>(uid: number, use: () => T): T {
  const real = process.geteuid;
  process.geteuid = () => uid;
  try {
    return use();
  } finally {
    if (real) process.geteuid = real;
  }
}

const OPERATIONS = ['read', 'write', 'find', 'mkdir', 'rmdir', 'clone3', 'signal', 'exec', 'step', 'map'] as const;

/** Each call that a row is about. */
const callsOf = (on: string, files: readonly string[], codes: string): RefusedCall[] =>
  OPERATIONS.filter((operation) => on.split(' ').includes(operation)).flatMap((operation) =>
    files.flatMap((file) =>
      codes.split(' ').map((code) => ({ operation, file: file.replace('*', 'x'), path: '/a', code })),
    ),
  );

/** What the kernel's documents and the manuals list: operation, file, errno names, and a word that the text must have. */
const DOCUMENTED: readonly (readonly [operation: Operation, file: string, codes: string, word: RegExp])[] = [
  ['mkdir', '', 'EAGAIN', /cgroup\.max\.descendants/],
  ['mkdir', '', 'EEXIST', /exists already/],
  ['mkdir', '', 'ENOSPC', /65535 memory cgroups.*drop_caches/],
  ['mkdir', '', 'EINVAL ENAMETOOLONG', /255/],
  ['mkdir', '', 'ENODEV ENOENT', /above it has ended/],
  ['rmdir', '', 'EBUSY', /processes run in it/],
  ['write', 'cgroup.procs', 'EBUSY', /may hold no processes/],
  ['write', 'cgroup.procs', 'ENOTSUP EOPNOTSUPP', /threaded.*name the domain/],
  ['write', 'cgroup.procs', 'EINVAL', /kernel thread/],
  ['write', 'cgroup.procs', 'ESRCH', /has ended/],
  ['write', 'cgroup.procs', 'ENOENT', /outside our cgroup namespace/],
  ['write', 'cgroup.procs', 'ENOSPC', /CPU or memory node/],
  ['write', 'cgroup.procs', 'EACCES', /cgroup above both/],
  ['write', 'cgroup.threads', 'ENOTSUP', /one threaded domain/],
  ['write', 'cgroup.subtree_control', 'EBUSY', /processes run in the cgroup itself.*tscg controllers/],
  ['write', 'cgroup.subtree_control', 'ENOENT', /does not have the controller.*tscg controllers/],
  ['write', 'cgroup.subtree_control', 'EINVAL', /no such controller/],
  ['write', 'cgroup.subtree_control', 'ENOTSUP', /threaded tree/],
  ['write', 'cgroup.type', 'EINVAL ENOTSUP', /never back/],
  ['write', 'cgroup.kill', 'ENOTSUP', /domain/],
  ['write', 'cgroup.kill', 'ENOENT', /5\.14/],
  ['write', 'cgroup.freeze', 'ERANGE EINVAL', /0 or 1/],
  ['write', 'cgroup.max.depth', 'ERANGE EINVAL', /from 0, or max/],
  ['write', 'cpu.max', 'EINVAL', /cpu\.max\.burst/],
  ['write', 'cpu.max.burst', 'EINVAL', /at most the quota/],
  ['write', 'cpu.weight', 'EINVAL', /idle.*cpu\.idle/],
  ['write', 'cpu.weight', 'ERANGE', /1 to 10000/],
  ['write', 'cpu.uclamp.min', 'ERANGE', /100\.00/],
  ['write', 'cpuset.cpus', 'EBUSY', /deadline/],
  ['write', 'cpuset.mems', 'ENOSPC', /no CPU or memory node/],
  ['write', 'cpuset.cpus', 'EINVAL ERANGE', /no such CPU/],
  ['write', 'memory.max', 'EINVAL', /bytes, or max/],
  ['write', 'memory.reclaim', 'EAGAIN', /less to reclaim/],
  ['write', 'memory.reclaim', 'EINTR', /signal/],
  ['write', 'io.max', 'ENODEV', /partition.*whole disk/],
  ['write', 'io.max', 'ERANGE EINVAL', /at least 2/],
  ['write', 'io.weight', 'ENOTSUP', /iocost/],
  ['write', 'io.weight', 'EINVAL', /1 to 10000/],
  ['write', 'io.bfq.weight', 'ENOTSUP', /bfq/],
  ['write', 'io.bfq.weight', 'ERANGE', /1 to 1000/],
  ['write', 'io.cost.qos', 'ENOTSUP', /multi-queue/],
  ['write', 'hugetlb.2MB.max', 'EBUSY', /in use/],
  ['write', 'pids.max', 'EINVAL', /4194304/],
  ['write', 'misc.max', 'EINVAL', /capacity/],
  ['write', 'cpu.pressure', 'EINVAL', /CAP_SYS_RESOURCE/],
  ['read', 'cpu.pressure', 'EOPNOTSUPP', /psi=1/],
  ['read', 'cgroup.procs', 'EOPNOTSUPP', /cgroup\.threads/],
  ['read', 'cgroup.kill', 'EINVAL', /only be written/],
  ['read', 'memory.max', 'ENOENT', /memory controller/],
  ['read', 'cpu.stat', 'ENODEV', /just ended/],
  ['write', 'cpu.max', 'EROFS', /read-only.*on the host/],
  ['write', 'cpu.max', 'EPERM', /root of a cgroup namespace/],
  ['find', '', 'ENOENT', /no such cgroup/],
  ['read', 'cpu.stat', 'EMFILE ENFILE', /ulimit -n/],
  ['clone3', '', 'EAGAIN', /ulimit -u/],
  ['clone3', '', 'EBUSY', /may hold no processes/],
  ['clone3', '', 'ENOENT', /outside our cgroup namespace/],
  ['clone3', 'namespaces', 'ENOTSUP', /threaded/],
  ['clone3', 'namespaces', 'EACCES', /cgroup\.procs/],
  ['clone3', 'user namespaces', 'ENOSPC EUSERS', /max_\*_namespaces/],
  ['clone3', 'user namespaces', 'EPERM', /switched off/],
  ['clone3', '', 'ENOMEM', /no memory/],
  ['signal', '', 'EPERM', /another user/],
  ['map', 'uid_map', 'EPERM EINVAL', /user namespace/],
  ['exec', '', 'EACCES', /noexec/],
  ['exec', '', 'ENOEXEC', /no program for this machine/],
  ['exec', '', 'E2BIG', /too long/],
  ['step', 'mount overlay overlay /r', 'ENODEV', /modprobe overlay/],
  ['step', 'mount overlay overlay /r', 'EINVAL', /laid over/],
  ['step', 'mount proc proc /proc', 'EPERM', /user namespace/],
  ['step', 'pivot /r', 'EINVAL EBUSY', /initramfs/],
  ['step', 'mkdir /r/upper', 'EROFS', /read-only/],
  ['step', 'mkdir /r/upper', 'ENOSPC', /file system is full/],
  ['step', 'unshare', 'ENOSPC', /max_\*_namespaces/],
];

test('every errno that is documented has the reason that fits its operation and file', () => {
  for (const [operation, file, codes, word] of DOCUMENTED) {
    for (const code of codes.split(' '))
      assert.match(refusalText({ operation, file, path: '/a', code }), word, `${operation} ${file} ${code}`);
  }
});

test('every row counts for something: none is hidden whole by those above it', () => {
  const hidden = REFUSALS.filter(
    ({ on = 'read', files = [''], codes, reason }) =>
      typeof reason === 'string' && !callsOf(on, files, codes).some((call) => refusalText(call).startsWith(reason)),
  );
  assert.equal(
    hidden.map(({ on, codes }) => `${on} ${codes}`),
    [],
  );
});

test('a way that is another way leaves it to the caller: clone3 that is filtered or too old has no reason', () => {
  for (const code of ['ENOSYS', 'EINVAL', 'E2BIG']) assert.is(refusalText({ operation: 'clone3', file: '', code }), '');
  assert.is(refusalText({ operation: 'clone3', file: '', code: 'EPERM' }), '');
});

test('sudo is told to who is not root, and never to root', () => {
  assert.is(rightsRemedy('ask the admin', 1000), 'run it with sudo, or ask the admin');
  assert.match(rightsRemedy('ask the admin', 0), /run it on the host$/);
  const every = (): string[] =>
    REFUSALS.flatMap(({ on = 'read', files = [''], codes }) => callsOf(on, files, codes).map(refusalText));
  assert.ok(as(1000, every).some((text) => text.includes('sudo')));
  assert.equal(
    as(0, every).filter((text) => text.includes('sudo')),
    [],
  );
});

test('every message of the programs that speaks of sudo asks who it is told to', () => {
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const speakers = files.filter((file) =>
    readFileSync(join(source, file), 'utf8')
      .split('\n')
      .some((line) => /\bsudo\b/.test(line) && !/^\s*(\/\/|\/?\*)/.test(line)),
  );
  assert.equal(speakers, ['kernel/rights.ts']);
});

test('the message has what was tried, the path, the value, the errno, the reason and the remedy', () => {
  as(1000, () => {
    const { message } = new CgroupFileError('write "50000 100000" to', '/box', 'cpu.max', 'EACCES');
    assert.is(
      message,
      'write "50000 100000" to /box/cpu.max: EACCES (not permitted; run it with sudo, or in a cgroup delegated to you)',
    );
  });
});

test('case 107: cgroup.max.descendants and cgroup.max.depth are named with their value and where they are set', () => {
  const table: readonly [texts: Readonly<Record<string, string>>, parent: string, why: string | undefined][] = [
    [
      { '/cgroup.max.descendants': '2', '/cgroup.stat': 'nr_descendants 2\nnr_dying_descendants 9' },
      '/a/b',
      'cgroup.max.descendants of / is 2, and 2 cgroups are below it; raise it: echo max > /mnt/cgroup.max.descendants',
    ],
    [
      { '/a/cgroup.max.descendants': '0', '/a/cgroup.stat': 'nr_descendants 0' },
      '/a',
      'cgroup.max.descendants of /a is 0, and 0 cgroups are below it; raise it: echo max > /mnt/a/cgroup.max.descendants',
    ],
    [
      { '/a/cgroup.max.depth': '1', '/a/cgroup.max.descendants': 'max' },
      '/a/b',
      'cgroup.max.depth of /a is 1, and this would be level 2 below it; raise it: echo max > /mnt/a/cgroup.max.depth',
    ],
    [{ '/a/cgroup.max.depth': '2' }, '/a/b', undefined],
    [{ '/cgroup.max.descendants': '3', '/cgroup.stat': 'nr_descendants 2\nnr_dying_descendants 9' }, '/a', undefined],
    [{}, '/', undefined],
  ];
  for (const [texts, parent, why] of table)
    assert.is(noRoomForCgroup({ ...fakeFiles(texts), mount: '/mnt' }, parent), why);
});

test('a fork that fails: the cgroup whose pids.max is full is named', () => {
  const files = fakeFiles({
    '/a/pids.max': '5',
    '/a/pids.current': '5',
    '/a/b/pids.max': 'max',
    '/a/b/pids.current': '4',
  });
  assert.equal(noRoomForTask(files, '/a/b'), { path: '/a', max: 5, tasks: 5 });
  assert.is(noRoomForTask(files, '/c'), undefined);
});

test('case 108: a process outside its own cgroup namespace is told from one inside', () => {
  assert.is(outsideNamespace('0::/../outer\n'), '/../outer');
  assert.is(outsideNamespace('1:cpu:/a\n0::/..\n'), '/..');
  for (const text of ['0::/a/b\n', '0::/..x\n', '0::/\n', '']) assert.is(outsideNamespace(text), undefined);
});

test.run();
