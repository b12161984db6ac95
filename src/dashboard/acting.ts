/** What passes between the forms that change something and who carries it out. */
import type { Workload } from '../inventory/workload.ts';
import type { Journal } from '../limits/applying/journal.ts';
import type { Revert } from '../limits/applying/revert/schedule.ts';
import type { PlanContext } from '../limits/model.ts';
import type { ActionForm } from './modal.ts';
import type { FooterMessage } from './state.ts';

/** What a change goes through; absent with --readonly. */
export interface Acting {
  readonly context: () => PlanContext;
  readonly journal: Journal;
  readonly proc: string;
  /** What takes a trial back if tstop is killed. */
  readonly reverting: Pick<Revert, 'tscg' | 'stateDirectory'>;
}

/** A form to show, or why there is none. */
export type Opened = ActionForm | FooterMessage;

/** The form as it is now, its end, what is to be carried out, or another form in its place. */
export type FormResult = { readonly form: ActionForm } | 'cancel' | Confirmed | { readonly opened: Opened };

/** What it does, and what it says meanwhile and when it is done. Aborted, a change of limits is taken back. */
export interface Confirmed {
  readonly run: (onProgress: (text: string, form?: ActionForm) => void, signal: AbortSignal) => Promise<string>;
  /** What stays over the table meanwhile; `onProgress` may give another one. */
  readonly meanwhile?: ActionForm;
  /** The cgroups that it changes. */
  readonly targets: readonly Pick<Workload, 'path' | 'inode'>[];
}
