/**
 * tscg why --fix: the gentlest remedy of the first finding, made as `try --for` makes it, and kept only where the victim's loss
 * falls by half and no third party is worse for it.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Finding } from '../diagnosis/model.ts';
import { chooseFix, editsOfRemedy, type FixChoice, whyNoFix } from '../diagnosis/trial/choose.ts';
import { type FixWindow, judgeFix, lossBefore } from '../diagnosis/trial/fix.ts';
import { ratesBetween } from '../diagnosis/trial/measure.ts';
import { openTrialReader } from '../diagnosis/trial/read.ts';
import { tryFix } from '../diagnosis/trial/try-fix.ts';
import { isThirdParty, type Workload } from '../inventory/workload.ts';
import { isWithin } from '../kernel/cgroup-path.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import { newChangeId } from '../limits/applying/apply.ts';
import { openJournal, stateDirectory } from '../limits/applying/journal.ts';
import { scheduleRevert } from '../limits/applying/revert/schedule.ts';
import type { Plan, PlanContext } from '../limits/model.ts';
import { confirmedPlan } from '../limits/owners/confirmed-plan.ts';
import { planSet } from '../limits/planning/plan.ts';
import { terminalSafe } from '../text/cells.ts';
import { errorText } from '../text/error-text.ts';
import { checkRisks, DRY_RUN, endDryRun, interruptible } from './carry-out.ts';
import { measured } from './commands/set.ts';
import { confirm } from './confirm.ts';
import { PROC, planContext } from './context.ts';
import { fixJson, fixText } from './fix-text.ts';
import { printJson, printLine } from './output.ts';
import { planText } from './plan-text.ts';
import { endProgress, showProgress } from './progress.ts';
import { findingJson } from './why-text.ts';

export interface FixOptions {
  readonly hierarchy: Hierarchy;
  readonly workloads: readonly Workload[];
  /** Milliseconds that the remedy is tried. */
  readonly tryMs: number;
  readonly json?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
  readonly force?: boolean | undefined;
  /** Whether it is done without a question. */
  readonly yes?: boolean | undefined;
  /** Ends what is measured before anything is changed. */
  readonly signal: AbortSignal;
}

const WINDOW_MS = 1000;
/** Before the remedy: a third of the time for which it is tried, within these bounds. */
const LEAST_BEFORE_MS = 5000;
const MOST_BEFORE_MS = 20_000;
/** Left out after the change: what a limit needs to take hold, and the victim to get used to it. */
const SETTLE_MS = 2000;
/** Whoever takes it back if this program is killed waits so much longer than the try takes. */
const LATE_MS = 10_000;

const beforeMs = (tryMs: number): number => Math.max(LEAST_BEFORE_MS, Math.min(MOST_BEFORE_MS, tryMs / 3));
const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

/**
 * `tell`: prints the findings as text. As JSON both are one object: `{ "findings": […], "fix": … }`. Exit code 1 where it did
 * not help.
 */
export async function tellAndFix(findings: readonly Finding[], options: FixOptions, tell: () => void): Promise<void> {
  const { json } = options;
  if (!json) tell();
  let fix: Readonly<Record<string, unknown>> = {};
  const say = (text: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    fix = { ...fix, ...fields };
    if (!json) printLine(text.split('\n').map(terminalSafe).join('\n'));
  };
  try {
    const [finding] = findings;
    const choice = finding && chooseFix(finding);
    if (choice) await carryOutFix(choice, options, say);
    else {
      const why = finding ? whyNoFix(finding) : 'nobody suffers';
      say(`nothing to fix: ${why}`, { applied: false, kept: false, why });
    }
  } finally {
    if (json) printJson({ findings: findings.map(findingJson), fix });
  }
}

type Say = (text: string, fields?: Readonly<Record<string, unknown>>) => void;

async function carryOutFix(choice: FixChoice, options: FixOptions, say: Say): Promise<void> {
  const { hierarchy, workloads, tryMs, dryRun, force, yes, signal } = options;
  const { victim, verdict, remedy } = choice;
  const notDone = (why: string): void => say(`nothing was changed: ${why}`, { applied: false, kept: false, why });
  const target = workloads.find(({ path }) => path === remedy.path);
  if (!target) return notDone(`${remedy.name} is gone`);
  const context = measured(planContext(hierarchy));
  const edits = editsOfRemedy(remedy, context.machine);
  const plan = await confirmedPlan(context, (asked) => planSet([{ target, edits }], asked));
  say(`\nto fix it: ${remedy.words}`, { ...plan, remedy: remedy.limits });
  if (plan.writes.length === 0) return notDone(`${planText(plan, force).trim()}: the remedy is in place already`);
  const told = planText(plan, force);
  say(told);
  if (dryRun) {
    endDryRun(plan.risks, force);
    return say(DRY_RUN, { applied: false, kept: false });
  }
  checkRisks(plan.risks, force, () => say('', { applied: false, kept: false }));
  const question = `measure ${victim.name} for ${seconds(beforeMs(tryMs))}, try it for ${seconds(tryMs)}, and keep it if it helps?`;
  if (!yes && !(await confirm(question, signal))) return notDone('not confirmed');
  const parties = partiesOf(choice, target, workloads);
  const measure = (ms: number, until: AbortSignal) => windowsOf({ mount: hierarchy.mount, ...parties }, ms, until);
  const before = await measure(beforeMs(tryMs), signal).catch((error: unknown) => error);
  if (!Array.isArray(before)) return notDone(signal.aborted ? 'interrupted' : errorText(before));
  const loss = lossBefore({ cause: verdict.cause, victim, before });
  if (!loss.isLost) return notDone(`${victim.name} does not lose time to it any more`);
  await applyAndJudge({ plan, context, choice, before, others: parties.others, measure, say }, options);
}

interface Trying {
  readonly plan: Plan;
  readonly context: PlanContext;
  readonly choice: FixChoice;
  readonly before: readonly FixWindow[];
  readonly others: readonly Workload[];
  readonly measure: (ms: number, signal: AbortSignal) => Promise<FixWindow[]>;
  readonly say: Say;
}

async function applyAndJudge(trying: Trying, { tryMs, force }: FixOptions): Promise<void> {
  const { plan, context, choice, before, others, measure, say } = trying;
  const { files, owners } = context;
  const { cause } = choice.verdict;
  const { path, name } = choice.victim;
  const id = newChangeId();
  const reverter = await scheduleRevert({
    id,
    delayMs: SETTLE_MS + tryMs + LATE_MS,
    tscg: [process.execPath, process.argv[1] ?? ''],
    mount: files.mount,
    stateDirectory: stateDirectory(),
    sockets: owners.sockets,
  });
  const journal = openJournal(stateDirectory());
  const command = process.argv.slice(2);
  const { change, judged, isKept } = await interruptible((signal) =>
    tryFix({
      plan,
      context: { ...context, journal, command, force, id, reverter, signal },
      judge: async () => {
        say(`applied, and tried for ${seconds(tryMs)}; taken back by Ctrl-C, and also if this is killed`);
        await sleep(SETTLE_MS, undefined, { signal });
        const meanwhile = await measure(tryMs, signal);
        return judgeFix({ cause, victim: { path, name }, others, before, meanwhile });
      },
    }),
  );
  if (!isKept) process.exitCode = 1;
  const text = 'fault' in judged ? `not judged: ${judged.fault}` : fixText(judged);
  const end = isKept
    ? `kept (change ${change.id}); to take it back: tscg undo ${change.id}`
    : `taken back (change ${change.id})`;
  const answer = 'fault' in judged ? { why: text } : fixJson(judged);
  say(`${text}\n${end}`, { applied: true, id: change.id, kept: isKept, ...answer });
}

interface Parties {
  readonly victim: Workload;
  readonly others: readonly Workload[];
  readonly below: readonly Workload[];
}

/**
 * Who is measured. What is blamed is no third party either; the root, which stands for the kernel and the host, holds them
 * all.
 */
function partiesOf({ victim, verdict }: FixChoice, target: Workload, workloads: readonly Workload[]): Parties {
  const involved = [victim.path, target.path, ...verdict.suspects.map(({ path }) => path)].filter(
    (path) => path !== '/',
  );
  return {
    victim: workloads.find(({ path }) => path === victim.path) ?? target,
    others: workloads.filter((workload) => isThirdParty(workload, involved)),
    below: workloads.filter(({ path }) => path !== victim.path && isWithin(path, victim.path)),
  };
}

/** Throws where the victim ends, or the signal aborts. */
async function windowsOf(
  { mount, victim, others, below }: Parties & { readonly mount: string },
  ms: number,
  signal: AbortSignal,
): Promise<FixWindow[]> {
  const cgroups = [victim, ...below, ...others];
  const reader = openTrialReader({ mount, proc: PROC, victim: victim.path, cgroups });
  const windows: FixWindow[] = [];
  try {
    let last = await reader.read();
    for (let left = ms; left > 0; left -= WINDOW_MS) {
      await sleep(Math.min(left, WINDOW_MS), undefined, { signal });
      const next = await reader.read();
      const rates = ratesBetween(last, next);
      if (!rates.has(victim.path)) throw new Error(`${victim.path} ended`);
      windows.push(rates);
      last = next;
      showProgress(`${seconds(left - WINDOW_MS)} left`);
    }
    return windows;
  } finally {
    reader.close();
    endProgress();
  }
}
