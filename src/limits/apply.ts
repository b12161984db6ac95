/** Plan → apply → verify → journal: all of a Plan or nothing of it. */
import { randomBytes } from 'node:crypto';
import { CgroupFileError, type CgroupFiles } from '../kernel/cgroup-files.ts';
import type { Machine } from '../kernel/machine.ts';
import { findLimit } from './catalogue.ts';
import type { Change, Journal } from './journal.ts';
import type { Owner } from './owners/owner.ts';
import type { Plan, Write } from './plan.ts';

export interface ApplyContext {
  readonly files: CgroupFiles;
  readonly machine: Machine;
  readonly owner: Owner;
  readonly journal: Journal;
  readonly command: readonly string[];
  /** The change that this Plan takes back. */
  readonly undoes?: string;
}

/** A write failed or did not stick; what had been written was taken back, unless the message says otherwise. */
export class ApplyError extends Error {
  override readonly name = 'ApplyError';
}

/** Makes the Plan's writes in order. Throws JournalError before anything was written, ApplyError after. */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<Change> {
  const { files, machine, owner, journal, command, undoes } = context;
  const change: Change = {
    id: randomBytes(4).toString('hex'),
    time: Date.now(),
    boot: machine.bootId ?? '',
    uid: process.getuid?.() ?? 0,
    command,
    owner: owner.name,
    mount: files.mount,
    writes: plan.writes.map(({ name, path, inode, file, before, after }) => ({
      name,
      path,
      inode,
      file,
      before,
      after,
    })),
    ...(undoes ? { undoes } : {}),
  };
  journal.begin(change);
  const done: Write[] = [];
  try {
    for (const write of change.writes) {
      await owner.write(write);
      done.push(write);
      verify(write, files, machine);
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const stuck = await rollBack(done, owner);
    journal.end(change.id, stuck.length > 0 ? 'failed' : 'rolled-back', reason);
    const state =
      stuck.length > 0
        ? `and could not be taken back: ${stuck.join('; ')}; finish with: tscg undo ${change.id} --force`
        : done.length > 0
          ? 'everything written before it was taken back'
          : 'nothing was changed';
    throw new ApplyError(`${reason}; ${state}`);
  }
  journal.end(change.id, 'applied');
  return { ...change, outcome: 'applied' };
}

/** Reads back, as the kernel rounds. */
function verify({ path, file, after }: Write, files: CgroupFiles, machine: Machine): void {
  const now = files.read(path, file).trim();
  if (!sameValue(file, now, after, machine)) {
    throw new ApplyError(
      `${path}/${file} reads "${now}" after "${after}" was written: the kernel or another writer changed it`,
    );
  }
}

/** Whether the file's text is what writing `written` leaves. */
export function sameValue(file: string, text: string, written: string, machine: Machine): boolean {
  return text === written || text === (findLimit(file)?.rounded(written, machine) ?? written);
}

/** In reverse order; gives what could not be restored. A cgroup that is gone has nothing to restore. */
async function rollBack(done: readonly Write[], owner: Owner): Promise<string[]> {
  const stuck: string[] = [];
  for (const write of done.toReversed()) {
    try {
      await owner.write({ ...write, before: write.after, after: write.before });
    } catch (error) {
      const gone = error instanceof CgroupFileError && ['ENOENT', 'ENODEV', 'ESTALE'].includes(error.code);
      if (!gone) stuck.push(error instanceof Error ? error.message : String(error));
    }
  }
  return stuck;
}
