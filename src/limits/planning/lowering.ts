/**
 * memory.max below what is in use, as the Plan shows it. The kernel would kill within that write, so memory.high goes down
 * first, which reclaims and slows but never kills, and is what it was again afterwards: a transient write. It is carried out
 * by applying/lower/gently.ts.
 */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import type { Machine } from '../../kernel/machine.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { bytesText } from '../../text/bytes.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import { wholePages } from '../catalogue/limit.ts';
import type { Plan, PlannedWrite, Write } from '../model.ts';
import { filesAfter } from './files-after.ts';
import { surelyReclaimable } from './reclaimable.ts';

/** What is in use of a limit that the kernel kills for, in bytes; NaN of any other one, and where it cannot be read. */
export function inUse({ path, file }: Pick<Write, 'path' | 'file'>, files: CgroupFiles): number {
  const gently = findLimit(file)?.gently;
  return gently ? parseSingleValue(textIfThere(files, path, gently.usage)) : Number.NaN;
}

/** Whether the kernel would have to reclaim, or to kill, within the write. */
export const isBelowUsage = (write: Write, files: CgroupFiles): boolean =>
  parseSingleValue(write.after) < inUse(write, files);

/**
 * Bytes that memory.high is held below the new memory.max. Only the file itself can be written under a watchdog; another
 * owner takes a moment to write it, in which the workload may grow.
 */
const marginOf = ({ via, after }: Write): number =>
  via === 'cgroupfs' ? 0 : Math.min(16 * 2 ** 20, parseSingleValue(after) / 20);

/** The write of memory.high that goes before one of memory.max; undefined where it is low enough already, or missing. */
export function transientHigh(write: Write, files: CgroupFiles, { pageSize }: Machine): PlannedWrite | undefined {
  const through = findLimit(write.file)?.gently?.through;
  const before = through && textIfThere(files, write.path, through);
  const held = wholePages(String(Math.floor(parseSingleValue(write.after) - marginOf(write))), pageSize);
  if (through === undefined || before === undefined || parseSingleValue(before) <= Number(held)) return undefined;
  const { name, path, inode } = write;
  return {
    ...{ name, path, inode, file: through, before, after: held, via: 'cgroupfs', endpoint: '', subject: '' },
    transient: true,
    notes: [`transient: until ${write.file} is set, then ${before} again`],
  };
}

/** Whether enough of what is in use can be reclaimed, as memory.stat estimates it; if not, the kernel would kill. */
export const canComeDown = (write: Write, { files, machine }: Where): boolean =>
  inUse(write, files) - parseSingleValue(write.after) <= surelyReclaimable(write.path, files, machine);

interface Where {
  readonly files: CgroupFiles;
  readonly machine: Machine;
}

/** The writes, and before each that lowers memory.max below what is in use the transient one of memory.high. */
export const withTransients = (
  writes: readonly PlannedWrite[],
  { files, machine }: Where,
  isGentle: (write: Write) => boolean = () => true,
): PlannedWrite[] =>
  writes.flatMap((write, index) => {
    if (write.ended || !isBelowUsage(write, files) || !isGentle(write)) return [write];
    const high = transientHigh(write, filesAfter(files, writes.slice(0, index)), machine);
    return high ? [high, write] : [write];
  });

/** The Plan where --force says that memory.max is written at once, whatever the kernel kills for it. */
export const forcedPlan = (plan: Plan): Plan => ({
  ...plan,
  writes: plan.writes.filter(({ transient }) => !transient),
});

/** The warning of a Plan that lowers the limit without a kill. */
export function comesDownText(write: Write, files: CgroupFiles): string {
  const usage = inUse(write, files);
  const excess = bytesText(usage - parseSingleValue(write.after));
  const margin = marginOf(write);
  const unless = margin === 0 ? '' : ` unless it grows by ${bytesText(margin)} while ${write.via} sets it`;
  return `${write.name} uses ${bytesText(usage)}: ${excess} is reclaimed before ${write.file} is set; nothing is killed${unless}`;
}
