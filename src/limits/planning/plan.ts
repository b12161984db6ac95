/**
 * The Plan: what would be written, before and after, what then really binds, and the risks. Nothing is written that a
 * Plan did not show, whoever asked for it (flags, form, policy, undo).
 */

import { CgroupFileError, textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf, parentOf } from '../../kernel/cgroup-path.ts';
import { parseControllers } from '../../kernel/controllers.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Edit, Limit, Peek, Plan, PlanContext, PlannedWrite, Request, Risk, Target, Write } from '../model.ts';
import { currentText } from './current-text.ts';
import { comparable, effectiveNote } from './effective-note.ts';
import { filesAfter } from './files-after.ts';
import { canComeDown, withTransients } from './lowering.ts';
import { NoSuchLimitError, whyMissing } from './missing.ts';
import { type Ownership, ownerships } from './ownership.ts';
import { restorable } from './restorable.ts';
import { risksOf } from './risks.ts';
import { sameValue } from './same-value.ts';

/** Throws BadValueError where a value does not fit what is there, CgroupFileError where a file cannot be read. */
export function planSet(requests: readonly Request[], context: PlanContext): Plan {
  const planned = inSafeOrder(requests.map((request) => planTarget(request, context))).flat();
  const isChange = ({ file, before, after }: Write): boolean => !sameValue(file, before, after, context.machine);
  const changed = planned.filter(({ write }) => isChange(write));
  const all = planned.map(({ write }) => write);
  const then = { ...context, files: filesAfter(context.files, all) };
  const writes = changed.map(({ write }) => ({ ...write, notes: [...write.notes, ...effectiveNote(write, then)] }));
  return {
    writes: withTransients(writes, context, (write) => canComeDown(write, context)),
    unchanged: planned.filter(({ write }) => !isChange(write)).map(({ write }) => write),
    risks: eachOnce(changed.flatMap(({ write, risks }) => [...risks, ...risksOf(write, then)])),
  };
}

/** A risk that every file of a workload has is told once. */
const eachOnce = (risks: readonly Risk[]): Risk[] => [
  ...new Map(risks.map((risk) => [`${risk.text}; ${risk.remedy ?? ''}`, risk])).values(),
];

interface Planned {
  readonly write: PlannedWrite;
  readonly risks: readonly Risk[];
}

/**
 * A cgroup that gets more is written before those below it, and one that gets less after them: in between no cgroup is
 * limited to less than before and after the change. Where no target lies below another, the order stays as asked.
 */
function inSafeOrder(targets: readonly Planned[][]): Planned[][] {
  const pathOf = ([first]: readonly Planned[]): string => first?.write.path ?? '/';
  const paths = new Set(targets.map(pathOf));
  if (!targets.some((target) => ancestorsOf(pathOf(target)).some((path) => paths.has(path)))) return [...targets];
  const depth = (target: readonly Planned[]): number => ancestorsOf(pathOf(target)).length;
  const [lowered, raised] = [true, false].map((lowers) => targets.filter((target) => target.some(isLower) === lowers));
  return [
    ...(raised ?? []).toSorted((a, b) => depth(a) - depth(b)),
    ...(lowered ?? []).toSorted((a, b) => depth(b) - depth(a)),
  ];
}

function isLower({ write: { file, before, after } }: Planned): boolean {
  const [was, is] = [comparable(file, before), comparable(file, after)];
  return was !== undefined && is !== undefined && is < was;
}

/** What is asked of one file, and who sets it. */
interface Asked {
  readonly limit: Limit;
  readonly edits: readonly Edit[];
  readonly by: Ownership;
}

/** Throws BadValueError, which begins with the line of the policy, if any, and the name of the workload. */
function planTarget({ target, edits, from }: Request, context: PlanContext): Planned[] {
  const asked = askedOf(target, edits, context);
  try {
    return planFiles(target, asked, context);
  } catch (error) {
    if (!(error instanceof BadValueError)) throw error;
    throw new BadValueError(`${from ? `${from}: ` : ''}${target.name}: ${error.message}`);
  }
}

function askedOf(target: Target, edits: Request['edits'], context: PlanContext): Asked[] {
  const present = edits.map((entry) => whereItIs(target, entry, context));
  return [...new Set(present.map(({ limit }) => limit))].flatMap((limit) => {
    const own = present.filter((entry) => entry.limit === limit).map(({ edit }) => edit);
    return ownerships(target, limit.file, context).map((by) => ({ limit, edits: own, by }));
  });
}

/** Every file of one workload, in the order in which the kernel takes them. */
function planFiles(target: Target, asked: readonly Asked[], context: PlanContext): Planned[] {
  // A file may exist only after systemd has set another limit of the same controller, so raw writes come last.
  const isRaw = ({ by }: Asked): boolean => by.owner.name === 'cgroupfs';
  const planned: Planned[] = [];
  for (const one of asked.toSorted((a, b) => Number(isRaw(a)) - Number(isRaw(b)))) {
    const result = planFile(target, one, planned, context);
    planned.push(...draggedBy(result, one.limit, peekAt(result.write.path, planned, context)), result);
  }
  for (const { write } of planned) findLimit(write.file)?.fits?.(write.after, peekAt(write.path, planned, context));
  const isEarly = ({ write }: Planned): boolean => findLimit(write.file)?.early?.(write.before, write.after) === true;
  const needed = planned.filter(({ write }) => isNeeded(write, planned));
  return [...needed.filter(isEarly), ...needed.filter((entry) => !isEarly(entry))];
}

/**
 * Where a container has the limit on two levels, the upper one follows only if the two are the same, as an engine that
 * writes both keeps them, or if it would hold the container tighter than was asked.
 */
function isNeeded({ path, file, before, after }: Write, planned: readonly Planned[]): boolean {
  const lower = planned.find(({ write }) => write.file === file && parentOf(write.path) === path)?.write;
  if (lower === undefined || before === lower.before) return true;
  return (comparable(file, before) ?? NO_LIMIT) < (comparable(file, after) ?? NO_LIMIT);
}

/** The files of a cgroup as they will be: what is planned of it, or of the other level of the container, before what is there. */
const peekAt =
  (path: string, planned: readonly Planned[], { files }: PlanContext): Peek =>
  (file) => {
    const writes = planned.map(({ write }) => write).filter((write) => write.file === file);
    const last = writes.findLast((write) => write.path === path) ?? writes.at(-1);
    return last?.after ?? textIfThere(files, path, file);
  };

type Entry = Request['edits'][number];

/** The edit itself, or its replacement where the cgroup has another file with the same meaning (io.bfq.weight). */
function whereItIs({ path }: Target, entry: Entry, { files }: PlanContext): Entry {
  const { instead } = entry.edit;
  const other = instead && findLimit(instead.file);
  if (!instead || !other || textIfThere(files, path, other.file) === undefined) return entry;
  const stays = !instead.preferred && textIfThere(files, path, entry.limit.file) !== undefined;
  return stays ? entry : { limit: other, edit: instead.edit };
}

/** Plans one file of one workload: applies the edits in order, then lets the owner round. `earlier`: planned before it. */
function planFile(
  target: Target,
  { limit, edits, by: { owner, place, risks, notes } }: Asked,
  earlier: readonly Planned[],
  context: PlanContext,
): Planned {
  const { file } = limit;
  const before = textBefore(place, limit, earlier, context);
  const asked = edits.reduce((text, edit) => edit.after(text, peekAt(place.path, earlier, context)), before);
  limit.check?.(asked);
  const wanted = asked === before ? before : restorable({ path: target.path, file, before: asked }, context.files);
  const taken =
    wanted === asked ? [] : ["the kernel takes no empty list while tasks are in it: the parent's list is set instead"];
  const after = wanted === before ? before : owner.keeps(file, wanted);
  const property = owner.name === 'cgroupfs' ? undefined : owner.describe(file, after);
  const rounded = after === wanted ? [] : [`${owner.name} cannot keep ${wanted}; it becomes ${after}`];
  const pages = limit.rounded(after, context.machine);
  // Only a size becomes less; the kernel spells the text of other files in another way.
  if (parseSingleValue(pages) < parseSingleValue(after))
    rounded.push(`the kernel rounds it down to whole pages: ${pages}`);
  return {
    write: {
      name: target.name,
      ...place,
      file,
      before,
      after,
      via: owner.name,
      ...(property ? { property } : {}),
      notes: [...edits.flatMap(({ note }) => note ?? []), ...taken, ...rounded, ...notes],
    },
    risks,
  };
}

/** The write of another file that the kernel would change along with this one. */
function draggedBy({ write }: Planned, limit: Limit, peek: Peek): Planned[] {
  const { property: _, ...place } = write;
  const dragged = limit.drags?.(write.before, write.after, peek);
  if (!dragged) return [];
  const { file, text, note } = dragged;
  return [{ write: { ...place, file, before: peek(file) ?? '', after: text, notes: [note] }, risks: [] }];
}

/**
 * The text of the file now. A missing file counts as unset where systemd will enable its controller for the first limit of
 * it; elsewhere a missing file cannot be set: throws NoSuchLimitError with the reason.
 */
function textBefore(
  { path, via }: Pick<Write, 'path' | 'via'>,
  limit: Limit,
  earlier: readonly Planned[],
  { files }: PlanContext,
): string {
  const isOn = (at: string): boolean =>
    parseControllers(textIfThere(files, at, 'cgroup.controllers') ?? '').includes(limit.controller);
  const isBringing = ({ write }: Planned): boolean =>
    write.via === 'systemd' && write.before !== write.after && findLimit(write.file)?.controller === limit.controller;
  const isToCome = (via === 'systemd' || earlier.some(isBringing)) && !isOn(path) && isOn('/');
  try {
    return isToCome ? currentText({ path, file: limit.file }, files) : files.read(path, limit.file).trim();
  } catch (error) {
    if (!(error instanceof CgroupFileError && error.code === 'ENOENT')) throw error;
    const why = whyMissing(path, limit, files);
    throw why === undefined ? error : new NoSuchLimitError(why);
  }
}
