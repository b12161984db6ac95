/** Takes a change of --for back, unless that is done already, and tries again if it fails. */

import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../../../text/error-text.ts';
import { newChangeId } from '../apply.ts';
import { ApplyError } from '../context.ts';
import { type Change, type Journal, undoneIn } from '../journal.ts';

/** Milliseconds before each further try. */
const WAITS_MS = [1000, 5000, 30_000, 120_000];

/** `revert` is one try, given the change and the whole journal. Each failure is journalled; that of the last try is thrown. */
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

/** Journals a failure before applyPlan began, which journals its own. */
function note({ id: undoes, boot, mount }: Change, error: unknown, journal: Journal): void {
  const id = newChangeId();
  const command = ['revert', undoes];
  try {
    journal.begin({ id, time: Date.now(), boot, uid: process.getuid?.() ?? 0, command, mount, writes: [], undoes });
    journal.end(id, 'failed', errorText(error));
  } catch {
    // The journal cannot be written; the failure itself is thrown by the last try.
  }
}
