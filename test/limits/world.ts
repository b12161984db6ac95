/** A box on files in memory with a journal of its own, to set, undo and change behind our back. */

import { applyPlan } from '../../src/limits/applying/apply.ts';
import { type Change, openJournal } from '../../src/limits/applying/journal.ts';
import { planRevert, planUndo } from '../../src/limits/applying/undo.ts';
import type { OwnerName, Plan, Write } from '../../src/limits/model.ts';
import { cgroupfsOwner } from '../../src/limits/owners/cgroupfs.ts';
import type { Owner } from '../../src/limits/owners/owner.ts';
import { errorText } from '../../src/text/error-text.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { contextOf, type FakeFiles, fakeFiles } from './fake-files.ts';
import { boxOf, FRESH, planOf } from './typed.ts';

/** A box of its own with a journal of its own. */
export function world(texts: Readonly<Record<string, string>> = {}) {
  const directory = temporaryFolder();
  const files = fakeFiles(boxOf({ ...FRESH, ...texts }));
  const context = { ...contextOf(files), journal: openJournal(directory), command: ['set', 'box'] };
  const changes = (): Change[] => context.journal.read().changes;
  return {
    directory,
    files,
    context,
    changes,
    set: (...words: string[]) => applyPlan(planOf(context, words), { ...context, command: ['set', 'box', ...words] }),
    planUndo: (change: Change) => planUndo(change, context, changes()),
    undo: (change: Change) => applyPlan(planUndo(change, context, changes()), { ...context, undoes: change.id }),
    revert: (change: Change) =>
      applyPlan(planRevert(change, context, changes()).plan, { ...context, undoes: change.id }),
    reads: (file: string) => files.texts.get(`/box/${file}`),
    becomes: (file: string, text: string) => files.texts.set(`/box/${file}`, text),
  };
}

export const messageOf = (work: Promise<unknown>): Promise<string> => work.then(() => 'no error', errorText);

/** One write of the file itself. */
export const writeOf = (file: string, before: string, after: string): Write => ({
  ...{ name: 'box', path: '/box', inode: 7, file, before, after, via: 'cgroupfs', endpoint: '', subject: '' },
});

/** An owner that writes whichever cgroup has the path. */
export const ownerOn = (files: FakeFiles): Owner => ({
  ...cgroupfsOwner(files),
  apply: async (writes) => {
    for (const { path, file, after } of writes) files.texts.set(`${path}/${file}`, after);
  },
});

/** The Plan as it is where an owner makes its writes. */
export const through = (plan: Plan, via: OwnerName, subject = 'c0ffee'): Plan => ({
  ...plan,
  writes: plan.writes.map((write) => ({ ...write, via, endpoint: '/socket', subject })),
});
