/** The common end of set and undo: show the Plan, stop at a refusal, apply, say how to take it back. */

import { applyPlan, newChangeId } from '../limits/applying/apply.ts';
import { type Change, openJournal, stateDirectory } from '../limits/applying/journal.ts';
import { forgetPressureBefore, pressureSince } from '../limits/applying/revert/pressure-before.ts';
import type { Reverter } from '../limits/applying/revert/reverter.ts';
import type { Plan, PlanContext, Risk, Write } from '../limits/model.ts';
import { forcedPlan } from '../limits/planning/lowering.ts';
import { bytesText } from '../text/bytes.ts';
import { REFUSED } from './errors.ts';
import { finished, printJson, printLine, warn } from './output.ts';
import { planText, riskText } from './plan-text.ts';
import { endProgress, showProgress } from './progress.ts';

export interface CarryOutOptions {
  dryRun?: boolean;
  force?: boolean;
  json?: boolean;
  /** Print errors only. */
  quiet?: boolean;
}

/** What else a command does around its change. */
export interface CarryOutHooks {
  /** The id of the change that is taken back. */
  readonly undoes?: string;
  /** Right before the first write, with the id that the change will have: who will take it back. What it throws stops it. */
  before?(id: string): Promise<Reverter>;
  /** Awaited before the change counts as made. Where it throws or is aborted, the change is taken back. */
  settle?(change: Change, signal: AbortSignal): Promise<void>;
  /** After it is applied: a line for the user, fields for --json, and whether it is taken back by now. */
  after?(change: Change): Promise<{ text: string; fields?: Readonly<Record<string, unknown>>; isUndone?: boolean }>;
  /** Passed to applyPlan. */
  readonly onEnded?: (write: Write) => void;
  /** Further fields of the change's entry in the journal. */
  readonly note?: string;
  /** Takes the object that --json would print, where it is a part of a larger one. */
  json?(value: object): void;
}

/** The Plan has a risk that only --force overrides. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/**
 * Throws RefusedError with the risks that only --force overrides, once `tell` has said what else is to be said; gives the
 * text of the risks that are told all the same.
 */
export function checkRisks(risks: readonly Risk[], force: boolean | undefined, tell: () => void = () => {}): string {
  const refused = refusedIn(risks, force);
  if (refused.length > 0) {
    tell();
    throw new RefusedError(risksText(refused));
  }
  return risksText(risks, force);
}

/** The last line of a dry run. */
export const DRY_RUN = 'dry run: nothing was changed';

/** A dry run ends with the exit code that the command itself would have. */
export function endDryRun(risks: readonly Risk[], force: boolean | undefined): void {
  if (refusedIn(risks, force).length > 0) process.exitCode = REFUSED;
}

const refusedIn = (risks: readonly Risk[], force: boolean | undefined): Risk[] =>
  force ? [] : risks.filter(({ level }) => level === 'refuse');

const risksText = (risks: readonly Risk[], force?: boolean): string =>
  risks.map((risk) => riskText(risk, force)).join('\n');

export async function carryOut(
  planned: Plan,
  context: PlanContext,
  { dryRun, force, json, quiet }: CarryOutOptions,
  hooks: CarryOutHooks = {},
): Promise<void> {
  const { undoes } = hooks;
  const say = (text: string): void => {
    if (!json && !quiet && text !== '') printLine(text);
  };
  const sayJson = (value: object): void => {
    if (json) (hooks.json ?? printJson)(value);
  };
  const plan = force ? forcedPlan(planned) : planned;
  const pressure = undoes && !dryRun ? pressureSince(stateDirectory(), undoes, context.files) : '';
  const applyContext = {
    files: context.files,
    machine: context.machine,
    journal: openJournal(stateDirectory()),
    command: process.argv.slice(2),
    force,
    onProgress: json || quiet ? undefined : showLowering,
    onEnded: hooks.onEnded,
    note: [hooks.note, pressure].filter(Boolean).join('; '),
    ...(undoes ? { undoes } : {}),
  };
  if (dryRun || plan.writes.length === 0) {
    // A change that is undone without a write counts as undone: the next undo is of the change before it.
    if (undoes && !dryRun) await applyPlan(plan, applyContext);
    sayJson({ ...plan, applied: false });
    say(planText(plan, force));
    say(dryRun ? DRY_RUN : 'nothing to change');
    if (dryRun) endDryRun(plan.risks, force);
    return;
  }
  checkRisks(plan.risks, force, () => {
    sayJson({ ...plan, applied: false });
    say(planText({ ...plan, risks: plan.risks.filter(({ level }) => level === 'warn') }));
  });
  say(planText(plan, force));
  const id = newChangeId();
  const reverter = await hooks.before?.(id);
  const change = await interruptible(async (signal) => {
    const made = await applyPlan(plan, { ...applyContext, id, signal, ...(reverter ? { reverter } : {}) });
    await hooks.settle?.(made, signal);
    return made;
  }).finally(endProgress);
  if (undoes) forgetPressureBefore(stateDirectory(), undoes);
  const done = await hooks.after?.(change);
  sayJson({ ...plan, applied: true, id: change.id, ...done?.fields });
  if (!done?.isUndone)
    say(
      `${change.writes.every(({ ended }) => ended) ? 'told' : 'applied and read back'}; ${undoes ? `change ${undoes} is undone` : `undo: tscg undo ${change.id}`}`,
    );
  say(pressure);
  say(done?.text ?? '');
}

/** Signals that end a program; a program that has begun a change takes it back first. */
export const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first of these signals takes back what was done; the next one ends the program as ever. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const forget = (): void => {
    for (const name of SIGNALS) process.off(name, interrupt);
  };
  const interrupt = (): void => {
    forget();
    abort.abort();
    endProgress();
    warn('tscg: interrupted; taking back what was done …');
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  return finished(() => work(abort.signal)).finally(forget);
}

const showLowering = (usage: number, target: number): void =>
  showProgress(`coming down: ${bytesText(usage)}, wanted ${bytesText(target)}`);
