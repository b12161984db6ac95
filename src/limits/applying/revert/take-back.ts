/** The end of a change of --for: taken back unless it is by now, and tried again where that fails. */

import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../../../text/error-text.ts';
import { newChangeId } from '../apply.ts';
import { ApplyError } from '../context.ts';
import { type Change, type Journal, undoneIn } from '../journal.ts';

/** Milliseconds before each further try. */
const WAITS_MS = [1000, 5000, 30_000, 120_000];

/** `revert`: one try, given the change and all of the journal. Throws what the last try threw; each is in the journal. */
export async function takeBack(
  id: string,
  journal: Journal,
  revert: (change: Change, changes: readonly Change[]) => Promise<void>,
  waitsMs: readonly number[] = WAITS_MS,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const { changes } = journal.read();
    const change = changes.find((candidate) => candidate.id === id);
    if (!change || undoneIn(changes).has(id) || change.outcome === 'rolled-back') return;
    try {
      return await revert(change, changes);
    } catch (error) {
      if (!(error instanceof ApplyError)) note(change, error, journal);
      const wait = waitsMs[tries];
      if (wait === undefined) throw error;
      await sleep(wait);
    }
  }
}

/** For log, as applyPlan does with what fails once it has begun. */
function note({ id: undoes, boot, mount }: Change, error: unknown, journal: Journal): void {
  const id = newChangeId();
  const command = ['revert', undoes];
  try {
    journal.begin({ id, time: Date.now(), boot, uid: process.getuid?.() ?? 0, command, mount, writes: [], undoes });
    journal.end(id, 'failed', errorText(error));
  } catch {
    // The error itself is still thrown in the end.
  }
}
