/** What really binds after a write: an ancestor with a smaller limit makes it have no effect. */
import { CgroupFileError } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { PlanContext, Write } from '../model.ts';

/** Files whose effective value is the smallest over the ancestors, as a number to compare. */
const COMPARED: Readonly<Record<string, (text: string) => number>> = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    return quota / period;
  },
  'memory.max': parseSingleValue,
  'memory.high': parseSingleValue,
  'memory.swap.max': parseSingleValue,
  'memory.swap.high': parseSingleValue,
  'memory.zswap.max': parseSingleValue,
  'pids.max': parseSingleValue,
};

/** The text as a number, larger where it allows more; undefined for a file whose values do not bind below it. */
export const comparable = (file: string, text: string): number | undefined => COMPARED[file]?.(text);

/** One line where an ancestor holds it tighter, as the files of the context say. */
export function effectiveNote({ path, file, after }: Write, { files }: PlanContext): string[] {
  const compared = COMPARED[file];
  if (!compared) return [];
  const own = compared(after);
  let tightest = { value: NO_LIMIT, path: '', text: '' };
  for (const ancestor of ancestorsOf(path)) {
    try {
      const text = files.read(ancestor, file);
      const value = compared(text);
      if (value < tightest.value) tightest = { value, path: ancestor, text };
    } catch (error) {
      // The root has no limit files, and above a delegated subtree they may be unreadable.
      if (!(error instanceof CgroupFileError)) throw error;
    }
  }
  if (!(tightest.value < own)) return [];
  return [`no effect of its own: ${tightest.path} already holds it to ${findLimit(file)?.describe(tightest.text)}`];
}
