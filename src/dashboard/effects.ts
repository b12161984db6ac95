/** Does what `update` asks for: on the terminal, in files and to cgroups. What comes of it is another event. */

import type { Finding, Remedy } from '../diagnosis/model.ts';
import { chooseFix, whyNoFix } from '../diagnosis/trial/choose.ts';
import type { Frame, Past, PastMark, Source } from '../metrics/source.ts';
import { recordedIn } from '../recording/replay.ts';
import { errorText } from '../text/error-text.ts';
import { clockTime } from '../text/local-time.ts';
import type { Acting, Confirmed } from './acting.ts';
import { actionKey, openAction, openRemedy } from './actions.ts';
import { aftermathOf } from './aftermath.ts';
import type { Session } from './session.ts';
import type { Settings } from './settings.ts';
import type { Terminal } from './terminal.ts';
import { openTrial } from './trial-form.ts';
import type { Effect, Event } from './update.ts';

export interface Outside {
  readonly terminal: Pick<Terminal, 'invalidate' | 'bell' | 'setMouse' | 'suspend'>;
  readonly source: Pick<Source, 'past' | 'isLive'>;
  /** Told of each Frame of a recording that is shown out of its turn. */
  readonly remember: (frame: Frame) => void;
  /** The time that a text means, in milliseconds since the epoch. Throws where it is none. */
  readonly timeOf: (text: string, from: Frame) => number;
  /** What the last closer look at the selected row found. */
  readonly finding: (session: Session) => Finding | undefined;
  /** Absent with --readonly. */
  readonly acting: Acting | undefined;
  readonly save: (key: keyof Settings, value: Settings[keyof Settings]) => void;
  /** Tells the log of events that limits of these paths change by our own hand. */
  readonly expect: (paths: readonly string[]) => void;
  readonly session: () => Session;
  readonly dispatch: (event: Event) => void;
  readonly exit: () => void;
}

const FLASH_MS = 1000;

const NOT_FOUND: Readonly<Record<PastMark, string>> = {
  event: 'nothing happened',
  oom: 'no OOM kill',
  finding: 'no finding',
};

const notLookedAt =
  'no look at this row is over yet: W looks closer, and Enter too where the screen has no room for its pane';

function notFixed(finding: Finding | undefined, remedy: Remedy | undefined): string {
  if (!finding) return notLookedAt;
  return remedy ? `${remedy.name} is gone` : whyNoFix(finding);
}

async function find(past: Past, from: Frame, mark: PastMark): Promise<Frame | undefined> {
  if (!past.find || !recordedIn(from))
    throw new Error('only a recording is searched: tstop --replay shows one, @ goes to a time in it');
  const found = await past.find(from, mark);
  if (!found) throw new Error(`${NOT_FOUND[mark]} after ${clockTime(from.usage.snapshot.wall)} in the recording`);
  return found;
}

function fix(session: Session, { finding, acting, dispatch }: Outside): void {
  const found = finding(session);
  const remedy = found && chooseFix(found)?.remedy;
  const target = session.newest?.workloads.find(({ path }) => path === remedy?.path);
  if (acting && remedy && target) dispatch({ type: 'opened', opened: openRemedy(remedy, target, acting) });
  else dispatch({ type: 'tell', message: { text: notFixed(found, remedy), style: 'warning' } });
}

async function prove(session: Session, { finding, acting, dispatch, session: now }: Outside): Promise<void> {
  const found = finding(session);
  if (!acting || !found) return dispatch({ type: 'tell', message: { text: notLookedAt, style: 'warning' } });
  const opened = await openTrial(found, session.newest?.workloads ?? [], acting);
  // A form that was opened meanwhile stays.
  if (now().state.modal === undefined) dispatch({ type: 'opened', opened });
}

export function createEffects(outside: Outside): (effect: Effect) => void {
  const { terminal, source, acting, dispatch } = outside;
  let taking: AbortController | undefined;
  let flash: NodeJS.Timeout | undefined;
  let steps = Promise.resolve();

  /** Shows another Frame. Steps are made one after another, as each goes on from the Frame that the one before has shown. */
  function go(to: (past: Past, from: Frame) => Promise<Frame | undefined>, isHeld: boolean): void {
    steps = steps.then(async () => {
      const { frame } = outside.session();
      if (!frame || !source.past) return;
      try {
        const shown = await to(source.past, frame);
        if (!shown) return;
        outside.remember(shown);
        dispatch({ type: 'past', frame: shown, isHeld });
      } catch (error) {
        dispatch({ type: 'tell', message: { text: errorText(error), style: 'critical' } });
      }
    });
  }

  function save(key: keyof Settings, value: Settings[keyof Settings]): void {
    try {
      outside.save(key, value);
    } catch (error) {
      dispatch({ type: 'tell', message: { text: `not saved: ${errorText(error)}`, style: 'warning' } });
    }
  }

  async function change({ run, targets }: Confirmed, before: Session['newest']): Promise<void> {
    taking = new AbortController();
    const expect = (): void => outside.expect(targets.map(({ path }) => path));
    expect();
    try {
      const text = await run((progress, form) => {
        expect();
        dispatch({ type: 'tell', message: { text: progress, style: 'good' } });
        if (form) dispatch({ type: 'form', result: { form } });
      }, taking.signal);
      dispatch({ type: 'changed', aftermath: aftermathOf(text, targets, before, Date.now()) });
    } catch (error) {
      dispatch({ type: 'not changed', why: errorText(error) });
    }
  }

  return (effect) => {
    switch (effect.type) {
      case 'open':
        if (acting) dispatch({ type: 'opened', opened: openAction(effect.what, effect.targets, acting) });
        return;
      case 'fix':
        return fix(effect.session, outside);
      case 'prove':
        return void prove(effect.session, outside);
      case 'form-key':
        if (acting) dispatch({ type: 'form', result: actionKey(effect.form, effect.key, acting, effect.overflow) });
        return;
      case 'change':
        return void change(effect.confirmed, effect.before);
      case 'take-back':
        return taking?.abort();
      case 'save':
        return save(effect.key, effect.value);
      case 'step':
        return go((past, from) => past.step(from, effect.by), true);
      case 'find':
        return go((past, from) => find(past, from, effect.mark), true);
      case 'jump':
        return go((past, from) => past.seek(outside.timeOf(effect.to, from)), source.isLive);
      case 'mouse':
        return terminal.setMouse(effect.isOn);
      case 'redraw':
        return terminal.invalidate();
      case 'suspend':
        return terminal.suspend();
      case 'ring':
        return terminal.bell();
      case 'flash':
        clearTimeout(flash);
        flash = setTimeout(() => dispatch({ type: 'flashed' }), FLASH_MS).unref();
        return;
      case 'exit':
        return outside.exit();
    }
  };
}
