/** Plans for what the kernel does not take, or changes along with what it is told. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../src/kernel/cgroup-files.ts';
import { applyPlan } from '../../src/limits/applying/apply.ts';
import { driftOf } from '../../src/limits/applying/drift.ts';
import { openJournal } from '../../src/limits/applying/journal.ts';
import { planUndo } from '../../src/limits/applying/undo.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { contextOf, type FakeFiles, fakeFiles } from './fake-files.ts';
import { boxOf, FRESH, planOf } from './typed.ts';

test('the CPUs of a cgroup with tasks cannot be emptied: max sets those of its parent', () => {
  const texts = { ...boxOf({ ...FRESH, 'cpuset.cpus': '1' }), '/cpuset.cpus.effective': '0-3' };
  const planned = (populated: '0' | '1') =>
    planOf(contextOf(fakeFiles({ ...texts, '/box/cgroup.events': `populated ${populated}\nfrozen 0` })), [
      '--cpuset-cpus',
      'max',
    ]).writes[0];
  assert.is(planned('1')?.after, '0-3');
  assert.match(planned('1')?.notes.join() ?? '', /takes no empty list while tasks are in it/);
  assert.equal([planned('0')?.after, planned('0')?.notes.join().includes('tasks')], ['', false]);
});

/** A kernel that shows the weight of an idle cgroup as given, takes none while it is idle, and makes it 100 afterwards. */
function idleKernel(texts: Readonly<Record<string, string>>, shown: '0' | '1'): FakeFiles {
  const files = fakeFiles(boxOf({ ...FRESH, ...texts }));
  files.beforeWrite = (path, file, text) => {
    const isIdle = files.texts.get('/box/cpu.idle') === '1';
    if (file === 'cpu.weight' && isIdle) throw new CgroupFileError('write', path, file, 'EINVAL');
    if (file === 'cpu.idle' && isIdle !== (text === '1')) files.texts.set('/box/cpu.weight', isIdle ? '100' : shown);
  };
  return files;
}

test('cpu.idle takes the weight with it: undo restores both, in the order that the kernel takes', async () => {
  const directory = temporaryFolder();
  for (const shown of ['0', '1'] as const) {
    const table: readonly [weight: string, idle: '0' | '1', words: readonly string[], writes: readonly string[]][] = [
      ['250', '0', ['--cpu-idle', '1'], ['cpu.weight=1', 'cpu.idle=1']],
      ['100', '0', ['--cpu-idle', '1'], ['cpu.idle=1']],
      ['250', '0', ['--cpu-idle', '1', '--cpu-weight', '1'], ['cpu.weight=1', 'cpu.idle=1']],
      [shown, '1', ['--cpu-idle', '0'], ['cpu.idle=0']],
      [shown, '1', ['--cpu-idle', '0', '--cpu-weight', '50'], ['cpu.idle=0', 'cpu.weight=50']],
    ];
    for (const [weight, idle, words, writes] of table) {
      const files = idleKernel({ 'cpu.weight': weight, 'cpu.idle': idle }, shown);
      const context = { ...contextOf(files), journal: openJournal(directory), command: ['test'] };
      const plan = planOf(context, words);
      assert.equal(
        plan.writes.map(({ file, after }) => `${file}=${after}`),
        writes,
      );
      const change = await applyPlan(plan, context);
      assert.equal(driftOf([change], context), []);
      const undone = planUndo(change, context);
      assert.equal(undone.risks, [], words.join(' '));
      await applyPlan(undone, { ...context, undoes: change.id });
      assert.equal(
        ['cpu.weight', 'cpu.idle'].map((file) => files.texts.get(`/box/${file}`)),
        [weight, idle],
      );
    }
  }
  const [write] = planOf(contextOf(idleKernel({ 'cpu.weight': '250' }, '0')), ['--cpu-idle', '1']).writes;
  assert.match(write?.notes.join() ?? '', /while cpu.idle is 1; undo restores 250/);
});

test.run();
