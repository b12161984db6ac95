/** Freezing and thawing: an ordinary Plan of cgroup.freeze, so that it is journalled and undo thaws; then the wait. */

import { CgroupFileError, type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { isGone } from '../../kernel/error-code.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { readPidStat } from '../../kernel/process-handle.ts';
import { inhabitants } from '../../kernel/subtree.ts';
import { errorText } from '../../text/error-text.ts';
import { applyPlan } from '../applying/apply.ts';
import type { ApplyContext } from '../applying/context.ts';
import type { Change } from '../applying/journal.ts';
import { planUndo } from '../applying/undo.ts';
import type { Plan, PlanContext, PlannedWrite, Risk, Target, Write } from '../model.ts';
import { FREEZE_FILE } from '../owners/freezer.ts';
import { guardRisks } from '../planning/guard.ts';
import { ownership } from '../planning/ownership.ts';
import { ActionError } from './action-error.ts';
import { untilEvent, type WaitOptions } from './until-event.ts';

/** Throws ActionError for the root, which cannot be frozen. */
export function planFreeze(targets: readonly Target[], frozen: boolean, context: PlanContext): Plan {
  const planned = targets.map((target) => planOne(target, frozen, context));
  return {
    writes: planned.filter(({ before, after }) => before !== after),
    unchanged: planned.filter(({ before, after }) => before === after),
    risks: frozen ? targets.flatMap((target) => [...guardRisks(target, 'freezing', context), ...restarts(target)]) : [],
  };
}

function planOne(target: Target, frozen: boolean, context: PlanContext): PlannedWrite {
  if (target.path === '/') {
    throw new ActionError('the root cgroup cannot be frozen: it holds the whole machine; name one below it');
  }
  // What an owner takes back of limits (kubelet, daemon-reload) does not touch the freezer.
  const { owner, place } = ownership(target, FREEZE_FILE, context);
  const before = readState(context.files, place.path);
  const after = frozen ? '1' : '0';
  const property = owner.name === 'cgroupfs' ? undefined : owner.describe(FREEZE_FILE, after);
  return {
    name: target.name,
    ...place,
    file: FREEZE_FILE,
    before,
    after,
    ...(property ? { property } : {}),
    notes: frozen ? [] : frozenAbove(context.files, place.path),
  };
}

function readState(files: CgroupFiles, path: string): string {
  try {
    return files.read(path, FREEZE_FILE).trim();
  } catch (error) {
    if (error instanceof CgroupFileError && error.code === 'ENOENT' && isThere(files, path)) {
      throw new ActionError(`${path} has no ${FREEZE_FILE}: the kernel is older than 5.2`);
    }
    throw error;
  }
}

function isThere(files: CgroupFiles, path: string): boolean {
  try {
    return files.inode(path) > 0;
  } catch {
    return false;
  }
}

const restarts = ({ path, name }: Target): Risk[] =>
  path.includes('kubepods')
    ? [
        {
          level: 'warn',
          text: `${name} belongs to Kubernetes: while frozen it fails its liveness probe and may be restarted`,
        },
      ]
    : [];

/** The first of the cgroups that is frozen, or about to be, for itself. */
export const frozenIn = (files: CgroupFiles, paths: readonly string[]): string | undefined =>
  paths.find((path) => textIfThere(files, path, FREEZE_FILE) === '1');

/** A cgroup stays frozen for as long as one above it is. */
function frozenAbove(files: CgroupFiles, path: string): string[] {
  const holder = frozenIn(files, ancestorsOf(path));
  return holder ? [`stays frozen: ${holder} above it is frozen; thaw that one`] : [];
}

/** Waits until the kernel has frozen, or thawed, every cgroup; gives those that it has not in time, or until aborted. */
export async function untilFrozen(
  places: readonly Pick<Write, 'path' | 'name'>[],
  frozen: boolean,
  files: CgroupFiles,
  wait: WaitOptions,
): Promise<Pick<Write, 'path' | 'name'>[]> {
  const wanted = frozen ? 1 : 0;
  const late = await Promise.all(
    places.map(async (place) => {
      if (!frozen && frozenAbove(files, place.path).length > 0) return [];
      try {
        const isDone = (): boolean => parseFlatKeyed(files.read(place.path, 'cgroup.events')).get('frozen') === wanted;
        return (await untilEvent(files, place.path, isDone, wait)) ? [] : [place];
      } catch (error) {
        if (isGone(error)) throw new ActionError(`${place.name} (${place.path}) has ended`);
        throw error;
      }
    }),
  );
  return late.flat();
}

/**
 * Waits for a freeze that was applied. It is taken back whole, and ActionError tells why, where it takes too long, where it is
 * aborted, or where one of the cgroups has ended.
 */
export async function freezeOrThaw(
  change: Change,
  timeoutMs: number,
  context: PlanContext & Omit<ApplyContext, 'undoes' | 'id'>,
): Promise<void> {
  const why = await whyNotFrozen(change, timeoutMs, context);
  if (why === undefined) return;
  await applyPlan(planUndo(change, context), { ...context, signal: undefined, undoes: change.id });
  throw new ActionError(`${why}; all of it is thawed again`);
}

async function whyNotFrozen(
  { writes }: Change,
  timeoutMs: number,
  { files, signal }: Pick<ApplyContext, 'files' | 'signal'>,
): Promise<string | undefined> {
  try {
    const [late] = await untilFrozen(writes, true, files, { timeoutMs, signal });
    if (!late) return undefined;
    if (signal?.aborted) return 'interrupted';
    const { name, path } = late;
    return `${name} (${path}) was not frozen within ${timeoutMs / 1000} s: ${unfreezable(files, path)}`;
  } catch (error) {
    return errorText(error);
  }
}

/** Why a cgroup does not freeze: names the processes that wait in the kernel, where they cannot be stopped. */
function unfreezable(files: CgroupFiles, path: string): string {
  const stuck = inhabitants(files, path).pids.filter((pid) => readPidStat(pid)?.state === 'D');
  return stuck.length > 0
    ? `waiting in the kernel (state D): pid ${stuck.slice(0, 5).join(', ')}${stuck.length > 5 ? ' and more' : ''}`
    : 'a task of it did not come to a stop';
}
