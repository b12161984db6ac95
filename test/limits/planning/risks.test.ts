/** What a Plan warns of, and what it says of a file that is not there. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { findLimit } from '../../../src/limits/catalogue/catalogue.ts';
import type { PlanContext } from '../../../src/limits/model.ts';
import { whyMissing } from '../../../src/limits/planning/missing.ts';
import { planSet } from '../../../src/limits/planning/plan.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';
import { boxOf, FRESH, planOf } from '../typed.ts';

const MIB = 2 ** 20;

const risksOf = (words: readonly string[], texts: Readonly<Record<string, string>> = {}, path = '/box'): string =>
  planOf(contextOf(fakeFiles({ ...boxOf(FRESH, path), ...texts })), words, path)
    .risks.map(({ level, text, remedy }) => `${level}: ${text}; ${remedy ?? ''}`)
    .join('\n');

test('a protection beyond the parent’s', () => {
  const texts = { '/pod/memory.low': String(2 ** 20), '/pod/memory.min': '0' };
  assert.match(risksOf(['--memory-low', '8M'], texts, '/pod/box'), /warn: \/pod protects only 1 MiB \(memory.low\)/);
  assert.match(risksOf(['--memory-min', '8M'], texts, '/pod/box'), /warn: \/pod protects nothing/);
  assert.is(risksOf(['--memory-low', '1M'], texts, '/pod/box'), '');
});

test('what an ancestor allows is told as the same change leaves it', () => {
  const told = (file: string, before: readonly number[], after: readonly number[]): string => {
    const [limit, paths] = [findLimit(file), ['/par', '/par/kid']];
    const texts = paths.map((path, at) => [`${path}/${file}`, String(before[at])]);
    const requests = paths.map((path, at) => ({
      target: { kind: 'cgroup' as const, name: path, path, inode: 7 },
      edits: limit ? [{ limit, edit: { after: () => String(after[at]) } }] : [],
    }));
    const { writes, risks } = planSet(requests, contextOf(fakeFiles(Object.fromEntries(texts))));
    return [...writes.flatMap(({ notes }) => notes), ...risks.map(({ text }) => text)].join();
  };
  assert.is(told('memory.max', [10 * MIB, 50 * MIB], [500 * MIB, 500 * MIB]), '');
  assert.match(told('memory.max', [500 * MIB, 50 * MIB], [10 * MIB, 20 * MIB]), /\/par already limits it to 10 MiB/);
  assert.is(told('memory.low', [0, 0], [8 * MIB, 8 * MIB]), '');
  assert.match(told('memory.low', [8 * MIB, 0], [0, 8 * MIB]), /\/par protects nothing/);
});

test('tasks at a limit, and a limit of none', () => {
  const risk = (tasks: number, limit: number): string =>
    risksOf(['--pids', String(limit)], { '/box/pids.current': String(tasks) });
  assert.is(risk(1, 1), 'warn: box has 1 task: every fork fails until none is left; ');
  assert.is(risk(9, 5), 'warn: box has 9 tasks: every fork fails until fewer than 5 are left; ');
  assert.is(risk(0, 0), 'warn: nothing can be started in box: with a pids.max of 0 every fork fails; ');
  assert.is(risk(3, 4), '');
});

const notesOf = (words: readonly string[], texts: Readonly<Record<string, string>>, more: Partial<PlanContext> = {}) =>
  planOf({ ...contextOf(fakeFiles({ ...boxOf(FRESH, '/p/c'), ...texts })), ...more }, words, '/p/c').writes.flatMap(
    ({ notes }) => notes.filter((note) => note.includes('effect')),
  );

const memory = (path: string, max: number, used: number) => ({
  [`${path}/memory.max`]: String(max),
  [`${path}/memory.current`]: String(used),
  [`${path}/memory.stat`]: 'inactive_file 0',
});

test('case 106: a raise has no effect while the parent is full', () => {
  const texts = { ...memory('/p', 100 * MIB, 97 * MIB), ...memory('/p/c', 80 * MIB, 48 * MIB) };
  assert.equal(notesOf(['--memory', '90M'], texts), ['no effect for now: /p has 3 MiB left of 100 MiB']);
  const roomy = { ...texts, ...memory('/p', 100 * MIB, 60 * MIB) };
  assert.equal(notesOf(['--memory', '90M'], roomy), [
    'only part of it has an effect for now: /p has 40 MiB left of 100 MiB',
  ]);
  assert.equal(notesOf(['--memory', '85M'], roomy), []);
  assert.equal(notesOf(['--memory', '70M'], texts), [], 'no raise');
  assert.equal(notesOf(['--memory', '110M'], texts), ['no effect: /p already limits it to 100 MiB']);
  assert.equal(notesOf(['--memory', '90M'], { ...texts, '/p/memory.stat': '' }), [], 'unknown use: nothing is claimed');
});

test('so with tasks, swap, and a CPU quota that siblings use up', () => {
  const tasks = { '/p/pids.max': '100', '/p/pids.current': '99', '/p/c/pids.max': '20', '/p/c/pids.current': '10' };
  assert.equal(notesOf(['--pids', '40'], tasks), ['no effect for now: /p has 1 task left of 100 tasks']);
  const swap = {
    ...{ '/p/memory.swap.max': String(100 * MIB), '/p/memory.swap.current': String(95 * MIB) },
    ...{ '/p/c/memory.swap.max': String(50 * MIB), '/p/c/memory.swap.current': '0' },
  };
  assert.equal(notesOf(['--swap', '60M'], swap), ['no effect for now: /p has 5 MiB left of 100 MiB']);
  const cpu = { '/p/cpu.max': '200000 100000', '/p/c/cpu.max': '50000 100000' };
  const cpusInUse = (paths: readonly string[]) => paths.map((path) => (path === '/p' ? 1.9 : 0.1));
  assert.equal(notesOf(['--cpu', '100%'], cpu, { cpusInUse }), [
    'no effect for now: /p has 10% of one CPU left of 200% of one CPU',
  ]);
  assert.equal(notesOf(['--cpu', '100%'], cpu), [], 'not measured');
});

test('case 105: a limit of the only child that has processes holds it', () => {
  const mount = temporaryFolder();
  const step = '/slurmstepd.scope/job_1/step_0';
  for (const child of ['user', 'slurm']) mkdirSync(join(mount, step, child), { recursive: true });
  const texts = {
    ...boxOf(FRESH, step),
    ...memory(`${step}/user`, 400 * MIB, MIB),
    [`${step}/cgroup.procs`]: '',
    [`${step}/user/cgroup.events`]: 'populated 1',
    [`${step}/slurm/cgroup.events`]: 'populated 1',
  };
  const notes = (more: Readonly<Record<string, string>> = {}) =>
    planOf({ ...contextOf({ ...fakeFiles({ ...texts, ...more }), mount }) }, ['--memory', '1G'], step).writes.flatMap(
      (write) => write.notes.filter((note) => note.includes('effect')),
    );
  assert.equal(notes(), [`no effect: ${step}/user, which has all its processes, is already limited to 400 MiB`]);
  assert.equal(notes({ [`${step}/cgroup.procs`]: '17' }), [], 'it has a process itself');
});

test('what is said of the workload is said once, however many of its limits are set', () => {
  const risks = risksOf(['--cpu', '50%', '--pids', '50', '--memory', '1G'], {}, '/user').split('\n');
  assert.is(risks.length, 1, risks.join('\n'));
  assert.match(risks[0] ?? '', /^refuse: .*your shell run in box/);
});

test('more CPUs than the machine has', () => {
  assert.match(
    risksOf(['--cpu', '1000000%']),
    /^warn: this machine has 4 CPUs: a limit of 10000 CPUs limits nothing; /,
  );
  assert.match(risksOf(['--cpus', '4.5']), /a limit of 4\.5 CPUs limits nothing/);
  assert.is(risksOf(['--cpu', '400%']), '');
  assert.is(risksOf(['--cpu', 'max']), '');
});

test('a weight without siblings, or without iocost', () => {
  const stat = (parent: number) => ({
    '/pod/cgroup.stat': `nr_descendants ${parent}\nnr_dying_descendants 0`,
    '/pod/box/cgroup.stat': 'nr_descendants 0\nnr_dying_descendants 0',
  });
  assert.match(risksOf(['--cpu-weight', '50'], stat(1), '/pod/box'), /warn: \/pod\/box has no siblings/);
  assert.is(risksOf(['--cpu-weight', '50'], stat(2), '/pod/box'), '');
  const off = { '/io.cost.qos': '8:0 enable=0 ctrl=auto' };
  assert.match(risksOf(['--io-weight', '50'], off), /iocost is off on every disk; .*--io-cost-qos/);
  assert.is(risksOf(['--io-weight', '50'], { '/io.cost.qos': '8:0 enable=1 ctrl=auto' }), '');
});

test('CPUs that the machine or the parent does not have', () => {
  const texts = { '/cpuset.cpus.effective': '0-3', '/pod/cpuset.cpus.effective': '0-1' };
  assert.match(risksOf(['--cpuset-cpus', '0-9'], texts), /refuse: this machine has no CPU 4-9/);
  assert.match(
    risksOf(['--cpuset-cpus', '1-2'], texts, '/pod/box'),
    /warn: \/pod has no CPU 2: only the others are used/,
  );
  assert.match(risksOf(['--cpuset-cpus', '3'], texts, '/pod/box'), /it runs on all of 0-1 instead/);
  assert.is(risksOf(['--cpuset-cpus', '1'], texts, '/pod/box'), '');
});

test('a partition in one that is none; a finer weight than a nice value; the whole disk', () => {
  assert.match(
    risksOf(['--cpuset-partition', 'root'], { '/pod/cpuset.cpus.partition': 'member' }, '/pod/box'),
    /\/pod is not a partition itself.*tscg set \/pod --cpuset-partition root/,
  );
  assert.match(
    risksOf(['--cpu-nice', '5'], { '/box/cpu.weight': '150' }),
    /cpu.weight is 150, between two nice values/,
  );
  const root = planOf(contextOf(fakeFiles({ '/io.cost.qos': '' })), ['--io-cost-qos', '/dev/sda enable=1'], '/');
  assert.equal(
    root.risks.map(({ level }) => level),
    ['warn'],
  );
});

test('a file that is not there: where its controller stops and what helps (case 58: not delegated; 69: no swap; 54, 55)', () => {
  const typed = (path: string, texts: Readonly<Record<string, string>>, file = 'memory.max'): string => {
    const limit = findLimit(file);
    assert.ok(limit, file);
    return whyMissing(path, limit, fakeFiles(texts)) ?? '';
  };
  const tree = {
    '/cgroup.controllers': 'cpu io memory',
    '/cgroup.subtree_control': 'cpu io memory',
    '/a/cgroup.type': 'domain',
    '/a/cgroup.controllers': 'cpu io memory',
    '/a/cgroup.subtree_control': 'cpu',
    '/a/cgroup.procs': '',
    '/a/b/cgroup.type': 'domain',
    '/a/b/cgroup.subtree_control': '',
  };
  assert.match(typed('/a/b', tree), /the cgroup.subtree_control of \/a lacks memory; .*tscg controllers \/a \+memory/);
  // libcgroup#271: EBUSY where it holds processes.
  assert.match(typed('/a/b', { ...tree, '/a/cgroup.procs': '12' }), /move its own processes into a child first/);
  // datadog-agent#37190: among threads there is no such file.
  assert.match(typed('/a/b', { ...tree, '/a/b/cgroup.type': 'threaded' }), /is "threaded".*name \/a/);
  assert.match(
    typed('/a', { ...tree, '/cgroup.controllers': 'cpu io' }),
    /this machine has no memory controller.*cgroup_enable=memory/,
  );
  assert.match(typed('/', tree), /the root cgroup has no memory.max/);
  assert.match(
    typed('/a', { ...tree, '/io.cost.qos': '' }, 'io.cost.qos'),
    /in the root cgroup; name \/ instead of \/a/,
  );
  for (const path of ['/', '/a']) {
    assert.match(typed(path, tree, 'io.cost.qos'), /this kernel has no io.cost.qos.*CONFIG_BLK_CGROUP_IOCOST/);
    assert.match(typed(path, { ...tree, '/cgroup.type': 'domain' }, 'io.cost.qos'), /outside of this cgroup namespace/);
    assert.match(typed(path, { '/cgroup.controllers': 'cpu' }, 'io.cost.qos'), /this machine has no io controller/);
  }
  // minikube#10371: swap accounting off.
  assert.match(typed('/a', tree, 'memory.swap.max'), /this kernel has no memory.swap.max.*swapaccount=1/);
  // podman#13379: a user's manager that was not given it.
  const user = '/user.slice/user-1000.slice/user@1000.service';
  const delegated = {
    '/cgroup.controllers': 'cpu memory',
    '/cgroup.subtree_control': 'memory',
    '/user.slice/cgroup.subtree_control': 'memory',
    '/user.slice/user-1000.slice/cgroup.subtree_control': 'memory',
    [`${user}/cgroup.subtree_control`]: '',
    [`${user}/web.service/cgroup.type`]: 'domain',
  };
  assert.match(typed(`${user}/web.service`, delegated), /Delegate=cpu cpuset io memory pids/);
  assert.is(typed('/gone', tree), '');
});

/** A unit of systemd's on a machine with some controllers, of which it has some. */
function unitPlan(words: readonly string[], machine: string, unit: string) {
  const path = '/web.service';
  const sockets = [{ runtime: 'systemd', path: '/run/dbus/system_bus_socket', state: 'usable' }] as const;
  const texts = { '/cgroup.controllers': machine, '/cgroup.subtree_control': unit };
  const files = fakeFiles({ ...texts, ...boxOf({ 'cgroup.type': 'domain', 'cgroup.controllers': unit }, path) });
  return planOf({ ...contextOf(files), owners: { sockets } }, words, path).writes.map(
    ({ via, file }) => `${via} ${file}`,
  );
}

test('systemd is not asked for a file that the kernel lacks; it is for one that comes with its controller', () => {
  const weight = ['--io-weight', '50'];
  assert.throws(() => unitPlan(weight, 'cpu io', 'cpu io'), /this kernel has no io\.weight.*CONFIG_BLK_CGROUP_IOCOST/);
  assert.throws(() => unitPlan(weight, 'cpu', 'cpu'), /this machine has no io controller/);
  assert.equal(unitPlan(weight, 'cpu io', 'cpu'), ['systemd io.weight']);
});

test('a file that comes along with the limit that systemd sets is set after it', () => {
  const set = (words: string, unit = 'pids'): string => unitPlan(words.split(' '), 'cpu pids', unit).join(', ');
  assert.is(set('--cpu 20% --cpu-burst 5ms'), 'systemd cpu.max, cgroupfs cpu.max.burst');
  assert.is(set('--cpu-burst 5ms --cpu-weight 50'), 'systemd cpu.weight, cgroupfs cpu.max.burst');
  assert.throws(() => set('--cpu-burst 5ms'), /\/web\.service has no cpu limits/);
  assert.throws(() => set('--cpu max --cpu-burst 5ms'), /\/web\.service has no cpu limits/);
  assert.throws(() => set('--cpu 20% --cpu-burst 5ms', 'cpu pids'), /this kernel has no cpu\.max/);
});

test.run();
