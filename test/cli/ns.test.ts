/** tscg ns: the tree as data; and the command against lsns and what this test itself put into namespaces. */

import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { treeOf } from '../../src/cli/namespace-tree.ts';
import type { Namespace } from '../../src/inventory/namespaces.ts';
import { onMount, tscg, tscgJson, withBox } from '../boxes.ts';

const mountTest = onMount(test);
const ROOT = `/tscg-test-ns-${process.pid}`;

const namespace = (kind: Namespace['kind'], inode: number, above: Partial<Namespace> = {}): Namespace => ({
  kind,
  inode,
  isHost: false,
  processes: 1,
  cgroups: new Map(),
  mountPoints: [],
  ...above,
});

const ALL = [
  namespace('net', 10, { owner: 1 }),
  namespace('net', 11, { owner: 3 }),
  namespace('pid', 20, { owner: 1 }),
  namespace('pid', 21, { owner: 1, parent: 20 }),
  namespace('pid', 22, { owner: 3, parent: 21 }),
  namespace('user', 1),
  namespace('user', 2, { owner: 1, parent: 1 }),
  namespace('user', 3, { owner: 2, parent: 2 }),
  namespace('uts', 30),
];

const drawn = (kind?: Namespace['kind']): string[] =>
  treeOf(ALL, kind).map((line) => `${line.branch}${line.namespace.kind} ${line.namespace.inode}`);

test('the tree: by owner, pid and user namespaces by parent; without an owner at the top', () => {
  assert.equal(drawn(), [
    'user 1',
    '├─ net 10',
    '├─ pid 20',
    '│  └─ pid 21',
    '└─ user 2',
    '   └─ user 3',
    '      ├─ net 11',
    '      └─ pid 22',
    'uts 30',
  ]);
  assert.equal(drawn('pid'), ['pid 20', '└─ pid 21', '   └─ pid 22']);
  assert.equal(drawn('user'), ['user 1', '└─ user 2', '   └─ user 3']);
  assert.equal(drawn('net'), ['user 1', '├─ net 10', '└─ user 2', '   └─ user 3', '      └─ net 11']);
  assert.equal(drawn('uts'), ['uts 30']);
});

test('a kind that is none, --tree of one name, and an unknown name end with exit code 2', () => {
  assert.equal([tscg('ns', '--type', 'disk').status, tscg('ns', '--tree', 'self').status], [2, 2]);
  assert.is(tscg('ns', 'no-such-thing').status, 2);
});

interface Listed {
  readonly type: string;
  readonly ns: number;
  readonly processes: number;
  readonly pid: number;
}

/** Processes come and go everywhere but in those namespaces. */
const keyOf = ({ type, ns, processes, pid }: Listed, counted: ReadonlySet<number>): string =>
  `${type} ${ns}${counted.has(ns) ? ` ${processes}` : ''} from ${pid}`;

function lsns(counted: ReadonlySet<number>): string[] {
  const { stdout, error } = spawnSync('lsns', ['--json', '--list', '--output', 'NS,TYPE,NPROCS,PID'], {
    encoding: 'utf8',
  });
  if (error) throw error;
  const { namespaces }: { namespaces: { ns: number; type: string; nprocs: number; pid: number }[] } =
    JSON.parse(stdout);
  return namespaces.map(({ ns, type, nprocs, pid }) => keyOf({ ns, type, processes: nprocs, pid }, counted));
}

const hasLsns = spawnSync('lsns', ['--version']).status === 0;

mountTest('as lsns, where namespaces stay meanwhile; and who shares what with whom', () =>
  withBox(`${ROOT}/first`, (first) =>
    withBox(`${ROOT}/second`, async (second) => {
      const kinds = '--user --map-root-user --mount --net --uts --ipc --cgroup --pid';
      const outer = await first.run(`exec unshare ${kinds} --fork --kill-child sh -c 'sleep 1000 & exec sleep 1001'`);
      const inner = await childOf(outer.pid ?? 0);
      if (inner === undefined) return console.log('SKIP: unshare may not make namespaces here');
      await second.run(`exec nsenter --target ${inner} --net --ipc --user --preserve-credentials sleep 1002`);
      const entered = (): boolean =>
        second
          .read('cgroup.procs')
          .split('\n')
          .every((pid) => netOf(pid) === netOf(inner));
      while (!entered()) await new Promise((resolve) => setTimeout(resolve, 10));

      if (hasLsns) {
        const own = new Set(['user', 'net', 'uts', 'ipc', 'cgroup'].map((kind) => namespaceOf(inner, kind)));
        const before = lsns(own);
        const { stdout } = tscg('ns', '--json');
        const now: readonly Listed[] = JSON.parse(stdout);
        const after = new Set(lsns(own));
        const ours = new Set(now.map((one) => keyOf(one, own)));
        const steady = before.filter((key) => after.has(key));
        assert.equal(
          steady.filter((key) => !ours.has(key)),
          [],
        );
        const net = now.find(({ ns }) => ns === netOf(inner));
        assert.ok(net && steady.includes(keyOf(net, own)) && net.processes >= 3, JSON.stringify(net));
      } else console.log('SKIP the comparison: no lsns here');

      const { namespaces, unavailable } = tscgJson('ns', `${ROOT}/first`);
      const found: readonly Readonly<Record<string, unknown>>[] = Array.isArray(namespaces) ? namespaces : [];
      const of = (type: string) => found.filter((row) => row.type === type);
      assert.equal(unavailable, {});
      const [net] = of('net');
      assert.equal([net?.ns, net?.whose], [netOf(inner), 'shared']);
      assert.equal(net?.shared_with, [{ name: 'second', path: `${ROOT}/second` }]);
      const [uts] = of('uts');
      assert.equal([uts?.whose, uts?.processes, uts?.owner], ['own', 3, of('user')[0]?.ns]);
      // unshare's own process stays in the host's pid namespace: all are listed, with how many are in each.
      assert.equal(
        of('pid').map(({ whose, processes }) => [whose, processes]),
        [
          ['own', 2],
          ['host', 1],
        ],
      );
      assert.equal(of('user')[0]?.uid_map, [{ inside: 0, outside: process.getuid?.(), count: 1 }]);
      const text = tscg('ns', `${ROOT}/first`).stdout;
      assert.match(text, /^net +\d+ +shared +3 +\d+ +second$/m);
      assert.match(text, /^ids of user \d+: 0 → 0$/m);
    }),
  ),
);

async function childOf(pid: number): Promise<number | undefined> {
  for (let tries = 0; tries < 3000; tries++) {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
    if (child && readFileSync(`/proc/${child}/task/${child}/children`, 'utf8') !== '') return Number(child);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return undefined;
}

const namespaceOf = (pid: number | string, kind: string): number => statSync(`/proc/${pid}/ns/${kind}`).ino;

const netOf = (pid: number | string): number => namespaceOf(pid, 'net');

test.run();
