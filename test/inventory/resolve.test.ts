/** Which workload a name means. */

import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { identify } from '../../src/inventory/identity.ts';
import { pathName } from '../../src/inventory/names.ts';
import {
  AmbiguousNameError,
  BadNameError,
  findWorkload,
  NoSuchNameError,
  resolve,
  straightPath,
} from '../../src/inventory/resolve.ts';
import { walkTo } from '../../src/inventory/walk.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { editDistance, nearest } from '../../src/text/near-names.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const A = 'dd479c33249f6c3f0f1189aa88f07dad3eeb3e6fedfc71385c27ddd699994831';
const B = 'dd472a5ff5eef3c4222a6551b992b9360a99122f77d2229783f0ee0946dfd800';
const C = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef';
const UID = '87c52d60-fefd-45a9-a420-895256fc03b5';

let inodes = 100;
function workload(path: string, names: Partial<Workload> = {}): Workload {
  const identity = identify(path);
  return { ...identity, path, inode: inodes++, name: pathName(identity, path), ...names };
}

const WORKLOADS: readonly Workload[] = [
  workload('/'),
  workload('/docker'),
  workload(`/docker/${A}`, { name: 'web' }),
  workload(`/docker/${A}/init`),
  workload(`/docker/${B}`, { name: 'nginx' }),
  workload('/system.slice'),
  workload('/system.slice/nginx.service'),
  workload('/system.slice/cron.service'),
  workload('/system.slice/both.service'),
  workload('/system.slice/both.scope'),
  workload(`/machine.slice/libpod-${C}.scope`, { name: 'dup' }),
  workload(`/machine.slice/libpod-${C}.scope/container`),
  workload(`/machine.slice/libpod-conmon-${C}.scope`),
  workload(`/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${'e'.repeat(64)}.scope`, { name: 'dup' }),
  workload(`/kubepods/burstable/pod${UID}`, { name: 'shop-0', pod: 'shop-0', namespace: 'prod' }),
  workload(`/kubepods/burstable/pod${UID}/${'f'.repeat(64)}`, { name: 'shop-0/app', pod: 'shop-0', namespace: 'prod' }),
  workload('/box'),
  workload('/box/abc'),
  workload('/a b/x'),
  workload('/hex/dd4'),
];

test('a directory that is called as a container, or as its id, is not preferred over it', () => {
  const scope = `docker-${A}.scope`;
  const web = workload(`/system.slice/${scope}`, { name: 'web', initPid: 407 });
  const called: Workload = { kind: 'cgroup', path: `/box/${scope}`, inode: 7, name: scope };
  const both = [called, web];
  for (const query of ['web', A, A.slice(0, 12)]) assert.is(findWorkload(both, query), web, query);
  assert.throws(
    () => findWorkload(both, scope),
    (error: Error) => error instanceof AmbiguousNameError && error.candidates.length === 2,
  );
  // Where no runtime has said which of them it is, both are told.
  const unknown = workload(`/box/${scope}`);
  assert.throws(() => findWorkload([unknown, workload(`/system.slice/${scope}`)], A), /ambiguous.*\/box.*\/system/s);
});

const FOUND: readonly (readonly [query: string, path: string])[] = [
  ['web', `/docker/${A}`],
  [A, `/docker/${A}`],
  ['dd479', `/docker/${A}`],
  ['DD479', `/docker/${A}`],
  ['dd472a5ff5ee', `/docker/${B}`],
  ['012', `/machine.slice/libpod-${C}.scope`],
  ['nginx', `/docker/${B}`],
  ['nginx.service', '/system.slice/nginx.service'],
  ['cron', '/system.slice/cron.service'],
  ['system', '/system.slice'],
  ['shop-0', `/kubepods/burstable/pod${UID}`],
  ['shop-0/app', `/kubepods/burstable/pod${UID}/${'f'.repeat(64)}`],
  ['prod/shop-0/app', `/kubepods/burstable/pod${UID}/${'f'.repeat(64)}`],
  ['prod/shop-0', `/kubepods/burstable/pod${UID}`],
  [UID, `/kubepods/burstable/pod${UID}`],
  ['87c52d60-fe', `/kubepods/burstable/pod${UID}`],
  ['box', '/box'],
  ['abc', '/box/abc'],
  ['dd4', '/hex/dd4'],
  ['/box', '/box'],
  ['/box/', '/box'],
  ['/', '/'],
  ['/a b/x', '/a b/x'],
  [`/docker/${A}/init`, `/docker/${A}/init`],
  ['/sys/fs/cgroup/box', '/box'],
  ['/sys/fs/cgroup/box/', '/box'],
  ['/sys/fs/cgroup', '/'],
  ['/sys/fs/cgroup/', '/'],
  [`libpod-conmon-${C}.scope`, `/machine.slice/libpod-conmon-${C}.scope`],
  [
    `docker-${'e'.repeat(64)}.scope`,
    `/user.slice/user-1000.slice/user@1000.service/user.slice/docker-${'e'.repeat(64)}.scope`,
  ],
];

for (const [query, path] of FOUND) {
  test(`${query} is ${path}`, () => assert.is(findWorkload(WORKLOADS, query, '/sys/fs/cgroup').path, path));
}

function caught(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

const AMBIGUOUS: readonly (readonly [query: string, count: number])[] = [
  ['dup', 2],
  ['both', 2],
  ['dd47', 2],
];

for (const [query, count] of AMBIGUOUS) {
  test(`${query} is ambiguous`, () => {
    const error = caught(() => findWorkload(WORKLOADS, query));
    assert.instance(error, AmbiguousNameError);
    if (!(error instanceof AmbiguousNameError)) return;
    assert.is(error.candidates.length, count);
    for (const { path, kind } of error.candidates) assert.ok(error.message.includes(`(${kind}) ${path}`));
  });
}

const UNKNOWN: readonly (readonly [query: string, near: readonly string[]])[] = [
  ['wbe', ['web']],
  ['ngnix', ['nginx']],
  ['nginx.servcie', ['nginx.service']],
  ['zzzzzzzz', []],
  ['dd', ['dd4']],
  ['qq', []],
  ['init', []],
  ['container', []],
];

for (const [query, near] of UNKNOWN) {
  test(`${query} is nobody`, () => {
    const error = caught(() => findWorkload(WORKLOADS, query));
    assert.instance(error, NoSuchNameError);
    assert.equal(error instanceof NoSuchNameError ? error.near.slice(0, near.length || 1) : undefined, near);
  });
}

test('a path that is not there names the nearest', () => {
  const error = caught(() => findWorkload(WORKLOADS, '/box/abd'));
  assert.instance(error, NoSuchNameError);
  assert.match(String(error), 'there is no cgroup /box/abd; did you mean /box/abc');
});

test('a path without its first slash is taken for a slip, bytes that are no UTF-8 are told', () => {
  const messageOf = (query: string): string => String(caught(() => findWorkload(WORKLOADS, query)));
  assert.match(messageOf('box/abc'), 'did you mean /box/abc?');
  assert.match(messageOf('/box/\ufffd'), 'the path /box/\ufffd is no UTF-8');
});

for (const path of ['/box/../docker', '/..', '/box/./abc', '//box', '/box//abc', '/box/abc//', '/./', '/a\0b', '']) {
  test(`${JSON.stringify(path)} is refused`, () => {
    assert.instance(
      caught(() => findWorkload(WORKLOADS, path, '/sys/fs/cgroup')),
      BadNameError,
    );
  });
}

test('messages hold no escape sequence', () => {
  const odd = [workload('/x\x1b[2J'), workload('/y/x\x1b[2J')];
  for (const query of ['x[2J', 'q\x1b[2J', '/q\x1b[2J', '/x\x1b[2J/..']) {
    assert.not(String(caught(() => findWorkload(odd, query))).includes('\x1b'));
  }
});

async function withProc(
  cgroups: Readonly<Record<string, string>>,
  run: (proc: string) => Promise<void>,
): Promise<void> {
  const proc = temporaryFolder();
  for (const [pid, text] of Object.entries(cgroups)) {
    mkdirSync(join(proc, pid));
    writeFileSync(join(proc, pid, 'cgroup'), text);
  }
  await run(proc);
}

test('pid: and self are the container that the process is in, not the leaf inside', () =>
  withProc(
    {
      self: `0::/machine.slice/libpod-${C}.scope/container\n`,
      '1': `1:net_cls:/\n0::/docker/${A}/init\n`,
      '2': '0::/box/abc\n',
      '3': '0::/box/abc (deleted)\n',
      '4': '0::/../../x\n',
      '5': '4:memory:/user.slice\n',
      '6': `0::/docker/${A}/just/made\n`,
      '7': '0::/\n',
      '8': '0::/box/new\n',
    },
    async (proc) => {
      const of = async (query: string, self?: number): Promise<string> =>
        (await resolve(WORKLOADS, query, { proc, ...(self && { self }) })).path;
      assert.is(await of('self'), `/machine.slice/libpod-${C}.scope`);
      assert.is(await of('self', 2), '/box/abc');
      assert.is(await of('pid:1'), `/docker/${A}`);
      assert.is(await of('pid:2'), '/box/abc');
      assert.is(await of('pid:6'), `/docker/${A}`);
      assert.is(await of('pid:7'), '/');
      for (const [query, reason] of [
        ['pid:3', /was removed/],
        [
          'pid:4',
          /outside the part of the hierarchy that is visible here, its own cgroup namespace; run tscg on the host/,
        ],
        ['pid:5', /no cgroup v2/],
        ['pid:8', /there is no cgroup/],
        ['pid:99', /no such process/],
      ] as const) {
        const error: unknown = await of(query).catch((reason: unknown) => reason);
        assert.instance(error, NoSuchNameError, query);
        assert.match(String(error), reason);
      }
      for (const query of ['pid:', 'pid:0', 'pid:-1', 'pid:1.5', 'pid:x', 'pid:../1', 'pid:99999999999']) {
        assert.instance(await of(query).catch((error: unknown) => error), BadNameError, query);
      }
    },
  ));

test('a path or pid among those on its way means what it means among all; a name needs all', () =>
  withProc({ self: `0::/docker/${A}/init\n`, '6': `0::/docker/${A}/just/made\n` }, async (proc) => {
    const options = { proc, mount: '/sys/fs/cgroup' };
    const paths = FOUND.map(([query]) => query).filter((query) => query.startsWith('/'));
    for (const query of [...paths, 'self', 'pid:6']) {
      const straight = await straightPath(query, options);
      const few = WORKLOADS.filter(({ path }) => `${straight}/`.startsWith(path === '/' ? '/' : `${path}/`));
      assert.equal(await resolve(few, query, options), await resolve(WORKLOADS, query, options), query);
    }
    for (const query of ['web', 'dd47', 'prod/shop-0', 'nginx.service', '', 'pid', 'selfish'])
      assert.is(await straightPath(query, options), undefined, query);
    for (const query of ['/a/../b', '/sys/fs/cgroup/../x', '//a', 'pid:x'])
      assert.instance(await straightPath(query, options).catch((error: unknown) => error), BadNameError, query);
  }));

test('a walk to some cgroups finds them and those above, with their inodes, and nobody else', async () => {
  const mount = temporaryFolder();
  for (const path of ['a/b/c', 'a/other', 'd']) mkdirSync(join(mount, path), { recursive: true });
  writeFileSync(join(mount, 'cgroup.procs'), '');
  const { paths, inodes } = await walkTo(['/a/b/c', '/d', '/a/gone', '/cgroup.procs'])(mount, '/');
  assert.equal([...paths].sort(), ['/', '/a', '/a/b', '/a/b/c', '/d']);
  for (const [index, path] of paths.entries()) {
    assert.is(inodes[index], statSync(join(mount, path)).ino);
    assert.ok(path === '/' || paths.indexOf(path.slice(0, path.lastIndexOf('/')) || '/') < index, 'parents first');
  }
});

test('any query finds one, or says why not', () => {
  const queries = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `/${text}`),
    fc.constantFrom(...FOUND.map(([query]) => query)),
  );
  fc.assert(
    fc.property(queries, (query) => {
      try {
        findWorkload(WORKLOADS, query, '/sys/fs/cgroup');
      } catch (error) {
        const isKnown = [AmbiguousNameError, NoSuchNameError, BadNameError].some((type) => error instanceof type);
        assert.ok(isKnown, String(error));
      }
    }),
  );
});

test('edit distance', () => {
  assert.is(editDistance('', 'abc'), 3);
  assert.is(editDistance('web', 'web'), 0);
  assert.is(editDistance('wbe', 'web'), 1);
  assert.is(editDistance('kitten', 'sitting'), 3);
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      assert.is(editDistance(a, b), editDistance(b, a));
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
    }),
  );
});

test('at most five are near, each once', () => {
  assert.equal(nearest('*', ['a', 'b', '1']), []);
  assert.equal(nearest('px', ['pm', 'px-pod/px', 'px/else']), ['px-pod/px', 'pm']);
  assert.equal(nearest('web', ['web1', 'web2', 'web3', 'web4', 'web5', 'web6', 'web1', 'other']), [
    'web1',
    'web2',
    'web3',
    'web4',
    'web5',
  ]);
});

test.run();
