/** The one place where the session changes: an event makes another session of it, and says what is to be done besides. Pure. */

import { fleetIn } from '../fleet/frame.ts';
import type { Workload } from '../inventory/workload.ts';
import type { LogEvent } from '../metrics/events.ts';
import type { Frame, PastMark } from '../metrics/source.ts';
import { recordedIn } from '../recording/replay.ts';
import type { Confirmed, FormResult, Opened } from './acting.ts';
import { afterAction, afterTyping, isFound, type Scroll } from './after-action.ts';
import type { Aftermath } from './aftermath.ts';
import { isAlarming } from './alarm.ts';
import { arranged } from './arranged.ts';
import { CPU_SCALES, MEMORY_DEFINITIONS } from './columns.ts';
import { columnsKey } from './columns-form.ts';
import { onItsMachine } from './elsewhere.ts';
import { type Action, actionOf } from './keys.ts';
import type { Size } from './layout.ts';
import { type ActionForm, type ActionName, isViewer, type Modal, type Typed, type Viewer } from './modal.ts';
import { mouseAction, type Pointer } from './mouse.ts';
import { selectedWorkload } from './scene.ts';
import { actionContext, type End, type Session, type Surroundings, type Trouble } from './session.ts';
import type { Settings } from './settings.ts';
import type { FooterMessage, State } from './state.ts';
import { switchedText } from './switched.ts';

export type Event =
  | { readonly type: 'key'; readonly key: Typed }
  | { readonly type: 'pointer'; readonly pointer: Pointer }
  | { readonly type: 'action'; readonly action: Action }
  | { readonly type: 'size'; readonly size: Size }
  /** A new Frame, and what happened in it. */
  | {
      readonly type: 'frame';
      readonly frame: Frame;
      readonly news: readonly LogEvent[];
      readonly recentOomKills: readonly LogEvent[];
    }
  /** Another Frame than the newest is to be shown. */
  | { readonly type: 'past'; readonly frame: Frame; readonly isHeld?: boolean }
  | { readonly type: 'drawn'; readonly scroll: Scroll }
  | { readonly type: 'flashed' }
  | { readonly type: 'trouble'; readonly trouble: Trouble }
  | { readonly type: 'no trouble'; readonly what: string }
  | { readonly type: 'tell'; readonly message: FooterMessage }
  /** A form of an action, or why there is none. */
  | { readonly type: 'opened'; readonly opened: Opened }
  | { readonly type: 'form'; readonly result: FormResult }
  | { readonly type: 'changed'; readonly aftermath: Aftermath }
  | { readonly type: 'not changed'; readonly why: string }
  | { readonly type: 'end'; readonly end: End };

/** What is to be done outside of the session. */
export type Effect =
  | { readonly type: 'open'; readonly what: ActionName; readonly targets: readonly Workload[] }
  /** The form of limits with what the finding about that row advises. */
  | { readonly type: 'fix'; readonly session: Session }
  /** The form of a trial of the suspect that the finding about that row names first. */
  | { readonly type: 'prove'; readonly session: Session }
  | { readonly type: 'form-key'; readonly form: ActionForm; readonly key: Typed; readonly overflow: number }
  | { readonly type: 'change'; readonly confirmed: Confirmed; readonly before: Frame | undefined }
  | { readonly type: 'save'; readonly key: keyof Settings; readonly value: Settings[keyof Settings] }
  | { readonly type: 'step'; readonly by: number }
  | { readonly type: 'jump'; readonly to: string }
  | { readonly type: 'find'; readonly mark: PastMark }
  | { readonly type: 'mouse'; readonly isOn: boolean }
  | { readonly type: 'take-back' | 'redraw' | 'suspend' | 'ring' | 'flash' | 'exit' };

export interface Updated {
  readonly session: Session;
  readonly effects: readonly Effect[];
}

export function update(session: Session, event: Event, surroundings: Surroundings): Updated {
  // How far the screen can be scrolled matters to the next key alone: nothing is arranged anew.
  if (event.type === 'drawn') return only({ ...session, scroll: event.scroll });
  const { session: after, effects } = afterEvent(session, event, surroundings);
  return { session: arranged(session, after, surroundings), effects };
}

const only = (session: Session): Updated => ({ session, effects: [] });

function afterEvent(session: Session, event: Exclude<Event, EventOf<'drawn'>>, surroundings: Surroundings): Updated {
  switch (event.type) {
    case 'key':
      return afterKey(session, event.key, surroundings);
    case 'pointer': {
      const { state, layout, shown } = session;
      const action = mouseAction(event.pointer, { state, layout, rows: shown?.items.length ?? 0 });
      return action ? afterUserAction(session, action, surroundings) : only(session);
    }
    case 'action':
      return afterUserAction(session, event.action, surroundings);
    case 'frame':
      return afterFrame(session, event);
    case 'past': {
      const state = event.isHeld ? { ...session.state, paused: true } : session.state;
      const newest = surroundings.isLive ? session.newest : event.frame;
      return only({ ...session, state, frame: event.frame, newest });
    }
    case 'opened':
      return only(afterOpened(session, event.opened));
    case 'form':
      return afterForm(session, event.result);
    case 'changed': {
      const state = { ...session.state, tagged: new Set<number>() };
      return changeEnded({ ...session, state, notice: undefined, aftermath: event.aftermath });
    }
    case 'not changed':
      return changeEnded({ ...session, notice: { text: event.why, style: 'critical' } });
    case 'end':
      return afterEnd(session, event.end);
    default:
      return only(afterTold(session, event));
  }
}

type EventOf<Type extends Event['type']> = Extract<Event, { readonly type: Type }>;

function afterTold(session: Session, event: EventOf<'size' | 'flashed' | 'trouble' | 'no trouble' | 'tell'>): Session {
  switch (event.type) {
    case 'size':
      return { ...session, size: event.size };
    case 'flashed':
      return { ...session, isFlashing: false };
    case 'trouble':
      return { ...session, trouble: event.trouble };
    case 'no trouble':
      return session.trouble?.what === event.what ? { ...session, trouble: undefined } : session;
    case 'tell':
      return { ...session, notice: event.message };
  }
}

/** A held display stands still; what is remembered goes on. */
function afterFrame(session: Session, { frame, news, recentOomKills }: EventOf<'frame'>): Updated {
  const { state } = session;
  const shown = state.paused && session.frame ? session.frame : frame;
  const next = { ...session, newest: frame, frame: shown, recentOomKills };
  const alarming = news.filter(isAlarming);
  if (alarming.length === 0 || state.alarm === 'none') return only(next);
  const ring: Effect[] = state.alarm === 'flash' ? [] : [{ type: 'ring' }];
  if (state.alarm === 'bell') return { session: next, effects: ring };
  const text = alarming.map((event) => `${event.name}: ${event.text}`).join('; ');
  const notice = { text, style: 'critical' } as const;
  return { session: { ...next, isFlashing: true, notice }, effects: [...ring, { type: 'flash' }] };
}

function afterKey(session: Session, key: Typed, surroundings: Surroundings): Updated {
  const { modal, prompt } = session.state;
  if (key.full === 'C-c') return afterEnd(session, 'quit');
  if (key.full === 'paste' && !hasField(session.state)) return only({ ...session, notice: NO_FIELD });
  if (prompt !== undefined) {
    const next = afterPromptKey(session, key, surroundings);
    const to = session.state.jump.trim();
    const isGoing = prompt === 'jump' && key.full === 'return' && to !== '';
    return { session: next, effects: isGoing ? [{ type: 'jump', to }] : [] };
  }
  if (modal && !isViewer(modal)) return afterFormKey(session, modal, key, surroundings);
  const action = actionOf(key.full, key.character);
  return action ? afterUserAction(session, action, surroundings) : only(session);
}

const NO_FIELD: FooterMessage = {
  text: 'pasted text goes into a field only, as f, / and l open one: nothing was done',
  style: 'warning',
};

/** Whether there is something to type text into. */
const hasField = ({ prompt, modal }: State): boolean =>
  prompt !== undefined || modal?.kind === 'limits' || modal?.kind === 'reclaim';

function afterPromptKey(session: Session, key: Typed, surroundings: Surroundings): Session {
  const state = afterTyping(session.state, key, actionContext(session, surroundings));
  const next = { ...session, state, hasMoved: hasMoved(session, state), notice: undefined };
  return session.state.prompt === 'search' ? withSearchNotice(next, surroundings) : next;
}

const hasMoved = (session: Session, { selected }: State): boolean =>
  session.hasMoved || selected !== session.state.selected;

function afterFormKey(
  session: Session,
  modal: Exclude<Modal, Viewer>,
  key: Typed,
  { dashboards, isReadOnly }: Surroundings,
): Updated {
  const { state, scroll } = session;
  const closed = { ...session, state: { ...state, modal: undefined } };
  if (modal.kind !== 'columns') {
    if (isReadOnly) return only(closed);
    if (session.isChanging) return afterKeyMeanwhile(session, key);
    return { session, effects: [{ type: 'form-key', form: modal, key, overflow: scroll.overflow }] };
  }
  const result = columnsKey(modal, key);
  if (result === 'cancel') return only(closed);
  if ('form' in result) return only({ ...session, state: { ...state, modal: result.form } });
  // The columns that were chosen for this screen; undefined for those of its dashboard.
  const { chosen } = result;
  const { name = '', columns: shipped } = dashboards[state.screen] ?? {};
  const { [name]: _, ...others } = state.ownColumns;
  const ownColumns = chosen ? { ...others, [name]: chosen } : others;
  return {
    session: { ...closed, state: { ...closed.state, columns: chosen ?? shipped, ownColumns } },
    effects: [{ type: 'save', key: 'columns', value: ownColumns }],
  };
}

/** A form that shows what is under way stays until that is over. */
function afterKeyMeanwhile(session: Session, { full }: Typed): Updated {
  if (full !== 'escape') return only(session);
  const notice = { text: 'stopped: the limit is taken back …', style: 'warning' } as const;
  return { session: { ...session, notice }, effects: [{ type: 'take-back' }] };
}

const afterOpened = (session: Session, opened: Opened): Session =>
  'kind' in opened ? { ...session, state: { ...session.state, modal: opened } } : { ...session, notice: opened };

function afterForm(session: Session, result: FormResult): Updated {
  if (result !== 'cancel' && 'opened' in result) {
    const closed = { ...session, state: { ...session.state, modal: undefined } };
    return only(afterOpened(closed, result.opened));
  }
  const shown = result === 'cancel' ? undefined : 'form' in result ? result.form : result.meanwhile;
  const state = { ...session.state, modal: shown };
  if (result === 'cancel' || 'form' in result) return only({ ...session, state });
  const change: Effect = { type: 'change', confirmed: result, before: session.newest };
  return { session: { ...session, state, aftermath: undefined, isChanging: true }, effects: [change] };
}

/** Nothing is left half done: a change under way is taken back first. */
function afterEnd(session: Session, end: End): Updated {
  const ending = session.ending === 'hung up' ? 'hung up' : end;
  if (session.ending !== undefined) return only({ ...session, ending });
  if (!session.isChanging) return { session: { ...session, ending }, effects: [{ type: 'exit' }] };
  const notice = { text: 'a change is under way: it is taken back …', style: 'warning' } as const;
  return { session: { ...session, ending, notice }, effects: [{ type: 'take-back' }] };
}

const changeEnded = (session: Session): Updated => ({
  session: { ...session, isChanging: false },
  effects: session.ending === undefined ? [] : [{ type: 'exit' }],
});

/** Why a key does nothing here. */
function whyUseless({ type }: Action, { frame }: Session, { isLive }: Surroundings): string | undefined {
  if (type === 'speed' && isLive) return 'only a recording has a speed: tstop --replay shows one';
  if (type === 'host' && !fleetIn(frame)) return 'all rows are of one machine: tstop --prometheus shows many';
  return undefined;
}

/** After an action that the user has asked for by a key or the mouse. */
function afterUserAction(before: Session, action: Action, surroundings: Surroundings): Updated {
  if (action.type === 'quit') return afterEnd(before, 'quit');
  const useless = whyUseless(action, before, surroundings);
  if (useless !== undefined) return only({ ...before, notice: { text: useless, style: 'warning' } });
  const state = afterAction(before.state, action, actionContext(before, surroundings));
  const moved = { ...before, state, hasMoved: hasMoved(before, state), notice: undefined };
  const effects = [...effectsOf(action, state), ...saved(before.state, state)];
  if (action.type === 'act') return afterAct(moved, action.what, surroundings);
  if (action.type === 'fix' || action.type === 'prove') return afterFinding(moved, action.type, surroundings);
  const told = switchedText(before.state, state);
  if (told !== undefined) return { session: { ...moved, notice: { text: told, style: 'good' } }, effects };
  if (action.type === 'search-next') return { session: withSearchNotice(moved, surroundings), effects };
  if (action.type === 'fold' && !before.shown?.items.some(({ open }) => open !== undefined)) {
    const notice = { text: 'no groups here: t arranges the rows in some', style: 'warning' } as const;
    return { session: { ...moved, notice }, effects };
  }
  const goesOn = action.type === 'pause' && !state.paused;
  return { session: goesOn ? { ...moved, frame: before.newest } : moved, effects };
}

function effectsOf(action: Action, state: State): Effect[] {
  switch (action.type) {
    case 'redraw':
    case 'suspend':
      return [{ type: action.type }];
    case 'mouse':
      return [{ type: 'mouse', isOn: state.mouse }];
    case 'step':
      return [{ type: 'step', by: action.by }];
    case 'find':
      return [{ type: 'find', mark: action.mark }];
    default:
      return [];
  }
}

/** What the user has set is there at the next start. */
function saved(before: State, { theme, mouse, alarm, scales }: State): Effect[] {
  const values: readonly (readonly [keyof Settings, Settings[keyof Settings], boolean])[] = [
    ['theme', theme, theme !== before.theme],
    ['mouse', mouse, mouse !== before.mouse],
    ['alarm', alarm, alarm !== before.alarm],
    ['memory', MEMORY_DEFINITIONS[scales.memory]?.metric, scales.memory !== before.scales.memory],
    ['cpu', CPU_SCALES[scales.cpu]?.scale, scales.cpu !== before.scales.cpu],
  ];
  return values.flatMap(([key, value, isOther]): Effect[] => (isOther ? [{ type: 'save', key, value }] : []));
}

function withSearchNotice(session: Session, surroundings: Surroundings): Session {
  const { search, prompt } = session.state;
  const text =
    search === ''
      ? prompt === undefined && 'nothing to search for yet: / asks'
      : !isFound(session.state, actionContext(session, surroundings)) && `nothing found that holds "${search}"`;
  return text === false ? session : { ...session, notice: { text, style: 'warning' } };
}

/** Why no row can be changed now. */
function whyNoChange({ isReadOnly, isLive }: Surroundings, session: Session): string | undefined {
  const { frame, isChanging } = session;
  if (fleetIn(frame))
    return `only cgroups of this machine can be changed from here: ${onItsMachine(selectedWorkload(session), ['tstop'])}`;
  if (!isLive) return 'this is a recording: nothing of it can be changed';
  if (recordedIn(frame)) return 'this moment is long past: Z goes back to now';
  if (isReadOnly) return 'read only: tstop was started with --readonly';
  return isChanging ? 'a change is under way: wait for it, or quit to take it back' : undefined;
}

/** What the finding about the selected row leads to. */
function afterFinding(session: Session, type: 'fix' | 'prove', surroundings: Surroundings): Updated {
  const why = whyNoChange(surroundings, session);
  if (why) return only({ ...session, notice: { text: why, style: 'warning' } });
  return { session, effects: [{ type, session }] };
}

/** A form for the tagged rows, else for the selected one; or why there is none. */
function afterAct(session: Session, what: ActionName, surroundings: Surroundings): Updated {
  const { state, frame, shown } = session;
  const all = frame?.workloads ?? [];
  const one = selectedWorkload(session);
  const tagged = all.filter(({ inode }) => state.tagged.has(inode));
  const targets = state.tagged.size > 0 ? tagged : one ? [one] : [];
  const isGroup = (shown?.items.find(({ key }) => key === state.selected)?.row ?? 0) < 0;
  const why =
    whyNoChange(surroundings, session) ??
    (what !== 'undo' && targets.length === 0 && isGroup && 'a group: tag its rows with Space');
  if (why) return only({ ...session, notice: { text: why, style: 'warning' } });
  return { session, effects: [{ type: 'open', what, targets: what === 'undo' ? all : targets }] };
}
