/** What may go wrong with a write, found before it is made. */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { isWithin } from '../../kernel/cgroup-path.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { shellWord } from '../../text/shell-word.ts';
import { sizeText } from '../catalogue/catalogue.ts';
import type { PlanContext, Risk, Write } from '../model.ts';

import { canComeDown, comesDownText, memoryInUse } from './lowering.ts';
import { reclaimable } from './reclaimable.ts';
import { valueRisks } from './value-risks.ts';

export function risksOf(write: Write, context: PlanContext): Risk[] {
  const checks = [ownCgroup(write, context), belowUsage(write, context), belowTasks(write, context)];
  return [...checks.flatMap((risk) => risk ?? []), ...valueRisks(write, context)];
}

/**
 * Who would be hit beside the target: the user's own shell, or init; undefined where neither lives in the cgroup. Where
 * the mount does not tell our own place, every cgroup may be it.
 */
export function holderIn(
  path: string,
  { ownPath, initPath }: Pick<PlanContext, 'ownPath' | 'initPath'>,
): string | undefined {
  if (ownPath === undefined)
    return 'this very command may run (its /proc/self/cgroup does not say where beneath this mount)';
  if (isWithin(ownPath, path)) return 'this very command and your shell run';
  return isWithin(initPath, path) ? 'pid 1 runs' : undefined;
}

/** What to do in place of that. */
export const besideHolder = ({ ownPath }: Pick<PlanContext, 'ownPath'>): string =>
  ownPath === undefined ? 'run it on the host' : 'name the container or unit inside it';

/** A cgroup that holds the user's own shell, or init, must not be starved by a typing error. */
function ownCgroup({ path, name, file }: Write, context: PlanContext): Risk | undefined {
  // A setting of a disk, which only happens to live in the root cgroup.
  if (file === 'io.cost.qos') return undefined;
  const who = holderIn(path, context);
  if (!who) return undefined;
  return {
    level: 'refuse',
    text: `${who} in ${name} (${path}): limiting it limits the way back too`,
    remedy: besideHolder(context),
  };
}

/** memory.max below what is in use: the kernel reclaims, and then kills, within the write. */
function belowUsage(write: Write, { files, machine }: PlanContext): Risk | undefined {
  const { path, name, file, after } = write;
  if (file !== 'memory.max' && file !== 'memory.high') return undefined;
  const limit = parseSingleValue(after);
  const usage = memoryInUse(path, files);
  if (!(limit < usage)) return undefined;
  const excess = sizeText(usage - limit);
  if (file === 'memory.high') {
    return {
      level: 'warn',
      text: `${name} uses ${sizeText(usage)}: ${excess} will be reclaimed now, and it is slowed while above ${sizeText(limit)}`,
    };
  }
  if (canComeDown(write, { files, machine })) return { level: 'warn', text: comesDownText(write, files) };
  const possible = reclaimable(path, files, machine);
  return {
    level: 'refuse',
    text: `${name} uses ${sizeText(usage)}, ${excess} more than ${sizeText(limit)}, of which about ${sizeText(possible)} can be reclaimed: the kernel would kill processes for the rest`,
    remedy: `lower it without killing: tscg set ${shellWord(name)} --memory-high ${after}`,
  };
}

/** pids.max below the number of tasks kills nobody, but every fork fails. */
function belowTasks({ path, name, file, after }: Write, { files }: PlanContext): Risk | undefined {
  if (file !== 'pids.max') return undefined;
  const limit = parseSingleValue(after);
  const tasks = readValue(files, path, 'pids.current');
  if (!(limit < tasks)) return undefined;
  return { level: 'warn', text: `${name} has ${tasks} tasks: every fork fails until fewer than ${limit} are left` };
}

/** NaN where it cannot be read: a risk that cannot be judged must not fail the Plan. */
const readValue = (files: CgroupFiles, path: string, file: string): number =>
  parseSingleValue(textIfThere(files, path, file));
