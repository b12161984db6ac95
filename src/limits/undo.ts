/** The way back: a journalled change as a Plan that restores what was there before it. */
import { CgroupFileError, type CgroupFiles } from '../kernel/cgroup-files.ts';
import type { Machine } from '../kernel/machine.ts';
import { sameValue } from './apply.ts';
import { findLimit } from './catalogue.ts';
import { currentText } from './current-text.ts';
import { type Change, undoneIn } from './journal.ts';
import { comesDownText, isBelowUsage } from './lower/gently.ts';
import { openOwner } from './owners/open-owner.ts';
import type { Plan, PlanContext, PlannedWrite, Risk, Write } from './plan.ts';
import { restorable } from './restorable.ts';

/** Newest change that is neither an undo nor undone, or the one whose id starts with `id`. */
export function changeToUndo(changes: readonly Change[], id?: string): Change | undefined {
  if (id !== undefined) {
    const matches = changes.filter((change) => change.id.startsWith(id));
    return matches.length === 1 ? matches[0] : undefined;
  }
  return changesToUndo(changes)[0];
}

/** All that are neither an undo nor undone, the newest first. */
export function changesToUndo(changes: readonly Change[]): Change[] {
  const undone = undoneIn(changes);
  return changes
    .filter(({ id, undoes, outcome }) => !undoes && outcome !== 'rolled-back' && !undone.has(id))
    .toReversed();
}

/** A Plan for each change, as things will be once those before it are taken back. */
export function planUndoAll(changes: readonly Change[], context: PlanContext): { change: Change; plan: Plan }[] {
  let { files } = context;
  return changes.map((change) => {
    const plan = planUndo(change, { ...context, files });
    files = filesAfter(files, plan.writes);
    return { change, plan };
  });
}

function filesAfter(files: CgroupFiles, writes: readonly Write[]): CgroupFiles {
  const texts = new Map(writes.map(({ path, file, after }) => [`${path}/${file}`, after]));
  return { ...files, read: (path, file) => texts.get(`${path}/${file}`) ?? files.read(path, file) };
}

/** `tscg set web --cpu 50%`, `tstop limits` */
export const commandText = ({ command }: Change): string =>
  command[0] === 'tstop' ? command.join(' ') : ['tscg', ...command].join(' ');

/**
 * Restores each file in the reverse order. A file that another wrote since, or a cgroup that is another by now, is a
 * refusal; with --force the file is restored all the same (never another cgroup). `changes`: all that the journal has, to
 * tell our own later change from another's.
 */
export function planUndo(change: Change, { files, machine }: PlanContext, changes: readonly Change[] = []): Plan {
  const later = changesToUndo(changes.slice(changes.findIndex(({ id }) => id === change.id) + 1));
  const writes: PlannedWrite[] = [];
  const unchanged: Write[] = [];
  const risks: Risk[] = [];
  /** It is back where it was, or the file is set for good too, which goes back to what was before both. */
  const isCovered = ({ passing, path, file }: Write): boolean =>
    passing === true &&
    (change.outcome === 'applied' ||
      change.writes.some((other) => !other.passing && other.path === path && other.file === file));
  for (const { passing, ...done } of change.writes.filter((write) => !isCovered(write)).toReversed()) {
    const gone = goneReason(done, change, machine.bootId ?? '', (path) => files.inode(path));
    if (gone) {
      risks.push({ level: 'warn', text: `${done.path}/${done.file}: ${gone}; nothing to restore` });
      continue;
    }
    const now = currentText(done, files);
    const after = restorable(done, files);
    const restored = { ...done, before: now, after };
    if (sameValue(done.file, now, after, machine)) {
      unchanged.push(restored);
      continue;
    }
    if (!passing && !isOurs(now, done, change, machine)) {
      const ours = later.find(({ writes }) =>
        writes.some(({ inode, file, after }) => inode === done.inode && file === done.file && after === now),
      );
      risks.push({
        level: 'refuse',
        text: `${done.path}/${done.file} reads "${now}", not the "${done.after}" of change ${change.id}: ${ours ? `change ${ours.id} (${commandText(ours)})` : 'somebody'} changed it since`,
        remedy: `${ours ? 'undo that first; ' : ''}to restore it all the same add --force`,
      });
    }
    if (isBelowUsage(restored, files)) risks.push({ level: 'warn', text: comesDownText(restored, files) });
    const property = done.via === 'cgroupfs' ? undefined : openOwner(done, files).describe(done.file, after);
    const notes =
      after === done.before
        ? []
        : ['it was empty, which the kernel does not take while tasks are in it: set is what that stood for'];
    writes.push({ ...restored, ...(property ? { property } : {}), notes });
  }
  return { writes, unchanged, risks };
}

/** Whether the text is what the change left; line by line, where it may have died between two lines of a file. */
function isOurs(now: string, { file, before, after }: Write, { outcome }: Change, machine: Machine): boolean {
  if (sameValue(file, now, after, machine)) return true;
  if (outcome !== undefined || !findLimit(file)?.commands) return false;
  const known = [before, after].flatMap((text) => text.split('\n'));
  return now.split('\n').every((line) => line === '' || known.some((one) => sameValue(file, line, one, machine)));
}

function goneReason(
  { path, inode }: Write,
  { boot }: Change,
  bootNow: string,
  inodeOf: (path: string) => number,
): string | undefined {
  if (boot !== bootNow) return 'the machine was booted since';
  try {
    return inodeOf(path) === inode ? undefined : 'another cgroup has this path since';
  } catch (error) {
    if (error instanceof CgroupFileError && error.code === 'ENOENT') return 'the cgroup has ended';
    throw error;
  }
}
