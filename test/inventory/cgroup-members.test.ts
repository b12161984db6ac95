/** A process tree of which only that is read which can have changed, against one that is read whole. */

import { constants } from 'node:os';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { CgroupTimes } from '../../src/inventory/cgroup-members.ts';
import { createProcessReader, type ProcessNode } from '../../src/inventory/processes.ts';
import { isWithin } from '../../src/kernel/cgroup-path.ts';

interface Task {
  readonly pid: number;
  ppid: number;
  comm: string;
  state: string;
  utime: number;
  waitNs: number;
  pages: number;
  threads: number;
  cgroup: string;
  /** Of one that another process moved: it has not run there, it has, the figures tell so. Then it is read there. */
  place: 'read' | 'other' | 'run' | 'told';
}

const NEW_TASK = { comm: 'app', state: 'S', utime: 0, waitNs: 0, pages: 1, threads: 1, place: 'read' } as const;

const TURN_MS = 10_000;

/** What a file of the kernel says. */
function textOf(path: string, tasks: ReadonlyMap<number, Task>, countsWaits: boolean): string | number {
  if (path.startsWith('/m/')) {
    const cgroup = path.slice(2, path.lastIndexOf('/'));
    return [...tasks.values()].flatMap((one) => (one.cgroup === cgroup ? [`${one.pid}\n`] : [])).join('');
  }
  const [, pid, file] = /^\/p\/(\d+)\/(\w+)$/.exec(path) ?? [];
  const task = tasks.get(Number(pid));
  if (!task) return constants.errno.ENOENT;
  if (file === 'schedstat') return countsWaits ? `1 ${task.waitNs} 1\n` : '0 0 0\n';
  if (file !== 'stat') return `Uid:\t0\t0\t0\t0\nNSpid:\t${task.pid}\n`;
  const { comm, state, ppid, utime, threads, pages } = task;
  return `${task.pid} (${comm}) ${state} ${ppid} 0 0 0 0 0 0 0 0 0 ${utime} 0 0 0 20 0 ${threads} 0 ${task.pid} 0 ${pages}\n`;
}

/** A kernel with some cgroups below /box, of which the first has the one that takes orphans. */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
function playKernel(countsWaits = true) {
  const usages = new Map(['/box', '/box/a', '/box/b', '/box/b/c'].map((path) => [path, 0]));
  const tasks = new Map<number, Task>();
  const files: string[] = [];
  let [time, paths, pids] = [0, [...usages.keys()], 100];

  function start(ppid: number, cgroup: string): Task {
    const task: Task = { ...NEW_TASK, pid: pids++, ppid, cgroup };
    tasks.set(task.pid, task);
    return task;
  }

  /** Less than a tick of the process's own figures, or some of them. */
  function use(task: Task, ticks: number): void {
    task.utime += ticks;
    for (const [path, usage] of usages) if (isWithin(task.cgroup, path)) usages.set(path, usage + 10_000 * ticks + 300);
  }

  /** Its main thread does. */
  function run(task: Task, ticks: number): void {
    use(task, ticks);
    task.waitNs += 7;
    if (task.place === 'other') task.place = 'run';
    task.state = 'S';
  }

  function end(task: Task): void {
    // One that is moved and ends before it was read in its new place is missed in the turn of the old one.
    if (task.pid === 100 || task.place !== 'read') return;
    run(task, 0);
    tasks.delete(task.pid);
    for (const child of tasks.values()) if (child.ppid === task.pid) child.ppid = 100;
  }

  function move(task: Task, { cgroup }: Task): void {
    task.cgroup = cgroup;
    task.place = 'other';
  }

  const happenings: Readonly<Record<string, (task: Task, other: Task) => void>> = {
    run: (task) => run(task, 3),
    'run for a moment': (task) => run(task, 0),
    'run, and wait for a CPU': (task) => {
      run(task, 1);
      task.state = 'R';
    },
    'wait for longer': (task) => {
      if (task.state === 'R') task.waitNs += 100;
    },
    'start a thread': (task) => {
      run(task, 0);
      task.threads++;
    },
    'run in another thread': (task) => {
      if (task.threads > 1) use(task, 2);
    },
    execute: (task) => {
      run(task, 0);
      task.comm += 'x';
    },
    fork: (task) => {
      run(task, 0);
      start(task.pid, task.cgroup);
    },
    end,
    'lose memory': (task) => void task.pages++,
    'be moved': move,
    'be moved, and run': (task, other) => {
      move(task, other);
      run(task, 1);
    },
    'make a cgroup': (task) => {
      const path = `${task.cgroup}/${paths.length}`;
      usages.set(path, 0);
      paths = [...usages.keys()].toSorted();
      task.cgroup = path;
      run(task, 0);
    },
  };

  start(1, '/box');
  for (const path of ['/box/a', '/box/b', '/box/b/c']) start(start(100, path).pid, path);
  return {
    files,
    options: {
      ...{ proc: '/p', mount: '/m', clock: () => time },
      walk: async () => ({ paths, inodes: [] }),
      readFiles: async (asked: readonly string[]) => {
        files.push(...asked);
        return asked.map((path) => textOf(path, tasks, countsWaits));
      },
    },
    /** To one of the processes; another one has a part in it. */
    happen(what: string, which: number, another: number) {
      const all = [...tasks.values()];
      const [one, other] = [all[which % all.length], all[another % all.length]];
      if (one && other) happenings[what]?.(one, other);
    },
    /** After a reading. */
    pass(milliseconds: number) {
      time += milliseconds;
      for (const task of tasks.values()) if (task.place === 'told') task.place = 'read';
    },
    times(): CgroupTimes {
      for (const task of tasks.values()) if (task.place === 'run') task.place = 'told';
      return { paths, usages: paths.map((path) => usages.get(path) ?? Number.NaN) };
    },
    happenings: Object.keys(happenings),
  };
}

/** What a turn alone tells of is left out. */
const exact = (nodes: readonly ProcessNode[]): unknown[] =>
  nodes.map(({ rssBytes: _, cgroup: __, state: ___, children, ...node }) => ({ ...node, children: exact(children) }));

const happeningBut = (...left: readonly string[]) =>
  fc.tuple(fc.constantFrom(...playKernel().happenings.filter((what) => !left.includes(what))), fc.nat(30), fc.nat(30));
const reading = fc.record({
  before: fc.array(happeningBut('be moved'), { maxLength: 4 }),
  /**
   * When the figures are known and the processes are not read yet. One that enters a cgroup that is made just then is missed,
   * and where it ends in the next moment, its children show their new parent in their turn.
   */
  meanwhile: fc.array(happeningBut('be moved', 'make a cgroup'), { maxLength: 2 }),
  /** No two readings are at the same time. */
  pause: fc.integer({ min: 1, max: 1500 }),
});

test('the tree is the one that is read whole, at each reading; after a turn in memory and place too', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(reading, { maxLength: 40, size: 'max' }),
      fc.array(fc.nat(30)),
      fc.boolean(),
      async (readings, moves, countsWaits) => {
        const kernel = playKernel(countsWaits);
        const read = createProcessReader({ ...kernel.options, turnMs: TURN_MS });
        const whole = async (): Promise<readonly ProcessNode[]> =>
          (await createProcessReader(kernel.options)('/box')).roots;
        for (const { before, meanwhile, pause } of readings) {
          for (const one of before) kernel.happen(...one);
          const times = kernel.times();
          for (const one of meanwhile) kernel.happen(...one);
          const { roots } = await read('/box', times);
          if (meanwhile.length === 0) assert.equal(exact(roots), exact(await whole()));
          kernel.pass(pause);
        }
        for (const one of moves) kernel.happen('be moved', one, 3 * one);
        for (let passed = 0; passed <= TURN_MS; passed += 1000) {
          kernel.pass(1000);
          await read('/box', kernel.times());
        }
        assert.equal((await read('/box', kernel.times())).roots, await whole());
      },
    ),
  ));

test('where nothing ran, nothing is read but in turn', async () => {
  const kernel = playKernel();
  const read = createProcessReader({ ...kernel.options, turnMs: TURN_MS });
  const filesOf = async (): Promise<number> => {
    kernel.files.length = 0;
    const { files } = await read('/box', kernel.times());
    assert.is(kernel.files.filter((file) => !/status|cmdline/.test(file)).length, files);
    return files;
  };
  assert.is(await filesOf(), 4 + 2 * 7);
  assert.is(await filesOf(), 0);
  kernel.happen('run', 1, 0);
  assert.is(
    await filesOf(),
    2 + 3 + 1,
    'lists of its cgroup and the one above, which of three ran, and the one that did',
  );
  let files = 0;
  for (let passed = 0; passed < TURN_MS; passed += 1000) {
    kernel.pass(1000);
    const read = await filesOf();
    assert.ok(read < 4 + 2 * 7, 'turns are spread');
    files += read;
  }
  assert.is(files, 4 + 2 * 7);
  const unknown = { ...kernel.times(), usages: [] };
  for (const _ of [1, 2]) assert.is((await read('/box', unknown)).files, 4 + 7, 'no figure, but a schedstat of each');
  for (const _ of [1, 2]) assert.is((await read('/box')).files, 4 + 2 * 7, 'whole');
});

test('where cgroups are very many, the memory of each process is read as often', async () => {
  const kernel = playKernel();
  const read = createProcessReader({ ...kernel.options, turnMs: TURN_MS });
  const { paths, usages } = kernel.times();
  const many = [...paths, ...Array.from({ length: 5000 }, (_, index) => `/box/empty/${index}`)];
  const times = { paths: many, usages: many.map((_, index) => usages[index] ?? 0) };
  const memoryOf = async () => (await read('/box', times)).roots[0]?.rssBytes ?? Number.NaN;
  const before = await memoryOf();
  kernel.happen('lose memory', 0, 0);
  kernel.pass(TURN_MS);
  assert.ok((await memoryOf()) > before);
});

test('of more processes than are read at most, those that ran last are among them', async () => {
  const kernel = playKernel();
  const read = createProcessReader({ ...kernel.options, turnMs: TURN_MS, most: 3 });
  const pids = (nodes: readonly ProcessNode[]): number[] => nodes.flatMap((one) => [one.pid, ...pids(one.children)]);
  const first = await read('/box', kernel.times());
  assert.equal(pids(first.roots), [100, 101, 102]);
  assert.is(first.left, 4);
  kernel.pass(1000);
  kernel.happen('run', 5, 0);
  assert.equal(pids((await read('/box', kernel.times())).roots).sort(), [103, 105, 106]);
});

test.run();
