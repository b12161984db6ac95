/** snapshot → read → plan is empty, whatever is set; and from nothing set it leads back to what was. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Workload } from '../../../src/inventory/workload.ts';
import { LIMITS } from '../../../src/limits/catalogue/catalogue.ts';
import { planDiff } from '../../../src/limits/policy/diff.ts';
import { readPolicy } from '../../../src/limits/policy/read.ts';
import { planPolicy, policyRequests } from '../../../src/limits/policy/requests.ts';
import { snapshotPolicy } from '../../../src/limits/policy/snapshot.ts';
import { spell } from '../../../src/limits/policy/spell.ts';
import { unitDefaults } from '../../../src/limits/policy/unit-defaults.ts';
import { fakeBus, hasDaemon, variant } from '../../inventory/runtimes/fake-bus.ts';
import { temporaryFolder } from '../../temporary-folder.ts';
import { contextOf, fakeFiles } from '../fake-files.ts';

const workload = (name: string, path: string): Workload => ({ kind: 'container', path, inode: 7, name });

const UNSET: Readonly<Record<string, string>> = Object.fromEntries(LIMITS.map(({ file, unset }) => [file, unset]));

/** Every limit unset but those given. */
const filesOf = (texts: Readonly<Record<string, Readonly<Record<string, string>>>>) =>
  fakeFiles(
    Object.fromEntries(
      Object.entries(texts).flatMap(([path, own]) =>
        Object.entries({ ...UNSET, ...own }).map(([file, text]) => [`${path}/${file}`, text]),
      ),
    ),
  );

function planOf(text: string, workloads: readonly Workload[], files: ReturnType<typeof filesOf>) {
  const context = contextOf(files);
  const policy = readPolicy(text, { file: 'p.yaml', machine: context.machine });
  return planPolicy(policyRequests(policy, workloads), context);
}

const pages = fc.integer({ min: 1, max: 2 ** 20 }).map((count) => String(count * 4096));
const size = fc.oneof(fc.constant('max'), pages);
const settings = fc.record(
  {
    'cpu.max': fc.oneof(
      fc
        .tuple(fc.integer({ min: 1000, max: 800_000 }), fc.integer({ min: 1000, max: 1_000_000 }))
        .map(([quota, period]) => `${quota} ${period}`),
      fc.constantFrom('50000 100000', '33333 100000', 'max 20000'),
    ),
    'cpu.weight': fc.integer({ min: 1, max: 10_000 }).map(String),
    'memory.max': size,
    'memory.high': size,
    'memory.low': pages,
    'memory.swap.max': size,
    'pids.max': fc.oneof(fc.constant('max'), fc.integer({ min: 0, max: 4_194_304 }).map(String)),
  },
  { requiredKeys: [] },
);
const name = fc.oneof(
  fc.constantFrom('web', 'web', '*', 'a[b]', '1234', 'true', '~', 'x: y', '#', '- a', '"'),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
);

test('a snapshot of anything reads back to nothing to change', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(name, settings), { minLength: 1, maxLength: 4 }), (list) => {
      const workloads = list.map(([text], index) => workload(text, `/box${index}`));
      const files = filesOf(Object.fromEntries(list.map(([, own], index) => [`/box${index}`, own])));
      const text = snapshotPolicy(workloads, workloads, contextOf(files));
      assert.equal(planOf(text, workloads, files).writes, [], text);
      assert.not.match(text, /no flag of tscg says it/);
    }),
    { numRuns: 200 },
  );
});

test('from nothing set, the snapshot leads back to what was set', () => {
  fc.assert(
    fc.property(settings, (own) => {
      const workloads = [workload('web', '/box')];
      const text = snapshotPolicy(workloads, workloads, contextOf(filesOf({ '/box': own })));
      const wanted = Object.entries(own).filter(([file, value]) => value !== UNSET[file]);
      assert.equal(
        Object.fromEntries(
          planOf(text, workloads, filesOf({ '/box': {} })).writes.map(({ file, after }) => [file, after]),
        ),
        Object.fromEntries(wanted),
        text,
      );
    }),
    { numRuns: 200 },
  );
});

const MACHINE = contextOf(fakeFiles({})).machine;
const SPELLED: readonly [file: string, text: string, spelling: object][] = [
  ['cpu.max', '50000 100000', { cpu: '50%' }],
  ['cpu.max', 'max 20000', { 'cpu-period': '20000' }],
  ['memory.max', String(512 * 2 ** 20), { memory: '512M' }],
  ['memory.max', '4096', { memory: '4K' }],
  ['cpu.weight', '250', { 'cpu-weight': '250' }],
  ['pids.max', '2048', { pids: '2048' }],
];

test('spelled as an operator would', () => {
  for (const [file, text, spelling] of SPELLED) {
    const limit = LIMITS.find((row) => row.file === file);
    assert.ok(limit, file);
    assert.equal(spell(limit, text, MACHINE), spelling);
  }
});

test('names that several have go by their paths; what nobody set is left out', () => {
  const workloads = [workload('web', '/a'), workload('web', '/b*'), workload('idle', '/c')];
  const set = { 'memory.max': '4096' };
  const text = snapshotPolicy(workloads, workloads, contextOf(filesOf({ '/a': set, '/b*': set, '/c': {} })));
  assert.match(text, /path: \/a\n/);
  assert.match(text, /path: \/b\\\*/);
  assert.not.match(text, /idle/);
});

test('the TasksMax that systemd gives every unit is nobody’s setting', async () => {
  const proc = temporaryFolder();
  mkdirSync(join(proc, 'sys/kernel'), { recursive: true });
  writeFileSync(join(proc, 'sys/kernel/pid_max'), '32768\n');
  writeFileSync(join(proc, 'sys/kernel/threads-max'), '100000\n');
  const isDefault = await unitDefaults(proc, []);
  const table: readonly [path: string, tasks: string, said: boolean][] = [
    ['/system.slice/a.service', '4915', false],
    ['/system.slice/docker-1.scope', '4915', false],
    ['/system.slice/podman.socket', '4915', false],
    ['/system.slice/b.service', '4914', true],
    ['/system.slice', '4915', true],
    ['/user.slice/user-1000.slice', '10813', false],
    ['/user.slice/user-1001.slice', '4915', true],
    ['/plain', '4915', true],
  ];
  for (const [path, tasks, said] of table) {
    const workloads = [workload('web', path)];
    const files = filesOf({ [path]: { 'pids.max': tasks } });
    assert.is(snapshotPolicy(workloads, workloads, contextOf(files), isDefault).includes('pids'), said, path);
  }
});

if (hasDaemon)
  test('the TasksMax that a manager is configured to give is nobody’s setting; a manager that refuses takes nothing away', async () => {
    const bus = await fakeBus(['org.freedesktop.systemd1']);
    try {
      const sockets = [{ runtime: 'systemd', path: bus.socket, state: 'usable' }] as const;
      const isDefault = async (tasks: string): Promise<boolean> =>
        (await unitDefaults('/nowhere', sockets))('/system.slice/a.service', 'pids.max', tasks);
      assert.is(await isDefault('321'), false);
      bus.says.set('Properties.Get', () => ({ signature: 'v', body: [variant('t', 321n)] }));
      assert.is(await isDefault('321'), true);
      assert.is(await isDefault('322'), false);
    } finally {
      await bus.close();
    }
  });

test('what no flag says is a comment, cleaned', () => {
  const workloads = [workload('web', '/a')];
  const text = snapshotPolicy(workloads, workloads, contextOf(filesOf({ '/a': { 'cpu.max': '5\u202e 7' } })));
  assert.match(text, /^# set, but no flag of tscg says it:\n# \/a cpu\.max: 5 7\n/, text);
});

test('a diff names what goes and what comes', () => {
  const workloads = [workload('web', '/a')];
  const policy = 'version: 1\nrules: [{ match: { name: web }, limits: { cpu: 50%, memory: 1G } }]';
  const lines = planDiff(planOf(policy, workloads, filesOf({ '/a': {} })))
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  assert.equal(lines, [
    '--- /a',
    '+++ /a (web)',
    '-cpu.max: max 100000   (no limit)',
    '+cpu.max: 50000 100000   (50% of one CPU)',
    '-memory.max: max   (no limit)',
    '+memory.max: 1073741824   (1 GiB)',
  ]);
});

test.run();
