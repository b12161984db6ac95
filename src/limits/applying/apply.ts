/** Carries a Plan out: journals it, makes its steps, verifies each, and takes all of it back where one fails. */

import { type CgroupFiles, isAlive, textIfThere } from '../../kernel/cgroup-files.ts';
import { errorText } from '../../text/error-text.ts';
import type { Plan, Write } from '../model.ts';
import { forcedPlan, isBelowUsage, transientHigh } from '../planning/lowering.ts';
import { type ApplyContext, ApplyError } from './context.ts';
import { type Change, type Journal, JournalError, type Outcome } from './journal.ts';
import { makeStep } from './make-step.ts';
import { otherLevels } from './other-levels.ts';
import { endReverter } from './revert/reverter.ts';
import { rollBack, type TakenStep } from './roll-back.ts';
import { stepsOf } from './steps.ts';

/** Eight hexadecimal digits. Not a secret: node:crypto takes longer to load than a change to make. */
export const newChangeId = (): string =>
  Math.floor(Math.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');

/** Makes the Plan's writes in order. Throws JournalError before anything was written, ApplyError after. */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<Change> {
  const { journal, undoes } = context;
  const change = plannedChange(plan, context);
  journal.begin(change);
  const taken: TakenStep[] = [];
  try {
    await makeAll(change.writes, taken, context);
  } catch (error) {
    throw await failed(change, error, taken, context);
  }
  const unnoted = noteEnd(journal, change.id, 'applied', context.note);
  if (unnoted) {
    const next = undoes ? `to note that ${undoes} is undone` : 'to take it back';
    throw new ApplyError(
      `change ${change.id} was made and stays, but ${unnoted}; make room, then ${next}: tscg undo ${undoes ?? change.id}`,
    );
  }
  const pending = undoes && journal.read().changes.find((other) => other.id === undoes)?.reverter;
  if (pending) await endReverter(pending);
  return { ...change, outcome: 'applied' };
}

/** The change as the journal keeps it. */
export function plannedChange(plan: Plan, context: ApplyContext): Change {
  const { files, machine, command, undoes, reverter, force, id = newChangeId() } = context;
  const { writes } = force ? forcedPlan(plan) : plan;
  return {
    id,
    time: Date.now(),
    boot: machine.bootId ?? '',
    uid: process.getuid?.() ?? 0,
    command,
    mount: files.mount,
    writes: writes.map(({ notes: _, property: __, ...write }): Write => write),
    ...(undoes ? { undoes } : {}),
    ...(reverter ? { reverter } : {}),
  };
}

/** `taken`: filled with each step that may have written. Throws what stops it. */
async function makeAll(writes: readonly Write[], taken: TakenStep[], context: ApplyContext): Promise<void> {
  const { files, machine, force, signal, onEnded } = context;
  // A cgroup that has ended is reported, and left out, when its turn comes.
  checkUnchanged(onEnded ? writes.filter((write) => isAlive(files, write)) : writes, files);
  const steps = stepsOf(writes, (write) => !force && !write.ended && isBelowUsage(write, files));
  for (const { writes, gently } of steps)
    if (gently && !gently.high && transientHigh(writes[0], files, machine)) throw new ApplyError(grownText(writes[0]));
  for (const step of steps) {
    if (signal?.aborted) throw new ApplyError('interrupted');
    const levels = otherLevels(step.writes, files);
    const end = await makeStep(step, context);
    if (end.outcome === 'gone') {
      onEnded?.(step.writes[0]);
      continue;
    }
    taken.push({ step, reached: end.outcome === 'failed' ? end.reached : 'accepted', levels });
    if (end.outcome === 'failed') throw end.error;
  }
}

/** memory.high would have to be lowered on the way, which the Plan does not show. */
const grownText = ({ name, path, after }: Write): string =>
  `${name} (${path}) uses more than ${after} bytes by now, which the plan does not reckon with: try again`;

/** What the Plan says was there before is what undo restores: another tscg may have changed it since. */
function checkUnchanged(writes: readonly Write[], files: CgroupFiles): void {
  const seen = new Set<string>();
  for (const { path, file, before, ended } of writes) {
    const place = `${path}/${file}`;
    const now = ended || seen.has(place) ? undefined : textIfThere(files, path, file);
    seen.add(place);
    if (now !== undefined && now !== before)
      throw new ApplyError(`${place} reads "${now}" by now, not the "${before}" of the plan: try again`);
  }
}

/** Takes back what was written; gives what to throw. */
async function failed(
  { id }: Change,
  error: unknown,
  taken: readonly TakenStep[],
  context: ApplyContext,
): Promise<ApplyError> {
  const { journal, reverter } = context;
  const reason = errorText(error);
  const stuck = await rollBack(taken, context);
  const unnoted = noteEnd(journal, id, stuck.length > 0 ? 'failed' : 'rolled-back', reason);
  if (reverter && stuck.length === 0) await endReverter(reverter);
  const state =
    stuck.length > 0
      ? `and could not be taken back: ${stuck.join('; ')}; finish with: tscg undo ${id} --force`
      : 'nothing of this change is left';
  return new ApplyError(`${reason}; ${state}${unnoted ? `; and ${unnoted}` : ''}`);
}

/** Why the journal could not be told what came of the change; undefined where it was. */
function noteEnd(journal: Journal, id: string, outcome: Outcome, error?: string): string | undefined {
  try {
    journal.end(id, outcome, error);
    return undefined;
  } catch (failure) {
    if (failure instanceof JournalError) return failure.message;
    throw failure;
  }
}
