/** A session that a test drives: events in, what is on the screen and what was asked for out. */

import type { Acting } from '../../src/dashboard/acting.ts';
import type { Dashboard } from '../../src/dashboard/dashboards.ts';
import { createEffects } from '../../src/dashboard/effects.ts';
import type { Action } from '../../src/dashboard/keys.ts';
import type { Size } from '../../src/dashboard/layout.ts';
import type { Typed } from '../../src/dashboard/modal.ts';
import type { Shown } from '../../src/dashboard/rows.ts';
import { selectedWorkload } from '../../src/dashboard/scene.ts';
import { openSession, type Session, type Surroundings } from '../../src/dashboard/session.ts';
import type { Settings } from '../../src/dashboard/settings.ts';
import type { State } from '../../src/dashboard/state.ts';
import { type Effect, type Event, update } from '../../src/dashboard/update.ts';
import type { Finding } from '../../src/diagnosis/model.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import type { Frame } from '../../src/metrics/source.ts';

export interface DriverOptions {
  readonly state: State;
  readonly size?: Size;
  readonly dashboards?: readonly Dashboard[];
  readonly acting?: Acting;
  readonly isLive?: boolean;
  readonly finding?: Finding;
  readonly save?: (key: keyof Settings, value: Settings[keyof Settings]) => void;
}

export interface Driver {
  session(): Session;
  state(): State;
  shown(): Shown | undefined;
  selected(): Workload | undefined;
  told(): string | undefined;
  /** Types of all effects so far. */
  effects(): readonly Effect['type'][];
  dispatch(event: Event): void;
  see(frame: Frame): void;
  act(action: Action): void;
  key(key: Typed): void;
}

export function drive(options: DriverOptions): Driver {
  const { dashboards = [], acting, isLive = true, size = { width: 100, height: 12 }, save = () => {} } = options;
  const surroundings: Surroundings = { dashboards, isReadOnly: acting === undefined, isLive };
  let session = openSession(options.state, size, surroundings);
  const asked: Effect['type'][] = [];
  const nothing = (): void => {};
  const perform = createEffects({
    terminal: { invalidate: nothing, bell: nothing, setMouse: nothing, suspend: nothing },
    source: { isLive },
    timeOf: Number,
    remember: nothing,
    finding: () => options.finding,
    acting,
    save,
    expect: nothing,
    session: () => session,
    dispatch: (event) => dispatch(event),
    exit: nothing,
  });
  function dispatch(event: Event): void {
    const step = update(session, event, surroundings);
    session = step.session;
    for (const effect of step.effects) {
      asked.push(effect.type);
      perform(effect);
    }
  }
  return {
    session: () => session,
    state: () => session.state,
    shown: () => session.shown,
    selected: () => selectedWorkload(session),
    told: () => session.notice?.text,
    effects: () => asked,
    dispatch,
    see: (frame) => dispatch({ type: 'frame', frame, news: [], recentOomKills: [] }),
    act: (action) => dispatch({ type: 'action', action }),
    key: (key) => dispatch({ type: 'key', key }),
  };
}
