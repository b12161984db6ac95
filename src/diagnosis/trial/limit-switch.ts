/**
 * Switches the writes of a Plan on and off. The whole trial is one change of the journal, whose `before` is what was there
 * at its start: killed at any moment, `tscg undo` restores that. A file that says neither of the two was changed by somebody
 * else: it is left alone, and the trial ends.
 */

import { hasEnded, textIfThere } from '../../kernel/cgroup-files.ts';
import { plannedChange } from '../../limits/applying/apply.ts';
import { type ApplyContext, ApplyError } from '../../limits/applying/context.ts';
import { type Change, undoneIn } from '../../limits/applying/journal.ts';
import { endReverter } from '../../limits/applying/revert/reverter.ts';
import { verify } from '../../limits/applying/verify.ts';
import type { Plan, Write } from '../../limits/model.ts';
import { openOwner } from '../../limits/owners/open-owner.ts';
import { restorable } from '../../limits/planning/restorable.ts';
import { isPartOf, sameValue } from '../../limits/planning/same-value.ts';
import { errorText } from '../../text/error-text.ts';

export interface LimitSwitch {
  readonly change: Change;
  /** Makes the Plan's writes. Throws ApplyError where a file is not as the Plan found it, or the change was undone. */
  on(): Promise<void>;
  /** Restores what was there. A cgroup that has ended needs nothing. Throws ApplyError. */
  off(): Promise<void>;
  /** Restores what was there and ends the change in the journal, with a note. Throws ApplyError with what is left to do. */
  close(note: string): Promise<void>;
}

/** Journals the change; nothing is written yet. Every write is of the file itself. Throws JournalError. */
export function openLimitSwitch(plan: Plan, context: ApplyContext): LimitSwitch {
  const { files, machine, journal, reverter } = context;
  const change = plannedChange(plan, context);
  journal.begin(change);

  const apply = async (write: Write): Promise<void> => {
    await openOwner(write, files).apply([write]);
    await verify(write, context);
  };
  // An empty cpuset.cpus is restored as the parent's list.
  const isBefore = (write: Write, now: string): boolean =>
    [write.before, restorable(write, files)].some((text) => sameValue(write.file, now, text, machine));
  const changed = ({ path, file }: Write, now: string, expected: string): ApplyError =>
    new ApplyError(`${path}/${file} reads "${now}", not "${expected}": somebody changed it during the trial`);

  let isOn = false;

  async function on(): Promise<void> {
    if (undoneIn(journal.read().changes).has(change.id)) {
      throw new ApplyError(`change ${change.id} was undone during the trial`);
    }
    for (const write of change.writes) {
      const now = files.read(write.path, write.file).trim();
      const isAsLeft = isOn ? sameValue(write.file, now, write.after, machine) : isBefore(write, now);
      if (!isAsLeft) throw changed(write, now, isOn ? write.after : write.before);
      if (!isOn) await apply(write);
    }
    isOn = true;
  }

  async function off(): Promise<void> {
    isOn = false;
    for (const write of change.writes.toReversed()) {
      try {
        const now = textIfThere(files, write.path, write.file);
        if (now === undefined || isBefore(write, now)) continue;
        if (!isPartOf(now, write, machine)) throw changed(write, now, write.after);
        await apply({ ...write, before: now, after: restorable(write, files) });
      } catch (error) {
        if (!hasEnded(error)) throw error;
      }
    }
  }

  async function close(note: string): Promise<void> {
    try {
      await off();
    } catch (error) {
      journal.end(change.id, 'failed', errorText(error));
      throw new ApplyError(
        `${errorText(error)}; the limit could not be taken back; finish with: tscg undo ${change.id} --force`,
      );
    }
    journal.end(change.id, 'rolled-back', note);
    if (reverter) await endReverter(reverter);
  }

  return { change, on, off, close };
}
