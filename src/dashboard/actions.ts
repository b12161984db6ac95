/** From the table to a change: opens the forms, answers their keys, and carries out what Enter confirms. */
import { constants } from 'node:os';
import type { Workload } from '../inventory/workload.ts';
import { planFreeze } from '../limits/actions/freeze.ts';
import { guardRisks } from '../limits/actions/guard.ts';
import { kill } from '../limits/actions/kill.ts';
import { applyPlan } from '../limits/apply.ts';
import { LIMITS } from '../limits/catalogue.ts';
import type { Journal } from '../limits/journal.ts';
import { type Plan, type PlanContext, planSet, type Risk } from '../limits/plan.ts';
import { changeToUndo, planUndo } from '../limits/undo.ts';
import { FIELDS, SIGNALS } from './action-view.ts';
import type { FooterMessage } from './help-view.ts';
import { type ActionForm, edited, type LimitsForm, type Typed } from './modal.ts';

/** What a change goes through; absent with --readonly. */
export interface Acting {
  readonly context: () => PlanContext;
  readonly journal: Journal;
}

/** A form to show, or why there is none. */
export type Opened = ActionForm | FooterMessage;

export type FormResult =
  | { readonly form: ActionForm }
  | 'cancel'
  /** Confirmed: what it does, and what it says when it is done. */
  | { readonly run: () => Promise<string>; readonly targets: readonly Workload[] };

const fault = (error: unknown): FooterMessage => ({
  text: error instanceof Error ? error.message : String(error),
  style: 'critical',
});

const NOBODY: FooterMessage = { text: 'no row is selected', style: 'warning' };

export function openLimits(targets: readonly Workload[], { context }: Acting): Opened {
  const [first] = targets;
  if (!first) return NOBODY;
  const { files } = context();
  const current = new Map<string, string>();
  for (const { file } of LIMITS) {
    try {
      current.set(file, files.read(first.path, file).trim());
    } catch {
      // Its controller is not enabled there: the form says that it is not set.
    }
  }
  return { kind: 'limits', targets, current, values: new Map(), index: 0, force: false };
}

export function openKill(targets: readonly Workload[], { context }: Acting): Opened {
  if (targets.length === 0) return NOBODY;
  const plan = context();
  const risks = targets.flatMap((target) => guardRisks(target, 'killing', plan));
  return { kind: 'kill', targets, index: 0, force: false, risks };
}

/** Thaws where all of them are frozen. */
export function openFreeze(targets: readonly Workload[], { context }: Acting): Opened {
  if (targets.length === 0) return NOBODY;
  const plan = context();
  const isFrozen = ({ path }: Workload): boolean => {
    try {
      return plan.files.read(path, 'cgroup.freeze').trim() === '1';
    } catch {
      return false;
    }
  };
  const thaw = targets.every(isFrozen);
  try {
    const planned = planFreeze(targets, !thaw, plan);
    return { kind: 'confirm', what: thaw ? 'thaw' : 'freeze', targets, plan: planned, force: false };
  } catch (error) {
    return fault(error);
  }
}

export function openUndo(known: readonly Workload[], { context, journal }: Acting): Opened {
  try {
    const change = changeToUndo(journal.read().changes);
    if (!change) return { text: 'nothing to undo', style: 'warning' };
    const inodes = new Set(change.writes.map(({ inode }) => inode));
    const targets = known.filter(({ inode }) => inodes.has(inode));
    return {
      kind: 'confirm',
      what: 'undo',
      targets,
      plan: planUndo(change, context()),
      force: false,
      undoes: change.id,
    };
  } catch (error) {
    return fault(error);
  }
}

export function actionKey(form: ActionForm, key: Typed, acting: Acting): FormResult {
  if (key.full === 'escape') return 'cancel';
  if (key.full === 'C-f') return { form: { ...form, force: !form.force } };
  if (key.full === 'return') return confirmed(form, acting);
  switch (form.kind) {
    case 'limits':
      return { form: limitsKey(form, key, acting) };
    case 'kill': {
      const by = key.full === 'up' || key.full === 'k' ? -1 : key.full === 'down' || key.full === 'j' ? 1 : 0;
      return { form: { ...form, index: Math.max(0, Math.min(SIGNALS.length - 1, form.index + by)) } };
    }
    case 'confirm':
      return { form };
  }
}

function limitsKey(form: LimitsForm, key: Typed, { context }: Acting): LimitsForm {
  const to = (index: number): LimitsForm => ({ ...form, index: (index + FIELDS.length) % FIELDS.length });
  if (key.full === 'up' || key.full === 'S-tab') return to(form.index - 1);
  if (key.full === 'down' || key.full === 'tab') return to(form.index + 1);
  const field = FIELDS[form.index];
  if (!field) return form;
  const text = edited(form.values.get(field.flag.long) ?? '', key);
  if (text === undefined) return form;
  const values = new Map(form.values).set(field.flag.long, text);
  const { plan: _, fault: __, ...rest } = form;
  const typed = FIELDS.filter(({ flag }) => (values.get(flag.long) ?? '').trim() !== '');
  if (typed.length === 0) return { ...rest, values };
  try {
    const plan = context();
    const edits = typed.map(({ limit, flag }) => ({
      limit,
      edit: flag.parse((values.get(flag.long) ?? '').trim(), plan.machine),
    }));
    return {
      ...rest,
      values,
      plan: planSet(
        form.targets.map((target) => ({ target, edits })),
        plan,
      ),
    };
  } catch (error) {
    return { ...rest, values, fault: fault(error).text };
  }
}

const isRefused = (risks: readonly Risk[], force: boolean): boolean =>
  !force && risks.some(({ level }) => level === 'refuse');

/** A refused one stays open; so does one that would change nothing. */
function confirmed(form: ActionForm, acting: Acting): FormResult {
  const { targets, force } = form;
  if (form.kind === 'kill') {
    const signal = SIGNALS[form.index];
    if (!signal || isRefused(form.risks, force)) return { form };
    return { targets, run: () => killAll(targets, signal.name, acting) };
  }
  const { plan } = form;
  if (!plan || plan.writes.length === 0 || isRefused(plan.risks, force)) return { form };
  const undoes = form.kind === 'confirm' ? form.undoes : undefined;
  const what = form.kind === 'confirm' ? form.what : 'limits';
  return { targets, run: () => carryOut(plan, what, targets, undoes, acting) };
}

async function carryOut(
  plan: Plan,
  what: string,
  targets: readonly Workload[],
  undoes: string | undefined,
  { context, journal }: Acting,
): Promise<string> {
  const { files, machine } = context();
  await applyPlan(plan, { files, machine, journal, command: ['tstop', what], ...(undoes ? { undoes } : {}) });
  const whom = targets.length === 1 ? (targets[0]?.name ?? '') : `${plan.writes.length} files`;
  return `${what} ${whom}: done and read back${undoes ? '' : ', u undoes it'}`;
}

async function killAll(
  targets: readonly Workload[],
  name: keyof typeof constants.signals,
  { context }: Acting,
): Promise<string> {
  const { files } = context();
  let [found, left] = [0, 0];
  for (const target of targets) {
    const result = await kill(target, { signal: constants.signals[name] }, files);
    found += result.found;
    left += result.left;
  }
  return `${name} went to ${found} processes of ${targets.map((target) => target.name).join(', ')}; ${left} are left`;
}
