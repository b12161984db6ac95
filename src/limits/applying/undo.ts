/** Makes the Plan that takes a journalled change back: it restores what was there before the change. */

import { CgroupFileError, type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import type { Machine } from '../../kernel/machine.ts';
import type { Plan, PlanContext, PlannedWrite, Risk, Write } from '../model.ts';
import { FREEZE_FILE } from '../owners/freezer.ts';
import { propertyOf } from '../owners/open-owner.ts';
import { survivesRestart } from '../owners/owner.ts';
import { currentText } from '../planning/current-text.ts';
import { filesAfter } from '../planning/files-after.ts';
import { guardRisks } from '../planning/guard.ts';
import { comesDownText, isBelowUsage, withTransients } from '../planning/lowering.ts';
import { restorable } from '../planning/restorable.ts';
import { isPartOf, sameValue } from '../planning/same-value.ts';
import { type Change, undoneIn } from './journal.ts';

const changesAfter = ({ id }: Change, changes: readonly Change[]): readonly Change[] =>
  changes.slice(changes.findIndex((change) => change.id === id) + 1);

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

/** A Plan for each of the chosen changes, made as if those before it in the list were taken back. `changes`: as in planUndo. */
export function planUndoAll(
  chosen: readonly Change[],
  context: PlanContext,
  changes: readonly Change[],
): { change: Change; plan: Plan }[] {
  let { files } = context;
  return chosen.map((change) => {
    const plan = planUndo(change, { ...context, files }, changes);
    files = filesAfter(files, plan.writes);
    return { change, plan };
  });
}

/** `tscg set web --cpu 50%`, `tstop limits` */
export const commandText = ({ command }: Change): string =>
  command[0] === 'tstop' ? command.join(' ') : ['tscg', ...command].join(' ');

/**
 * Restores each file, in the reverse order. The Plan is refused, unless forced, where another program wrote the file since, or
 * where the cgroup was re-created and its owner set the limit again. Any other cgroup that now has the path is left alone.
 * `changes`: the whole journal. It tells our own later changes from those of others, and which earlier ones are undone.
 */
export function planUndo(change: Change, context: PlanContext, changes: readonly Change[] = []): Plan {
  return planOfWays(waysBack(change, context, changes), context);
}

/**
 * The same for a timer of --for, where nobody can add --force: each file that still has the limit is restored, also in a cgroup
 * that was re-created. A file that was changed since stays as it is; `left` says why, for the journal.
 */
export function planRevert(
  change: Change,
  context: PlanContext,
  changes: readonly Change[],
): { readonly plan: Plan; readonly left: readonly string[] } {
  const later = changesToUndo(changesAfter(change, changes));
  const ways = waysBack(change, context, changes).map((way) => keptBy(later, way, context) ?? way);
  const plan = planOfWays(
    ways.filter(({ changed }) => !changed),
    context,
  );
  const left = ways.flatMap(({ changed }) => (changed ? `left as it is: ${changed.text}` : []));
  const texts = [...plan.risks.map(({ text }) => text), ...left];
  return { plan: { ...plan, risks: texts.map((text) => ({ level: 'warn', text })) }, left };
}

/**
 * Leaves a file alone if a later change of ours set it to the same value: that change is permanent, or has a timer of its
 * own.
 */
function keptBy(later: readonly Change[], { write, changed }: WayBack, { machine }: PlanContext): WayBack | undefined {
  if (!write || changed) return undefined;
  const { path, file, before: now } = write;
  const isSame = (other: Write): boolean =>
    !other.transient && isSameFile(other, write) && sameValue(file, now, other.after, machine);
  const ours = later.find(({ writes }) => writes.some(isSame));
  if (!ours) return undefined;
  const text = `${path}/${file}: change ${ours.id} (${commandText(ours)}) set it to "${now}" too since`;
  return { changed: { level: 'refuse', text }, risks: [] };
}

const planOfWays = (ways: readonly WayBack[], context: PlanContext): Plan => ({
  writes: withTransients(
    ways.flatMap(({ write }) => write ?? []),
    context,
  ),
  unchanged: ways.flatMap(({ unchanged }) => unchanged ?? []),
  risks: ways.flatMap(({ changed, risks }) => [...(changed ? [changed] : []), ...risks]),
});

/** What taking a change back means for one of its files. With neither `write` nor `unchanged` nothing is left to restore. */
interface WayBack {
  /** The refusal where the file no longer reads what the change left. */
  readonly changed?: Risk;
  readonly write?: PlannedWrite;
  readonly unchanged?: Write;
  readonly risks: readonly Risk[];
}

function waysBack(change: Change, context: PlanContext, changes: readonly Change[]): WayBack[] {
  /** A transient write needs no undo if its change set it back, or if the change also has a lasting write of that file. */
  const isCovered = ({ transient, path, file }: Write): boolean =>
    transient === true &&
    (change.outcome === 'applied' ||
      change.writes.some((other) => !other.transient && other.path === path && other.file === file));
  const open = change.writes.filter((write) => !isCovered(write));
  const temporary = transientsOfUndos(change, changes);
  const left = temporary.filter((write, index) =>
    [...open, ...temporary.slice(0, index)].every((other) => !isSameFile(other, write)),
  );
  return [...left, ...open].toReversed().map((write) => {
    const way = wayBack(write, change, context, changes);
    const { changed: _, ...unquestioned } = way;
    return temporary.some((other) => isSameFile(other, write)) ? unquestioned : way;
  });
}

/** Transient writes of earlier undos of the change that came to no good end: whatever such a file reads is ours to restore. */
const transientsOfUndos = ({ id }: Change, changes: readonly Change[]): Write[] =>
  changes
    .filter(({ undoes, outcome }) => undoes === id && (outcome === undefined || outcome === 'failed'))
    .flatMap(({ writes }) => writes.filter(({ transient }) => transient));

function wayBack(
  { transient, ended: _, ...done }: Write,
  change: Change,
  context: PlanContext,
  changes: readonly Change[],
): WayBack {
  const { files, machine } = context;
  const { inode, gone } = placeNow(done, change, context);
  if (inode === undefined && isKept(done, change, context)) return wayBackOfEnded(done, change, context, changes);
  if (gone !== undefined && (inode === undefined || !isSetAgain(done, context)))
    return { risks: [{ level: 'warn', text: `${done.path}/${done.file}: ${gone}; nothing to restore` }] };
  const now = currentText(done, files);
  const before = textBefore(done, change, changes, machine);
  const after = restorable({ ...done, before }, files);
  const restored = { ...done, inode: inode ?? done.inode, before: now, after };
  if (sameValue(done.file, now, after, machine)) return { unchanged: restored, risks: [] };
  const isChanged = gone === undefined && !transient && !isOurs(now, done, change, machine);
  const risks: Risk[] = gone === undefined ? [] : [recreated(restored, gone, change)];
  // The undo of a thaw freezes.
  if (done.file === FREEZE_FILE && after === '1') risks.push(...guardRisks(done, 'freezing', context));
  if (isBelowUsage(restored, files)) risks.push({ level: 'warn', text: comesDownText(restored, files) });
  const property = propertyOf(restored, files);
  const notes = [
    ...(before === done.before
      ? []
      : [`"${done.before}" was set by a change that has been undone since: what was before that is restored`]),
    ...(after === before
      ? []
      : ["it was empty, which the kernel refuses while tasks are in it: the parent's list is set instead"]),
    ...(done.via === 'systemd' && done.persist
      ? [`systemd keeps it in /etc/systemd/system.control/${done.subject}.d, which overrides the unit's own file`]
      : []),
  ];
  return {
    ...(isChanged ? { changed: changedSince(now, done, change, changes) } : {}),
    write: { ...restored, ...(property ? { property } : {}), notes },
    risks,
  };
}

/**
 * What to restore: the text before the change. If it came from an earlier change that was undone since, the text before that
 * one, and so on down the journal.
 */
function textBefore(done: Write, change: Change, changes: readonly Change[], machine: Machine): string {
  const at = changes.findIndex(({ id }) => id === change.id);
  const undoneSince = undoneIn(changesAfter(change, changes));
  let text = done.before;
  for (const { id, writes } of changesToUndo(changes.slice(0, Math.max(at, 0)))) {
    const below = writes.find((write) => !write.transient && isSameFile(write, done));
    if (!below) continue;
    if (!undoneSince.has(id) || !sameValue(done.file, text, below.after, machine)) break;
    text = below.before;
  }
  return text;
}

/** Whether two writes are of one file: in the same cgroup, or in its successor if an owner sets the value there again. */
const isSameFile = (one: Write, other: Write): boolean =>
  one.path === other.path &&
  one.file === other.file &&
  (one.inode === other.inode || (one.via === other.via && survivesRestart(other)));

/** The inode that the path has now, if any, and why it is not that of the change. */
function placeNow(
  { path, inode }: Write,
  { boot }: Change,
  { files, machine }: PlanContext,
): { readonly inode: number | undefined; readonly gone?: string } {
  const now = inodeOf(path, files);
  if (boot !== (machine.bootId ?? '')) return { inode: now, gone: 'the machine has rebooted since' };
  if (now === undefined) return { inode: now, gone: 'the cgroup has ended' };
  return now === inode ? { inode } : { inode: now, gone: 'another cgroup has this path now' };
}

function inodeOf(path: string, files: CgroupFiles): number | undefined {
  try {
    return files.inode(path);
  } catch (error) {
    if (error instanceof CgroupFileError && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the limit is in force in a cgroup that replaced the one of the change: only an owner sets it again. */
const isSetAgain = ({ path, file, after, via }: Write, { files, machine }: PlanContext): boolean =>
  via !== 'cgroupfs' && sameValue(file, textIfThere(files, path, file) ?? '', after, machine);

/** Whether the owner keeps the limit for the next start of the workload. */
const isKept = (write: Write, { boot }: Change, { machine }: PlanContext): boolean =>
  survivesRestart(write) &&
  write.file !== FREEZE_FILE &&
  (write.via !== 'systemd' || write.persist === true || boot === (machine.bootId ?? ''));

/** The way back of a workload that is not running: its owner is assumed to keep what our last change left. */
function wayBackOfEnded(
  done: Write,
  change: Change,
  { files, machine }: PlanContext,
  changes: readonly Change[],
): WayBack {
  const [later] = changesToUndo(changesAfter(change, changes))
    .flatMap(({ writes }) => writes)
    .filter((write) => !write.transient && isSameFile(write, done));
  // The file can be read only after another change in the list was planned to be undone first.
  const now = textIfThere(files, done.path, done.file) ?? later?.after ?? done.after;
  const after = textBefore(done, change, changes, machine);
  const restored: Write = { ...done, before: now, after, ended: true };
  const property = propertyOf(restored, files);
  const notes = [`it is not running: ${done.via} applies it at the next start`];
  return {
    ...(sameValue(done.file, now, done.after, machine) ? {} : { changed: changedSince(now, done, change, changes) }),
    write: { ...restored, ...(property ? { property } : {}), notes },
    risks: [],
  };
}

const recreated = ({ path, file, via, before, after }: Write, gone: string, { id }: Change): Risk => ({
  level: 'refuse',
  text: `${path}/${file}: the cgroup was re-created since (${gone}), and ${via} set the "${before}" of change ${id} again: undo would replace it with "${after}"`,
});

function changedSince(now: string, done: Write, change: Change, changes: readonly Change[]): Risk {
  const { path, file, after } = done;
  const later = changesToUndo(changesAfter(change, changes));
  const ours = later.find(({ writes }) => writes.some((write) => isSameFile(write, done) && write.after === now));
  return {
    level: 'refuse',
    text: `${path}/${file} reads "${now}", not the "${after}" of change ${change.id}: ${ours ? `change ${ours.id} (${commandText(ours)})` : 'somebody'} changed it since`,
    ...(ours && { remedy: `first: tscg undo ${ours.id}` }),
  };
}

/** Whether the text is what the change left. A change without an end may have died between two lines of the file. */
const isOurs = (now: string, write: Write, { outcome }: Change, machine: Machine): boolean =>
  outcome === undefined ? isPartOf(now, write, machine) : sameValue(write.file, now, write.after, machine);
