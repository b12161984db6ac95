/**
 * The Plan: what would be written, before and after, what then really binds, and the risks. Nothing is written that a
 * Plan did not show, whoever asked for it (flags, form, policy, undo).
 */
import type { CgroupFiles } from '../kernel/cgroup-files.ts';
import type { Machine } from '../kernel/machine.ts';
import type { Edit, Limit } from './catalogue.ts';
import { effectiveNote } from './effective-note.ts';
import { risksOf } from './risks.ts';

export interface Target {
  /** As the user calls it. */
  readonly name: string;
  /** Path beneath the mount. */
  readonly path: string;
  readonly inode: number;
}

/** One write of one file. */
export interface Write {
  readonly name: string;
  readonly path: string;
  readonly inode: number;
  readonly file: string;
  /** The file's text before, without its newline. */
  readonly before: string;
  readonly after: string;
}

export interface Risk {
  /** `refuse`: not without --force. */
  readonly level: 'refuse' | 'warn';
  readonly text: string;
  /** What to do instead. */
  readonly remedy?: string;
}

export interface Plan {
  readonly writes: readonly (Write & { readonly notes: readonly string[] })[];
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
}

/** Throws BadValueError where a value does not fit what is there, CgroupFileError where a file cannot be read. */
export function planSet(requests: readonly Request[], context: PlanContext): Plan {
  const { files } = context;
  const all = requests.flatMap(({ target, edits }) => {
    const byFile = new Map<string, Write & { notes: string[] }>();
    for (const { limit, edit } of edits) {
      const pending = byFile.get(limit.file);
      const before = pending?.before ?? files.read(target.path, limit.file).trim();
      const write = pending ?? { ...target, file: limit.file, before, after: before, notes: [] };
      byFile.set(limit.file, {
        ...write,
        after: edit.after(write.after),
        notes: [...write.notes, ...(edit.note ? [edit.note] : [])],
      });
    }
    for (const { limit } of edits) limit.check?.(byFile.get(limit.file)?.after ?? '');
    return [...byFile.values()];
  });
  const writes = all.filter(({ before, after }) => before !== after);
  return {
    writes: writes.map((write) => ({ ...write, notes: [...write.notes, ...effectiveNote(write, context)] })),
    unchanged: all.filter(({ before, after }) => before === after),
    risks: writes.flatMap((write) => risksOf(write, context)),
  };
}
