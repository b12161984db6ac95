/**
 * Drift: a limit that tscg set and that another program has changed since. Only the newest change of a file counts, and only
 * while its cgroup exists.
 */

import { unitAt } from '../../inventory/units.ts';
import { CgroupFileError } from '../../kernel/cgroup-files.ts';
import type { Plan, PlanContext, Write } from '../model.ts';
import { propertyOf } from '../owners/open-owner.ts';
import { currentText } from '../planning/current-text.ts';
import { comesDownText, isBelowUsage, withTransients } from '../planning/lowering.ts';
import { sameValue } from '../planning/same-value.ts';
import { type Change, undoneIn } from './journal.ts';

export interface Drift {
  readonly change: Change;
  readonly write: Write;
  /** What the file says now. */
  readonly now: string;
  /** Who may have done it: `systemd`, `docker`, …, or `another writer`. */
  readonly by: string;
}

/**
 * Newest first. A change without an end in the journal is still under way, so neither it nor the changes that it overwrites
 * are judged. A change that was undone does not count, even if its undo had nothing to write.
 */
export function driftOf(
  changes: readonly Change[],
  { files, machine }: Pick<PlanContext, 'files' | 'machine'>,
): Drift[] {
  const seen = new Set<string>();
  const undone = undoneIn(changes);
  const drifts: Drift[] = [];
  for (const change of changes.toReversed()) {
    const isVoid = change.outcome === 'failed' || change.outcome === 'rolled-back' || undone.has(change.id);
    if (isVoid || change.boot !== (machine.bootId ?? '')) continue;
    for (const write of change.writes) {
      if (write.transient) continue;
      const key = `${write.inode}/${write.file}`;
      if (seen.has(key)) continue;
      seen.add(key);
      if (change.outcome !== 'applied') continue;
      try {
        if (files.inode(write.path) !== write.inode) continue;
        const now = currentText(write, files);
        if (!sameValue(write.file, now, write.after, machine)) drifts.push({ change, write, now, by: culprit(write) });
      } catch (error) {
        // Gone meanwhile: nothing is left to drift.
        if (!(error instanceof CgroupFileError)) throw error;
      }
    }
  }
  return drifts;
}

/** The program that most likely did it: the manager of a cgroup writes its own values back. */
function culprit({ path, via }: Write): string {
  if (path.includes('kubepods')) return 'the kubelet';
  if (via === 'docker' || via === 'podman' || via === 'incus') return via;
  return unitAt(path.replace(/\/container$/, '')) ? 'systemd' : 'another writer';
}

/** `systemd reverted cpu.max: it reads max 100000, not 30000 100000 of change 5f0c9a1e`. */
export const driftText = ({ change, write, now, by }: Drift): string =>
  `${by} ${now === write.before ? 'reverted' : 'changed'} ${write.file} of ${write.name}: it reads ${now}, not ${write.after} of change ${change.id}`;

/** A Plan that makes the drifted writes again, each through the owner that made it. */
export function planReapply(drifts: readonly Drift[], context: Pick<PlanContext, 'files' | 'machine'>): Plan {
  const { files } = context;
  const writes = drifts.map(({ write, now }) => {
    const property = propertyOf(write, files);
    return { ...write, before: now, ...(property ? { property } : {}), notes: [] };
  });
  const risks = writes
    .filter((write) => isBelowUsage(write, files))
    .map((write) => ({ level: 'warn' as const, text: comesDownText(write, files) }));
  return { writes: withTransients(writes, context), unchanged: [], risks };
}
