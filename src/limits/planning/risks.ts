/**
 * What may go wrong with a write, found before it is made. Checks of one limit are in its row of the catalogue; here are
 * those of all.
 */

import { typedName } from '../../inventory/workload.ts';
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf, isWithin } from '../../kernel/cgroup-path.ts';
import { interfaceFile } from '../../kernel/interface-files.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { bytesText } from '../../text/bytes.ts';
import { shellWord } from '../../text/shell-word.ts';
import { findLimit } from '../catalogue/catalogue.ts';
import { warning } from '../catalogue/limit.ts';
import type { PlanContext, Risk, Write } from '../model.ts';
import { canComeDown, comesDownText, inUse, isBelowUsage } from './lowering.ts';
import { surelyReclaimable } from './reclaimable.ts';

/** `context.files`: as they will be once the whole Plan is carried out. */
export function risksOf(write: Write, context: PlanContext): Risk[] {
  const { files, machine } = context;
  const view = { machine, read: (path: string, file: string) => textIfThere(files, path, file) };
  return [
    ownCgroup(write, context),
    belowUsage(write, context),
    beyondProtection(write, files),
    ...(findLimit(write.file)?.risks ?? []).map((check) => check(write, view)),
  ].flatMap((risk) => risk ?? []);
}

/**
 * Who else would be limited: the user's own shell, or init; undefined where neither lives in the cgroup. Where the mount does
 * not show our own cgroup, every cgroup may be ours.
 */
export function holderIn(
  path: string,
  { ownPath, initPath }: Pick<PlanContext, 'ownPath' | 'initPath'>,
): string | undefined {
  if (ownPath === undefined) return 'this command, whose own cgroup this mount does not show, may run';
  if (isWithin(ownPath, path)) return 'this command and your shell run';
  return isWithin(initPath, path) ? 'pid 1 runs' : undefined;
}

/** What to do instead. */
export const besideHolder = ({ ownPath }: Pick<PlanContext, 'ownPath'>): string =>
  ownPath === undefined ? 'run it on the host' : 'name the container or unit inside it';

/** A cgroup that holds the user's own shell, or init, must not be starved by a typing error. */
function ownCgroup({ path, name, file }: Write, context: PlanContext): Risk | undefined {
  // A setting of the machine, which only happens to live in the root cgroup.
  if (interfaceFile(file)?.root === 'only') return undefined;
  const who = holderIn(path, context);
  if (!who) return undefined;
  return {
    level: 'refuse',
    text: `${who} in ${name} (${path}): a limit may lock you out`,
    remedy: besideHolder(context),
  };
}

/** Warns, or refuses, where the kernel would reclaim, and then kill, within the write. */
function belowUsage(write: Write, { files, machine }: PlanContext): Risk | undefined {
  if (!isBelowUsage(write, files)) return undefined;
  if (canComeDown(write, { files, machine })) return warning(comesDownText(write, files));
  const { path, name, after } = write;
  const [limit, usage] = [parseSingleValue(after), inUse(write, files)];
  return {
    level: 'refuse',
    text: `${name} uses ${bytesText(usage)}, ${bytesText(usage - limit)} more than ${bytesText(limit)}, of which about ${bytesText(surelyReclaimable(path, files, machine))} can be reclaimed: the kernel would kill processes for the rest`,
    remedy: `lower it without killing: tscg set ${shellWord(typedName({ path, name }))} --memory-high ${after}`,
  };
}

/** Warns where an ancestor keeps less for its whole subtree than is to be kept for this cgroup. */
function beyondProtection({ path, file, after }: Write, files: CgroupFiles): Risk | undefined {
  const limit = findLimit(file);
  if (limit?.binds?.by !== 'protection') return undefined;
  const { binds } = limit;
  const wanted = binds.value(after);
  for (const ancestor of ancestorsOf(path)) {
    const text = textIfThere(files, ancestor, file);
    const given = text === undefined ? Number.NaN : binds.value(text);
    if (!(given < wanted)) continue;
    return warning(
      `${ancestor} protects ${given === 0 ? 'nothing' : `only ${binds.text(given)}`} (${file}): ${path} gets no more than that`,
      `raise it there too: tscg set ${shellWord(ancestor)} ${limit.flags[0]?.long} ${after}`,
    );
  }
  return undefined;
}
