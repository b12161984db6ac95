/** What lies over the table: something to read (help, explain), or a form that takes every key while it is open. */

import type { Remedy } from '../diagnosis/model.ts';
import type { TrialAnswer } from '../diagnosis/trial/answer.ts';
import type { TrialPlan } from '../diagnosis/trial/plan-trial.ts';
import type { Workload } from '../inventory/workload.ts';
import type { ReclaimPlan } from '../limits/actions/reclaim.ts';
import type { Change } from '../limits/applying/journal.ts';
import type { Plan, Risk } from '../limits/model.ts';
import { clean } from '../text/clean.ts';

export type Viewer =
  | { readonly kind: 'help'; readonly top: number }
  | { readonly kind: 'explain'; readonly slot: string; readonly top: number }
  /** `show`: one of EVENT_FILTERS; `text`: what they hold. */
  | { readonly kind: 'events'; readonly show: string; readonly text: string; readonly top: number };

export type Modal = Viewer | ColumnsForm | ActionForm;

/** Which columns, in which order. */
export interface ColumnsForm {
  readonly kind: 'columns';
  readonly index: number;
  /** Every column there is, the chosen ones first. */
  readonly list: readonly ColumnChoice[];
  /** The list as it was when the form was opened. */
  readonly before: readonly ColumnChoice[];
}

export interface ColumnChoice {
  readonly slot: string;
  readonly on: boolean;
}

/** What can be done to the chosen rows; undo is of the journal. */
export type ActionName = 'limits' | 'undo' | 'freeze' | 'kill' | 'reclaim';

/** Forms that change something; each names its targets by name, path and inode. */
export type ActionForm = LimitsForm | KillForm | ReclaimForm | UndoForm | ConfirmForm | TrialForm;

/** First line that is shown of what a form says of its change: PgUp and PgDn move it. */
interface Scrolling {
  readonly top: number;
}

export interface LimitsForm extends Scrolling {
  readonly kind: 'limits';
  readonly targets: readonly Workload[];
  /** What the first target's files say now, by file. */
  readonly current: ReadonlyMap<string, string>;
  /** Why the first target does not have the other files. */
  readonly missing: ReadonlyMap<string, string>;
  /** What the user has typed, by flag. */
  readonly values: ReadonlyMap<string, string>;
  readonly index: number;
  readonly force: boolean;
  /** What Enter would do; undefined until something is typed. */
  readonly plan?: Plan;
  /** Why there is no Plan. */
  readonly fault?: string;
}

export interface KillForm extends Scrolling {
  readonly kind: 'kill';
  readonly targets: readonly Workload[];
  /** How many processes the targets had when the form was opened. */
  readonly processes: number;
  readonly index: number;
  readonly force: boolean;
  readonly risks: readonly Risk[];
}

export interface ReclaimForm extends Scrolling {
  readonly kind: 'reclaim';
  readonly targets: readonly Workload[];
  /** What the user has typed. */
  readonly amount: string;
  /** A plan for each target; `asked` is 0 as long as no amount is typed. */
  readonly plans: readonly ReclaimPlan[];
  readonly force: boolean;
  /** What is wrong with the amount. */
  readonly fault?: string;
}

/** Changes that can be taken back, the newest first. */
export interface UndoForm extends Scrolling {
  readonly kind: 'undo';
  readonly entries: readonly UndoEntry[];
  /** How many older changes there are. */
  readonly older: number;
  readonly index: number;
  readonly force: boolean;
}

export interface UndoEntry {
  readonly change: Change;
  /** Name of the user who made it. */
  readonly user: string;
  readonly plan: Plan;
  /** The cgroups of the change that are there still. */
  readonly targets: readonly Workload[];
}

/** A Plan that needs no values. */
export interface ConfirmForm extends Scrolling {
  readonly kind: 'confirm';
  readonly what: 'freeze' | 'thaw';
  readonly targets: readonly Workload[];
  readonly plan: Plan;
  readonly force: boolean;
}

/** A trial of a limit. Before it is begun there is no stage. */
export interface TrialForm extends Scrolling {
  readonly kind: 'trial';
  readonly trial: TrialPlan;
  /** What it tries, and what stays where the user wants it. */
  readonly remedy: Remedy;
  /** Who is limited, and who is measured. */
  readonly targets: readonly Workload[];
  /** All of the Frame that it was opened on. */
  readonly workloads: readonly Workload[];
  readonly force: boolean;
  readonly stage?: TrialStage;
}

/** Windows that are over, and what they say; then the answer and the change that it was, or why there is none. */
export type TrialStage =
  | { readonly done: number; readonly of: number; readonly soFar?: TrialAnswer | undefined }
  | { readonly answer: TrialAnswer; readonly id: string }
  | { readonly fault: string };

export const isViewer = (modal: Modal | undefined): modal is Viewer =>
  modal?.kind === 'help' || modal?.kind === 'explain' || modal?.kind === 'events';

export interface Typed {
  /** blessed's full name; `paste` for pasted text. */
  readonly full: string;
  /** The text of a `paste`. */
  readonly character?: string;
}

/** Characters of a pasted line that a field takes. */
const MOST_PASTED = 1000;

/** Text after a key; undefined where the key types nothing. */
export function edited(text: string, { full, character }: Typed): string | undefined {
  if (full === 'paste') return text + clean(character?.split('\n')[0] ?? '').slice(0, MOST_PASTED);
  if (full === 'backspace') return [...text].slice(0, -1).join('');
  if (full === 'C-u') return '';
  return character && !/\p{Cc}/u.test(character) ? text + character : undefined;
}
