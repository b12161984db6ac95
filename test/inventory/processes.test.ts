/** Process trees: of a played procfs for what is rare, of the kernel for what is real. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  createProcessReader,
  type ProcessNode,
  type ProcessTree,
  readProcesses,
} from '../../src/inventory/processes.ts';
import { walkWithFs } from '../../src/inventory/walk.ts';
import { eventually, noScratch, withScratch } from '../scratch-cgroup.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const it = suite('processes');
const onKernel = noScratch === undefined ? it : it.skip;

interface Played {
  readonly pid: number;
  readonly ppid?: number;
  readonly comm?: string;
  readonly startTime?: number;
  /** NSpid. */
  readonly pids?: readonly number[];
  readonly namespace?: number;
  readonly cmdline?: string;
  readonly flags?: number;
  readonly utime?: number;
  readonly argStart?: number;
  readonly argEnd?: number;
}

const statText = ({
  pid,
  ppid = 0,
  comm = 'app',
  startTime = 10 * pid,
  flags = 0,
  utime = 11,
  argStart = 0,
  argEnd = 0,
}: Played): string =>
  `${pid} (${comm}) S ${ppid} ${pid} ${pid} 0 -1 ${flags} 0 0 0 0 ${utime} 22 0 0 20 0 3 0 ${startTime} 1000 7 ${'0 '.repeat(23)}${argStart} ${argEnd} 0 0 0\n`;

const statusText = ({ pid, ppid = 0, comm = 'app', pids = [pid] }: Played): string =>
  `Name:\t${comm}\nState:\tS (sleeping)\nTgid:\t${pid}\nPid:\t${pid}\nPPid:\t${ppid}\nUid:\t0\t1000\t0\t0\nNSpid:\t${pids.join('\t')}\n`;

interface Stage {
  readonly proc: string;
  readonly mount: string;
  play(process: Played): void;
  /** Reads it with a count of the files read. */
  read(path?: string, most?: number): Promise<ProcessTree>;
  readonly files: string[];
  /** Time passes. */
  pass(milliseconds: number): void;
}

async function withStage(
  cgroups: Readonly<Record<string, string>>,
  run: (stage: Stage) => Promise<void>,
): Promise<void> {
  const root = temporaryFolder();
  const [proc, mount] = [join(root, 'proc'), join(root, 'cgroup')];
  const files: string[] = [];
  mkdirSync(proc);
  mkdirSync(mount);
  for (const [path, procs] of Object.entries(cgroups)) {
    mkdirSync(join(mount, path), { recursive: true });
    writeFileSync(join(mount, path, 'cgroup.procs'), procs);
  }
  const readFiles = async (paths: readonly string[]): Promise<(string | number)[]> => {
    files.push(...paths);
    return paths.map((path) => {
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return constants.errno.ENOENT;
      }
    });
  };
  let time = 0;
  const options = { proc, mount, readFiles, walk: walkWithFs, clock: () => time };
  const reader = createProcessReader(options);
  await run({
    proc,
    mount,
    files,
    play(process) {
      const folder = join(proc, String(process.pid));
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(join(folder, 'ns'), { recursive: true });
      writeFileSync(join(folder, 'stat'), statText(process));
      writeFileSync(join(folder, 'status'), statusText(process));
      writeFileSync(join(folder, 'schedstat'), '5 6 7\n');
      writeFileSync(join(folder, 'cmdline'), process.cmdline ?? 'app\0-v\0');
      if (process.namespace !== undefined) symlinkSync(`pid:[${process.namespace}]`, join(folder, 'ns/pid'));
    },
    read(path = '/', most) {
      return most === undefined ? reader(path) : createProcessReader({ ...options, most })(path);
    },
    pass(milliseconds) {
      time += milliseconds;
    },
  });
}

/** `pid(children)`, with `!` after one that entered and `*` after the init of a namespace below. */
const shape = (nodes: readonly ProcessNode[]): string =>
  nodes
    .map((node) => `${node.pid}${node.entered ? '!' : ''}${node.isNestedInit ? '*' : ''}${below(node.children)}`)
    .join(' ');

const below = (children: readonly ProcessNode[]): string => (children.length > 0 ? `(${shape(children)})` : '');

it('the whole subtree, rooted at the init, with every field', () =>
  withStage({ '/box': '300\n200\n', '/box/init': '100\n', '/other': '900\n' }, async ({ play, read }) => {
    play({ pid: 100, ppid: 50, pids: [100, 1], namespace: 7 });
    play({ pid: 200, ppid: 100, pids: [200, 5], namespace: 7, cmdline: 'sh\0-c\0x\x1b[2J\ny\0' });
    play({ pid: 300, ppid: 200, pids: [300, 6], namespace: 7, comm: 'a) (b', cmdline: '' });
    play({ pid: 900 });
    const { roots, left } = await read('/box');
    assert.is(shape(roots), '100(200(300))');
    assert.is(left, 0);
    const [init] = roots;
    const [shell] = init?.children ?? [];
    const { children, ...fields } = shell ?? { children: [] };
    assert.equal(fields, {
      pid: 200,
      innerPid: 5,
      ppid: 100,
      comm: 'app',
      command: 'sh -c x[2J↵y',
      state: 'S',
      uid: 1000,
      threads: 3,
      startTime: 2000,
      utimeTicks: 11,
      stimeTicks: 22,
      rssBytes: 7 * 4096,
      waitNs: 6,
      cgroup: '/box',
      pidNamespace: 7,
      entered: false,
      isNestedInit: false,
      isKernelThread: false,
    });
    assert.is(children[0]?.command, '[a) (b]');
  }));

it('what came in from outside is told from what the init started', () =>
  withStage({ '/box': '100\n110\n120\n130\n140\n' }, async ({ play, read }) => {
    play({ pid: 100, ppid: 50, pids: [100, 1], namespace: 7 });
    play({ pid: 110, ppid: 100, pids: [110, 2], namespace: 7 });
    play({ pid: 120, ppid: 60, pids: [120, 3], namespace: 7 });
    play({ pid: 130, ppid: 120, pids: [130, 4], namespace: 7 });
    play({ pid: 140, ppid: 60, pids: [140], namespace: 1 });
    assert.is(shape((await read()).roots), '100(110) 120!(130) 140');
  }));

it('case 75: PID namespaces in a container are subtrees, with the pids of their own; who enters one from the container shows', () =>
  withStage({ '/box': '100\n110\n120\n130\n140\n150\n' }, async ({ play, read }) => {
    play({ pid: 100, ppid: 50, pids: [100, 1], namespace: 7 });
    play({ pid: 110, ppid: 100, pids: [110, 5, 1], namespace: 8 });
    play({ pid: 120, ppid: 110, pids: [120, 6, 2], namespace: 8 });
    play({ pid: 130, ppid: 120, pids: [130, 7, 3, 1], namespace: 9 });
    play({ pid: 140, ppid: 100, pids: [140, 8, 4], namespace: 8 });
    play({ pid: 150, ppid: 60, pids: [150, 9, 5], namespace: 8 });
    const { roots } = await read('/box');
    assert.is(shape(roots), '100(110*(120(130*)) 140!) 150!');
    assert.equal(
      all(roots).map(({ innerPid }) => innerPid),
      [1, 1, 2, 1, 4, 5],
    );
  }));

it('a service has no init, and so nobody entered it', () =>
  withStage({ '/nginx.service': '100\n110\n120\n' }, async ({ play, read }) => {
    play({ pid: 100, ppid: 1 });
    play({ pid: 110, ppid: 100 });
    play({ pid: 120, ppid: 1 });
    assert.is(shape((await read()).roots), '100(110) 120');
  }));

it('a slice that holds containers: their exec sessions entered, services beside them did not', () =>
  withStage({ '/': '1\n2\n40\n50\n60\n100\n120\n' }, async ({ play, read }) => {
    play({ pid: 1, namespace: 1 });
    play({ pid: 2, namespace: 1, flags: 0x00200000 });
    play({ pid: 40, ppid: 2, namespace: 1, flags: 0x00200000 });
    play({ pid: 50, ppid: 1, namespace: 1 });
    play({ pid: 60, ppid: 1, namespace: 1 });
    play({ pid: 100, ppid: 50, pids: [100, 1], namespace: 7 });
    play({ pid: 120, ppid: 60, pids: [120, 3], namespace: 7 });
    assert.is(shape((await read()).roots), '1(50(100*) 60(120!)) 2(40)');
  }));

it('where namespaces may not be seen, the depth tells', () =>
  withStage({ '/box': '100\n120\n130\n' }, async ({ play, read }) => {
    play({ pid: 100, ppid: 50, pids: [100, 1] });
    play({ pid: 120, ppid: 60, pids: [120, 3] });
    play({ pid: 130, ppid: 60 });
    assert.is(shape((await read()).roots), '100 120! 130');
  }));

it('processes that vanish, in part or whole, are left out', () =>
  withStage({ '/box': '100\n110\n120\n130\n' }, async ({ proc, play, read }) => {
    for (const pid of [100, 110, 120]) play({ pid, ppid: pid - 10 });
    rmSync(join(proc, '110/status'));
    writeFileSync(join(proc, '120/stat'), '');
    assert.is(shape((await read()).roots), '100');
    assert.equal(await read('/gone'), { roots: [], left: 0, files: 0 });
  }));

it('a loop of parents, which pids used again can make, ends', () =>
  withStage({ '/box': '100\n110\n120\n' }, async ({ play, read }) => {
    play({ pid: 100, ppid: 110 });
    play({ pid: 110, ppid: 100 });
    play({ pid: 120, ppid: 120 });
    assert.is(shape((await read()).roots), '120');
  }));

it('no more than so many are read, and the rest is counted', () =>
  withStage({ '/box': Array.from({ length: 50 }, (_, i) => 149 - i).join('\n') }, async ({ play, read, files }) => {
    for (let pid = 100; pid < 150; pid++) play({ pid });
    const { roots, left } = await read('/box', 10);
    assert.is(shape(roots), '100 101 102 103 104 105 106 107 108 109');
    assert.is(left, 40);
    assert.is(files.filter((file) => file.endsWith('/stat')).length, 10);
  }));

it('what hardly changes is read once, and again for another program, another process, or one that ran since', () =>
  withStage({ '/box': '100\n' }, async ({ play, read, files, pass }) => {
    const statuses = (): number => files.filter((file) => file.endsWith('/status')).length;
    const command = async (): Promise<string | undefined> => (await read()).roots[0]?.command;
    play({ pid: 100, cmdline: 'one\0' });
    assert.is(await command(), 'one');
    play({ pid: 100, cmdline: 'two\0', utime: 12 });
    assert.is(await command(), 'one');
    assert.is(statuses(), 1);
    play({ pid: 100, cmdline: 'a shell\0', argStart: 7 });
    assert.is(await command(), 'a shell', 'a program of the same name');
    play({ pid: 100, cmdline: '', argStart: 8 });
    assert.is(await command(), '[app]', 'an exec that is under way');
    play({ pid: 100, cmdline: 'a program\0', argStart: 8, argEnd: 9 });
    assert.is(await command(), 'a program', 'an exec that is over');
    play({ pid: 100, cmdline: 'two\0', comm: 'other' });
    assert.is(await command(), 'two', 'exec');
    play({ pid: 100, cmdline: 'three\0', comm: 'other', startTime: 5 });
    assert.is(await command(), 'three', 'the pid was used again');
    play({ pid: 100, cmdline: 'four\0', comm: 'other', startTime: 5, utime: 13 });
    assert.is(await command(), 'three');
    pass(16_000);
    assert.is(await command(), 'four', 'after 16 s');
    const before = statuses();
    pass(16_000);
    await read();
    assert.is(statuses(), before, 'it did not run');
  }));

it('the PID namespace of a process, in which it stays, is read once', () =>
  withStage({ '/box': '100\n' }, async ({ play, read, pass }) => {
    const namespace = async (): Promise<number | undefined> => (await read()).roots[0]?.pidNamespace;
    play({ pid: 100, namespace: 7 });
    assert.is(await namespace(), 7);
    play({ pid: 100, namespace: 8, utime: 12 });
    pass(16_000);
    assert.is(await namespace(), 7);
    play({ pid: 100, namespace: 8, startTime: 5 });
    assert.is(await namespace(), 8, 'the pid was used again');
    play({ pid: 100, startTime: 6 });
    assert.is(await namespace(), undefined, 'it may not be read');
    play({ pid: 100, namespace: 9, startTime: 6, utime: 13 });
    pass(16_000);
    assert.is(await namespace(), 9);
  }));

it('threaded cgroups are read by their threads', async () => {
  const answers: Readonly<Record<string, string | number>> = {
    '/m/cgroup.procs': constants.errno.EOPNOTSUPP,
    '/m/cgroup.threads': '101\n102\n',
    '/p/101/status': statusText({ pid: 100 }),
    '/p/102/status': statusText({ pid: 100 }),
    '/p/100/stat': statText({ pid: 100 }),
    '/p/100/status': statusText({ pid: 100 }),
  };
  const read = createProcessReader({
    proc: '/p',
    mount: '/m',
    walk: async () => ({ paths: ['/'], inodes: [1] }),
    readFiles: async (paths) => paths.map((path) => answers[path] ?? constants.errno.ENOENT),
  });
  const { roots } = await read('/');
  assert.is(shape(roots), '100');
  assert.ok(Number.isNaN(roots[0]?.waitNs));
});

/** Runs a command in a cgroup of ours. */
function spawnIn(directory: string, command: string): ChildProcess {
  return spawn('sh', ['-c', 'echo $$ > "$1/cgroup.procs" && exec sh -c "$2"', 'sh', directory, command], {
    stdio: 'ignore',
  });
}

async function reads(read: () => Promise<ProcessTree>, isSo: (tree: ProcessTree) => boolean): Promise<ProcessTree> {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const tree = await read();
    if (isSo(tree)) return tree;
    if (performance.now() > deadline) throw new Error(`never came true; last: ${shape(tree.roots)}`);
    await sleep(5);
  }
}

const all = (nodes: readonly ProcessNode[]): ProcessNode[] => nodes.flatMap((node) => [node, ...all(node.children)]);

/** Kills what is in the tree, by pid, until it is empty, so that the cgroup can be removed. */
async function empty(read: () => Promise<ProcessTree>, directory: string): Promise<void> {
  for (const { pid } of all((await read()).roots)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has gone.
    }
  }
  await eventually(
    () => readFileSync(join(directory, 'cgroup.events'), 'utf8').includes('populated 0'),
    'nobody is left',
  );
}

onKernel('case 75: a real PID namespace: its init, what it started, and what entered it', () =>
  withScratch('processes', async ({ directory, mount, path }) => {
    mkdirSync(join(directory, 'inner'));
    const read = (): Promise<ProcessTree> => readProcesses('/proc', mount, path);
    try {
      spawnIn(join(directory, 'inner'), 'exec unshare --pid --fork sh -c "sleep 1000 & sleep 1001; true"');
      // A process forked has its parent's command line until it executes its own.
      const hasBegun = ({ command }: { command: string }): boolean => command.startsWith('sleep ');
      const started = await reads(
        read,
        ({ roots }) => all(roots).length === 4 && all(roots).filter(hasBegun).length === 2,
      );
      const init = all(started.roots).find(({ innerPid }) => innerPid === 1);
      assert.ok(init?.isNestedInit);
      if (!init) return;
      assert.equal(
        init.children.map(({ command, entered }) => [command, entered]),
        [
          ['sleep 1000', false],
          ['sleep 1001', false],
        ],
      );
      assert.ok(init.pidNamespace !== undefined && init.pidNamespace !== started.roots[0]?.pidNamespace);
      assert.is(init.children[0]?.pidNamespace, init.pidNamespace);
      assert.ok((init.children[0]?.innerPid ?? 0) > 1);

      const enter = 'exec nsenter --target "$1" --pid sh -c \'echo 0 > "$1/cgroup.procs"; exec sleep 1002\' sh "$2"';
      spawn('sh', ['-c', enter, 'sh', String(init.pid), directory], { stdio: 'ignore' });
      const entered = await reads(read, ({ roots }) => all(roots).some(({ command }) => command === 'sleep 1002'));
      assert.equal(
        all(entered.roots)
          .filter((node) => node.entered)
          .map(({ command }) => command),
        ['sleep 1002'],
      );
    } finally {
      await empty(read, directory);
    }
  }),
);

onKernel('a real threaded cgroup', () =>
  withScratch('threaded', async ({ directory, mount, path }) => {
    const read = (): Promise<ProcessTree> => readProcesses('/proc', mount, path);
    const threads = join(directory, 'threads');
    mkdirSync(threads);
    writeFileSync(join(threads, 'cgroup.type'), 'threaded');
    try {
      const child = spawnIn(directory, 'exec sleep 1000');
      await reads(read, ({ roots }) => roots[0]?.command === 'sleep 1000');
      writeFileSync(join(threads, 'cgroup.threads'), String(child.pid));
      const { roots } = await readProcesses('/proc', mount, `${path}/threads`);
      assert.equal(
        roots.map(({ pid, command }) => [pid, command]),
        [[child.pid, 'sleep 1000']],
      );
    } finally {
      await empty(read, directory);
    }
  }),
);

it.run();
