/**
 * The Plan: what would be written, before and after, what then really binds, and the risks. Nothing is written that a
 * Plan did not show, whoever asked for it (flags, form, policy, undo).
 */

import type { Workload } from '../inventory/workload.ts';
import { CgroupFileError, type CgroupFiles } from '../kernel/cgroup-files.ts';
import type { Machine } from '../kernel/machine.ts';
import type { Edit, Limit } from './catalogue.ts';
import { effectiveNote } from './effective-note.ts';
import type { OwnerName } from './owners/owner.ts';
import { type OwnerOptions, ownership } from './ownership.ts';
import { risksOf } from './risks.ts';

/** A workload that a limit is for; `name` is as the user calls it. */
export type Target = Workload;

/** One write of one file. */
export interface Write {
  readonly name: string;
  readonly path: string;
  readonly inode: number;
  readonly file: string;
  /** The file's text before, without its newline. */
  readonly before: string;
  readonly after: string;
  /** Who makes it. */
  readonly via: OwnerName;
  /** Where the owner is reached: a socket; empty for the file itself. */
  readonly endpoint: string;
  /** What the owner calls it: a container id, a unit; empty for the file itself. */
  readonly subject: string;
  /** Kept by the owner over a reboot. */
  readonly persist?: boolean;
}

export interface Risk {
  /** `refuse`: not without --force. */
  readonly level: 'refuse' | 'warn';
  readonly text: string;
  /** What to do instead. */
  readonly remedy?: string;
}

export interface PlannedWrite extends Write {
  /** What the owner calls the new value, where it is not the file: `MemoryMax=50331648`. */
  readonly property?: string;
  readonly notes: readonly string[];
}

export interface Plan {
  readonly writes: readonly PlannedWrite[];
  /** Files that already say what was asked. */
  readonly unchanged: readonly Write[];
  readonly risks: readonly Risk[];
}

/** What was asked of one target: edits in the order of the catalogue, so that a period is set before a quota of it. */
export interface Request {
  readonly target: Target;
  readonly edits: readonly { readonly limit: Limit; readonly edit: Edit }[];
}

export interface PlanContext {
  readonly files: CgroupFiles;
  readonly machine: Machine;
  /** Paths of the cgroups that this process and pid 1 live in: limiting them may lock the user out. */
  readonly ownPath: string | undefined;
  readonly initPath: string | undefined;
  readonly owners: OwnerOptions;
}

/** Throws BadValueError where a value does not fit what is there, CgroupFileError where a file cannot be read. */
export function planSet(requests: readonly Request[], context: PlanContext): Plan {
  const planned = requests.flatMap(({ target, edits }) => {
    const limits = new Set(edits.map(({ limit }) => limit));
    return [...limits].map((limit) => {
      const own = edits.filter((entry) => entry.limit === limit).map(({ edit }) => edit);
      return planFile(target, limit, own, context);
    });
  });
  const changed = planned.filter(({ write }) => write.before !== write.after);
  return {
    writes: changed.map(({ write }) => ({ ...write, notes: [...write.notes, ...effectiveNote(write, context)] })),
    unchanged: planned.filter(({ write }) => write.before === write.after).map(({ write }) => write),
    risks: changed.flatMap(({ write, risks }) => [...risks, ...risksOf(write, context)]),
  };
}

/** One file of one workload: every edit in order, then what its owner makes of it. */
function planFile(
  target: Target,
  limit: Limit,
  edits: readonly Edit[],
  context: PlanContext,
): { write: PlannedWrite; risks: readonly Risk[] } {
  const { file } = limit;
  const { owner, place, risks, notes } = ownership(target, file, context);
  const before = textBefore(place, limit, context);
  const wanted = edits.reduce((text, edit) => edit.after(text), before);
  limit.check?.(wanted);
  const after = wanted === before ? before : owner.keeps(file, wanted);
  const property = owner.name === 'cgroupfs' ? undefined : owner.describe(file, after);
  const rounded = after === wanted ? [] : [`${owner.name} keeps whole percents: ${wanted} becomes ${after}`];
  return {
    write: {
      name: target.name,
      ...place,
      file,
      before,
      after,
      via: owner.name,
      ...(property ? { property } : {}),
      notes: [...edits.flatMap(({ note }) => note ?? []), ...rounded, ...notes],
    },
    risks,
  };
}

/** systemd enables a controller when a unit gets its first property of it: until then there is no file. */
function textBefore(
  { path, via }: Pick<Write, 'path' | 'via'>,
  { file, unset }: Limit,
  { files }: PlanContext,
): string {
  try {
    return files.read(path, file).trim();
  } catch (error) {
    if (via === 'systemd' && error instanceof CgroupFileError && error.code === 'ENOENT') return unset;
    throw error;
  }
}
