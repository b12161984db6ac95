/** What really binds after a write: an ancestor with a smaller limit makes it have no effect. */
import { CgroupFileError } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import type { PlanContext, Write } from '../model.ts';

/** The text as a number, larger where it allows more; undefined for a file whose values do not bind below it. */
export function comparable(file: string, text: string): number | undefined {
  const binds = findLimit(file)?.binds;
  return binds?.by === 'smallest' ? binds.value(text) : undefined;
}

/** One line where an ancestor holds it tighter, as the files of the context say. */
export function effectiveNote({ path, file, after }: Write, { files }: PlanContext): string[] {
  const limit = findLimit(file);
  if (limit?.binds?.by !== 'smallest') return [];
  const { value } = limit.binds;
  let tightest = { value: NO_LIMIT, path: '', text: '' };
  for (const ancestor of ancestorsOf(path)) {
    try {
      const text = files.read(ancestor, file).trim();
      const held = value(text);
      if (held < tightest.value) tightest = { value: held, path: ancestor, text };
    } catch (error) {
      // The root has no limit files, and above a delegated subtree they may be unreadable.
      if (!(error instanceof CgroupFileError)) throw error;
    }
  }
  if (!(tightest.value < value(after))) return [];
  return [`no effect of its own: ${tightest.path} already holds it to ${limit.describe(tightest.text)}`];
}
