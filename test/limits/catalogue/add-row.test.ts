/**
 * Adding a limit is adding a row: with one more row in the catalogue, a file that no kernel has is a flag of `tscg set`, a key
 * of a policy, a field of tstop's form and a page of the manual, and a Plan knows what binds, what is missing and what may hurt.
 */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { become, warning } from '../../../src/limits/catalogue/limit.ts';
import { OTHER_LIMITS } from '../../../src/limits/catalogue/others.ts';
import type { Limit } from '../../../src/limits/model.ts';

const FILE = 'pids.sockets.max';

const ROW: Limit = {
  file: FILE,
  controller: 'pids',
  group: 'Tasks',
  isOfProcesses: false,
  needs: 'CONFIG_CGROUP_SOCKETS',
  flags: [{ long: '--sockets', value: '<number>', help: 'most sockets', isFirst: true, parse: (text) => become(text) }],
  unset: 'max',
  binds: { by: 'smallest', value: Number, text: (value) => `${value} sockets` },
  risks: [
    ({ name, after }, { machine: { cpus } }) =>
      Number(after) < cpus ? warning(`${name} has fewer sockets than CPUs`) : undefined,
  ],
  rounded: (text) => text,
  describe: (text) => (text === 'max' ? 'no limit' : `${text} sockets`),
};

/** Before the catalogue is loaded, which is made of the rows of each controller. */
const rows: unknown = OTHER_LIMITS;
if (Array.isArray(rows)) rows.push(ROW);

const { findLimit, LIMITS } = await import('../../../src/limits/catalogue/catalogue.ts');
const { planOf } = await import('../typed.ts');
const { contextOf, fakeFiles } = await import('../fake-files.ts');
const { NoSuchLimitError } = await import('../../../src/limits/planning/missing.ts');

const texts = { [`/a/box/${FILE}`]: 'max', [`/a/${FILE}`]: '30' };
const plan = (value: string, more: Readonly<Record<string, string>> = {}) =>
  planOf(contextOf(fakeFiles({ ...texts, ...more })), ['--sockets', value], '/a/box');

test('it is found by its file, with its flag', () => {
  assert.is(findLimit(FILE), ROW);
  assert.ok(LIMITS.includes(ROW));
});

test('a plan writes it, and says what binds above it and what may go wrong', () => {
  const { writes, risks } = plan('40');
  assert.equal(
    writes.map(({ file, before, after, notes }) => [file, before, after, notes]),
    [[FILE, 'max', '40', ['no effect: /a already limits it to 30 sockets']]],
  );
  assert.equal(risks, []);
  assert.equal(
    plan('3').risks.map(({ text }) => text),
    ['box has fewer sockets than CPUs'],
  );
  assert.equal(plan('max').writes, []);
});

test('where it is missing the kernel that has it is told', () => {
  const files = fakeFiles({
    '/a/box/cgroup.type': 'domain',
    '/cgroup.controllers': 'pids',
    '/cgroup.subtree_control': 'pids',
    '/a/cgroup.subtree_control': 'pids',
  });
  assert.throws(
    () => planOf(contextOf(files), ['--sockets', '4'], '/a/box'),
    (error: unknown) => error instanceof NoSuchLimitError && /it needs CONFIG_CGROUP_SOCKETS$/.test(error.message),
  );
});

test('a policy takes it, its schema describes it, and a snapshot writes it', async () => {
  const { readPolicy } = await import('../../../src/limits/policy/read.ts');
  const { policyJsonSchema } = await import('../../../src/limits/policy/shape.ts');
  const { spell } = await import('../../../src/limits/policy/spell.ts');
  const { machine } = contextOf(fakeFiles({}));
  const policy = readPolicy('version: 1\nrules: [{ match: { name: box }, limits: { sockets: 40 } }]', {
    file: 'policy.yaml',
    machine,
  });
  assert.is(policy.rules[0]?.settings[0]?.limit, ROW);
  assert.match(JSON.stringify(policyJsonSchema()), /"most sockets \(pids\.sockets\.max\)"/);
  assert.equal(spell(ROW, '40', machine), { sockets: '40' });
});

test('tstop has it in its form, among the first fields, and in the list of what is set', async () => {
  const { FIELDS } = await import('../../../src/dashboard/action-view.ts');
  const { limitsInForce } = await import('../../../src/limits/catalogue/limits-in-force.ts');
  const at = FIELDS.findIndex(({ flag }) => flag.long === '--sockets');
  assert.ok(at >= 0 && at < FIELDS.findIndex(({ flag }) => !flag.isFirst));
  const shown = limitsInForce('/a/box', (_, file) => (file === FILE ? '7' : undefined));
  assert.equal(
    shown.map(({ file, text }) => `${file} ${text}`),
    [`${FILE} 7 sockets`],
  );
});

test('tscg has it in the help of set and in the manual', async () => {
  const { Command } = await import('commander');
  const { addTypedLimitFlags } = await import('../../../src/cli/limit-flags.ts');
  const { tscgManual } = await import('../../../src/cli/manual.ts');
  const program = new Command('tscg');
  const set = program.command('set').description('limits');
  process.argv.push('set');
  await addTypedLimitFlags(program);
  assert.match(set.helpInformation(), /--sockets <number> +most sockets \(pids\.sockets\.max\)/);
  assert.match(JSON.stringify(tscgManual(program)), /sockets/);
});

test.run();
