/**
 * Who competes with a victim: at each level of its path the siblings, each with all below it; the tasks that lie in its
 * ancestors themselves; the host's processes and the kernel's threads in the root cgroup.
 */

import { ENGINE_NAMES } from '../../inventory/engines.ts';
import type { Workload } from '../../inventory/workload.ts';
import { ancestorsOf, isWithin, lastComponent, parentOf } from '../../kernel/cgroup-path.ts';
import type { SuspectKind } from '../model.ts';
import { THRESHOLDS } from '../thresholds.ts';
import { type Group, HOST, KERNEL } from './model.ts';

const ENGINE = new RegExp(`^(?:snap\\.)?${ENGINE_NAMES}([.@-].*)?\\.(service|scope)$`);

export const whatIs = ({ kind, path }: Pick<Workload, 'kind' | 'path'>): SuspectKind =>
  kind === 'monitor' || (kind === 'unit' && ENGINE.test(lastComponent(path))) ? 'engine' : 'workload';

/**
 * The competitor of a victim that a group is part of: the sibling of the victim, or of one of its ancestors, that holds
 * it; the ancestor itself for tasks in it. undefined for the victim and what is below it.
 */
export function competitorOf(victim: string, key: string): string | undefined {
  if (key === HOST || key === KERNEL) return key;
  if (isWithin(key, victim)) return undefined;
  if (isWithin(victim, key)) return key;
  const shared = ancestorsOf(key).find((path) => isWithin(victim, path)) ?? '/';
  return childTowards(shared, key);
}

/** The child of `ancestor` that holds `path`, or is it. */
export function childTowards(ancestor: string, path: string): string {
  let at = path;
  while (at !== '/' && parentOf(at) !== ancestor) at = parentOf(at);
  return at;
}

/** The level at which they compete: the cgroup that holds both the victim and the competitor. */
export const levelOf = (victim: string, competitor: string): string =>
  competitor === HOST || competitor === KERNEL ? '/' : isWithin(victim, competitor) ? competitor : parentOf(competitor);

/**
 * Goes from a group down to the child that has most of the amount, level by level, but not into a container. `amounts`: what
 * each group has, with all below it.
 */
export function mostBelow(
  from: string,
  amounts: ReadonlyMap<string, number>,
  groups: ReadonlyMap<string, Pick<Group, 'isInner'>>,
): string {
  let at = from;
  for (;;) {
    const [most] = [...amounts].filter(([key]) => key !== at && parentOf(key) === at).sort(([, a], [, b]) => b - a);
    const isMost = most !== undefined && most[1] >= THRESHOLDS.goDown * (amounts.get(at) ?? 1);
    if (!isMost || groups.get(most[0])?.isInner) return at;
    at = most[0];
  }
}
