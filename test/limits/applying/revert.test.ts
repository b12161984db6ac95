/** The end of a change of --for: what goes back, what is left, and what is tried again. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { CgroupFileError } from '../../../src/kernel/cgroup-files.ts';
import { applyPlan } from '../../../src/limits/applying/apply.ts';
import type { Change } from '../../../src/limits/applying/journal.ts';
import { takeBack } from '../../../src/limits/applying/revert/take-back.ts';
import { planRevert } from '../../../src/limits/applying/undo.ts';
import { planOf } from '../typed.ts';
import { messageOf, ownerOn, through, world } from '../world.ts';

test('an undo leads back past what was undone since, to what nobody of us set', async () => {
  // `a` to `d` set that many tasks on a box of 99; upper case is the end of its time; a number is another's.
  const LIMIT: Readonly<Record<string, string>> = { a: '50', b: '25', c: '10', d: '50' };
  for (const [steps, expected] of [
    ['a b A B', '99'],
    ['a b c A B C', '99'],
    ['a b c B A C', '99'],
    ['a b B c A C', '99'],
    ['a b B', '50'],
    ['a b c A C', '25'],
    ['a b c B C', '50'],
    // Undone before: that is what it found, not what it was given.
    ['a A 50 b B', '50'],
    // The same, of a later change: that one's time is another, if it has one.
    ['a b d A', '50'],
    ['a b d A B D', '99'],
    ['a b d D', '25'],
    // Another's in between stays.
    ['a 70 b A B', '70'],
  ] as const) {
    const { set, becomes, reads, revert } = world({ 'pids.max': '99' });
    const made = new Map<string, Change>();
    for (const step of steps.split(' ')) {
      const change = made.get(step.toLowerCase());
      if (LIMIT[step]) made.set(step, await set('--pids', LIMIT[step]));
      else if (change) await revert(change);
      else becomes('pids.max', step);
    }
    assert.is(reads('pids.max'), expected, steps);
  }
});

test('a revert restores what still stands, re-created or not, and leaves what was changed since', async () => {
  const { files, context, changes, becomes } = world();
  const ownerOf = () => ownerOn(files);
  becomes('web/cpu.weight', '100');
  const box = planOf(context, ['--cpu', '50%', '--pids', '40']);
  const web = through(planOf(context, ['--cpu-weight', '50'], '/box/web'), 'docker');
  const plan = { ...box, writes: [...web.writes, ...box.writes] };
  const change = await applyPlan(plan, { ...context, ownerOf });
  becomes('cpu.max', '70000 100000');
  const restarted = { ...files, inode: (path: string) => (path === '/box/web' ? 8 : 7) };
  const reverted = planRevert(change, { ...context, files: restarted }, changes());
  assert.equal(
    reverted.plan.writes.map(({ inode, file, after }) => `${inode} ${file}=${after}`),
    ['7 pids.max=max', '8 cpu.weight=100'],
  );
  assert.equal([...new Set(reverted.plan.risks.map(({ level }) => level))], ['warn']);
  assert.match(
    reverted.left.join(),
    /^left as it is: \/box\/cpu\.max reads "70000 100000".*somebody changed it since$/,
  );
});

test('a revert that fails is tried again, with each failure in the journal, until it is done', async () => {
  const { files, context, changes, set, becomes, reads } = world();
  const change = await set('--pids', '40', '--cpu', '50%');
  becomes('cpu.max', '70000 100000');
  let tries = 0;
  files.beforeWrite = (path, file) => {
    if (tries === 1) throw new CgroupFileError('write', path, file, 'EBUSY');
  };
  const once = async (found: Change, all: readonly Change[]): Promise<void> => {
    if (++tries === 2) throw new Error('no mount');
    const { plan, left } = planRevert(found, context, all);
    await applyPlan(plan, { ...context, undoes: found.id, note: left.join('; ') });
  };
  const waits = [1, 2, 3];
  await takeBack(change.id, context.journal, once, waits);
  const table = [
    ['rolled-back', /pids\.max: EBUSY/],
    ['failed', /^no mount$/],
    ['applied', /^left as it is: \/box\/cpu\.max reads "70000 100000"/],
  ] as const;
  const ends = changes().filter(({ undoes }) => undoes === change.id);
  assert.is(ends.length, table.length);
  for (const [index, [outcome, error]] of table.entries()) {
    assert.is(ends[index]?.outcome, outcome);
    assert.match(ends[index]?.error ?? '', error);
  }
  assert.is(reads('pids.max'), 'max');
  assert.is(tries, 3);
  await takeBack(change.id, context.journal, once, waits);
  assert.is(tries, 3);

  const other = await set('--pids', '40');
  const never = () => takeBack(other.id, context.journal, () => Promise.reject(new Error('no mount')), waits);
  assert.is(await messageOf(never()), 'no mount');
  assert.is(changes().filter(({ undoes }) => undoes === other.id).length, 4);
});

test.run();
