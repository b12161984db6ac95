/** From the table to a change: opens the forms, answers their keys, and carries out what Enter confirms. */

import { constants } from 'node:os';
import type { Remedy } from '../diagnosis/model.ts';
import type { Workload } from '../inventory/workload.ts';
import { textIfThere } from '../kernel/cgroup-files.ts';
import { inhabitants } from '../kernel/subtree.ts';
import { freezeOrThaw, planFreeze } from '../limits/actions/freeze.ts';
import { killPlace } from '../limits/actions/kill.ts';
import { applyPlan } from '../limits/applying/apply.ts';
import { LIMITS } from '../limits/catalogue/catalogue.ts';
import type { Plan, PlanContext } from '../limits/model.ts';
import { editsOf } from '../limits/planning/edits.ts';
import { guardRisks } from '../limits/planning/guard.ts';
import { whyMissing } from '../limits/planning/missing.ts';
import { planSet } from '../limits/planning/plan.ts';
import { bytesText } from '../text/bytes.ts';
import { errorText } from '../text/error-text.ts';
import { type Acting, type FormResult, inTurn, type Opened } from './acting.ts';
import { FIELDS, SIGNAL_CHOICES } from './action-view.ts';
import { type ActionForm, type ActionName, edited, type LimitsForm, type Typed, type UndoEntry } from './modal.ts';
import { isRefused } from './plan-lines.ts';
import { openReclaim, reclaimAll, reclaimKey } from './reclaim-form.ts';
import type { FooterMessage } from './state.ts';
import { isProven, startTrial } from './trial-form.ts';
import { openUndo, undoKey } from './undo-form.ts';

/** The form for these rows (for undo, of all that run), or why there is none. */
export function openAction(what: ActionName, targets: readonly Workload[], acting: Acting): Opened {
  if (targets.length === 0) return { text: 'no row is selected', style: 'warning' };
  const context = acting.context();
  try {
    switch (what) {
      case 'limits':
        return openLimits(targets, context);
      case 'kill':
        return openKill(targets, context);
      case 'freeze':
        return openFreeze(targets, context);
      case 'reclaim':
        return openReclaim(targets, context);
      case 'undo':
        return openUndo(targets, acting.journal, context) ?? { text: 'nothing to undo', style: 'warning' };
    }
  } catch (error) {
    return fault(error);
  }
}

const fault = (error: unknown): FooterMessage => ({
  text: errorText(error),
  style: 'critical',
});

/** The form of limits with the values of a remedy filled in, and the Plan that they make. */
export function openRemedy({ limits }: Remedy, target: Workload, acting: Acting): Opened {
  try {
    const form = openLimits([target], acting.context());
    const index = Math.max(
      0,
      FIELDS.findIndex(({ flag }) => flag.long in limits),
    );
    return planned({ ...form, index }, new Map(Object.entries(limits)), acting);
  } catch (error) {
    return fault(error);
  }
}

function openLimits(targets: readonly Workload[], { files }: PlanContext): LimitsForm {
  const current = new Map<string, string>();
  const missing = new Map<string, string>();
  const path = targets[0]?.path ?? '';
  for (const limit of LIMITS) {
    const text = textIfThere(files, path, limit.file);
    if (text === undefined) missing.set(limit.file, whyMissing(path, limit, files) ?? `${path} is gone`);
    else current.set(limit.file, text);
  }
  return { kind: 'limits', targets, current, missing, values: new Map(), index: 0, top: 0, force: false };
}

const openKill = (targets: readonly Workload[], context: PlanContext): ActionForm => ({
  kind: 'kill',
  targets,
  processes: targets.reduce((sum, { path }) => sum + inhabitants(context.files, path).pids.length, 0),
  index: 0,
  top: 0,
  force: false,
  risks: targets.flatMap((target) => guardRisks(target, 'killing', context)),
});

/** The form to freeze the rows, or to thaw them where all of them are frozen. */
function openFreeze(targets: readonly Workload[], context: PlanContext): ActionForm {
  const isFrozen = ({ path }: Workload): boolean => textIfThere(context.files, path, 'cgroup.freeze') === '1';
  const thaw = targets.every(isFrozen);
  const plan = planFreeze(targets, !thaw, context);
  return { kind: 'confirm', what: thaw ? 'thaw' : 'freeze', targets, plan, top: 0, force: false };
}

const SCROLL = 5;

/** `overflow`: lines that its window does not show. */
export function actionKey(form: ActionForm, key: Typed, acting: Acting, overflow = 0): FormResult {
  if (key.full === 'escape') return 'cancel';
  if (key.full === 'C-f') return { form: { ...form, force: !form.force } };
  if (key.full === 'return') return confirmed(form, acting);
  const page = key.full === 'pageup' ? -SCROLL : key.full === 'pagedown' ? SCROLL : 0;
  if (page !== 0) return { form: { ...form, top: Math.max(0, Math.min(overflow, form.top + page)) } };
  switch (form.kind) {
    case 'limits':
      return { form: limitsKey(form, key, acting) };
    case 'kill': {
      const by = key.full === 'up' || key.full === 'k' ? -1 : key.full === 'down' || key.full === 'j' ? 1 : 0;
      return { form: { ...form, index: Math.max(0, Math.min(SIGNAL_CHOICES.length - 1, form.index + by)) } };
    }
    case 'reclaim':
      return { form: reclaimKey(form, key, acting.context()) };
    case 'undo':
      return { form: undoKey(form, key) };
    case 'trial':
      return key.full === 'd' && isProven(form)
        ? { opened: openRemedy(form.remedy, form.trial.suspect, acting) }
        : { form };
    case 'confirm':
      return { form };
  }
}

function limitsKey(form: LimitsForm, key: Typed, acting: Acting): LimitsForm {
  const to = (index: number): LimitsForm => ({ ...form, index: (index + FIELDS.length) % FIELDS.length });
  if (key.full === 'up' || key.full === 'S-tab') return to(form.index - 1);
  if (key.full === 'down' || key.full === 'tab') return to(form.index + 1);
  const field = FIELDS[form.index];
  if (!field) return form;
  const text = edited(form.values.get(field.flag.long) ?? '', key);
  if (text === undefined) return form;
  return planned(form, new Map(form.values).set(field.flag.long, text), acting);
}

/** The form with those values, and the Plan that they make or what is wrong with them. */
function planned(form: LimitsForm, values: ReadonlyMap<string, string>, { context }: Acting): LimitsForm {
  const { plan: _, fault: __, ...shape } = form;
  const rest = { ...shape, top: 0 };
  const valuesOf = (long: string): string[] => [values.get(long)?.trim() ?? ''].filter((value) => value !== '');
  if (FIELDS.every(({ flag }) => valuesOf(flag.long).length === 0)) return { ...rest, values };
  try {
    const now = context();
    const edits = editsOf(valuesOf, [], now.machine);
    const requests = form.targets.map((target) => ({ target, edits }));
    return { ...rest, values, plan: planSet(requests, now) };
  } catch (error) {
    return { ...rest, values, fault: fault(error).text };
  }
}

/** What Enter does. A form whose change is refused stays open, and so does one that would change nothing. */
function confirmed(form: ActionForm, acting: Acting): FormResult {
  const { force } = form;
  switch (form.kind) {
    case 'kill': {
      const signal = SIGNAL_CHOICES[form.index];
      if (!signal || isRefused(form.risks, force)) return { form };
      return { targets: form.targets, run: () => killAll(form.targets, signal.name, acting) };
    }
    case 'reclaim': {
      const { plans, targets } = form;
      const isReady = plans.length > 0 && plans.every(({ asked, risks }) => asked > 0 && !isRefused(risks, force));
      return isReady ? { targets, run: (onProgress) => reclaimAll(plans, acting.context(), onProgress) } : { form };
    }
    case 'undo': {
      const entry = form.entries[form.index];
      if (!entry || isRefused(entry.plan.risks, force)) return { form };
      return {
        targets: [...entry.targets, ...entry.plan.writes],
        run: (onProgress, signal) => takeBack(entry, { onProgress, signal }, acting),
      };
    }
    case 'trial':
      return form.stage || isRefused(form.trial.plan.risks, force) ? { form } : startTrial(form, acting);
    case 'limits':
    case 'confirm': {
      const { plan, targets } = form;
      if (!plan || plan.writes.length === 0 || isRefused(plan.risks, force)) return { form };
      const what = form.kind === 'confirm' ? form.what : 'limits';
      return {
        targets: [...targets, ...plan.writes],
        run: (onProgress, signal) => carryOut(plan, { what, targets, force, onProgress, signal }, acting),
      };
    }
  }
}

interface UnderWay {
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
}

const comingDown =
  (onProgress: (text: string) => void) =>
  (usage: number, target: number): void =>
    onProgress(`memory comes down: ${bytesText(usage)}, wanted ${bytesText(target)} …`);

/** A task that waits in the kernel is not frozen until it comes back. */
const FREEZE_MS = 10_000;

interface CarryOut extends UnderWay {
  readonly what: 'freeze' | 'thaw' | 'limits';
  readonly targets: readonly Workload[];
  readonly force: boolean;
}

async function carryOut(
  plan: Plan,
  { what, targets, force, onProgress, signal }: CarryOut,
  { context, journal }: Acting,
): Promise<string> {
  const now = context();
  const applying = { ...now, journal, command: ['tstop', what] };
  const whom = targets.length === 1 ? (targets[0]?.name ?? '') : `${plan.writes.length} files`;
  onProgress(`${what} ${whom} …`);
  const change = await applyPlan(plan, { ...applying, force, signal, onProgress: comingDown(onProgress) });
  if (what === 'freeze') await freezeOrThaw(change, FREEZE_MS, { ...applying, signal });
  return `${what} ${whom}: done and read back, u undoes it`;
}

/** Where nothing is left to restore that is noted all the same: the change is off the stack. Says of whom it was not. */
async function takeBack(
  { change, plan }: UndoEntry,
  { onProgress, signal }: UnderWay,
  { context, journal }: Acting,
): Promise<string> {
  const { files, machine } = context();
  await applyPlan(plan, {
    ...{ files, machine, journal, signal, command: ['tstop', 'undo'], undoes: change.id },
    onProgress: comingDown(onProgress),
  });
  const namesOf = (writes: readonly { readonly name: string }[]): string[] => [
    ...new Set(writes.map(({ name }) => name)),
  ];
  const known = namesOf(plan.writes);
  const outcomes = [
    [namesOf(plan.writes.filter(({ ended }) => !ended)), 'done and read back'],
    [namesOf(plan.writes.filter(({ ended }) => ended)), 'told for the next start'],
    [namesOf(change.writes).filter((name) => !known.includes(name)), 'nothing was left to restore'],
  ] as const;
  const texts = outcomes.flatMap(([names, text]) => (names.length > 0 ? ` of ${names.join(', ')}: ${text}` : []));
  return `undo ${change.id}${texts.join(';')}`;
}

function killAll(
  targets: readonly Workload[],
  name: keyof typeof constants.signals,
  { context }: Acting,
): Promise<string> {
  const { files } = context();
  return inTurn(
    targets,
    async (target) => {
      const { signalled, killed } = await killPlace(target, { signal: constants.signals[name] }, files);
      return `${target.name} (${signalled + killed})`;
    },
    (done) => `${name} went to the processes of ${done.join(', ')}`,
  );
}
