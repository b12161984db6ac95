/** What passes between the forms that change something and who carries it out. */

import type { Workload } from '../inventory/workload.ts';
import type { Journal } from '../limits/applying/journal.ts';
import type { Revert } from '../limits/applying/revert/schedule.ts';
import type { PlanContext } from '../limits/model.ts';
import { errorText } from '../text/error-text.ts';
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

/** A change that the user has confirmed. */
export interface Confirmed {
  /** Makes it, tells how far it is, and resolves to what was done. When the signal aborts, a change of limits is taken back. */
  readonly run: (onProgress: (text: string, form?: ActionForm) => void, signal: AbortSignal) => Promise<string>;
  /** The form that stays over the table until it is made; `onProgress` may give another one. */
  readonly meanwhile?: ActionForm;
  /** The cgroups that it changes. */
  readonly targets: readonly Pick<Workload, 'path' | 'inode'>[];
}

/** Does the work for one after the other, also where it failed for one before. Fails with all that failed, and what was done. */
export async function inTurn<T>(
  list: readonly T[],
  work: (one: T) => Promise<string>,
  doneText: (done: readonly string[]) => string,
): Promise<string> {
  const done: string[] = [];
  const faults: string[] = [];
  for (const one of list) {
    try {
      done.push(await work(one));
    } catch (error) {
      faults.push(errorText(error));
    }
  }
  const text = done.length > 0 ? doneText(done) : '';
  if (faults.length > 0) throw new Error([...faults, text].filter((part) => part !== '').join('; '));
  return text;
}
