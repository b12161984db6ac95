/** Holds the session: each event goes through `update`, its effects are carried out, and the new session is drawn. */

import { compose, type Needs, NO_NEEDS } from './compose.ts';
import type { Scene } from './scene.ts';
import type { Session, Surroundings } from './session.ts';
import { type Effect, type Event, update } from './update.ts';
import type { View } from './view.ts';

export interface Program {
  session(): Session;
  /** What must be read for the next picture. */
  needs(): Needs;
  /** Events that come while another one is handled have their turn right after it; all are drawn at once. */
  dispatch(...events: readonly Event[]): void;
  /** As `dispatch`, but it is left to `drawOwed` to draw, or to a key that comes before that: one drawing shows both. */
  take(event: Event): void;
  drawOwed(): void;
  draw(): void;
  /** Nothing is drawn from now on. */
  close(): void;
}

export interface ProgramOptions {
  readonly session: Session;
  readonly surroundings: Surroundings;
  readonly sceneOf: (session: Session) => Scene;
  readonly show: (view: View) => void;
  readonly perform: (effect: Effect) => void;
}

export function createProgram({ session: first, surroundings, sceneOf, show, perform }: ProgramOptions): Program {
  let session = first;
  let needs = NO_NEEDS;
  const following: Event[] = [];
  let isHandling = false;
  /** Whether the session changed since it was drawn, by an event that was taken. */
  let isOwed = false;
  let isOpen = true;

  function handle(event: Event): void {
    const step = update(session, event, surroundings);
    session = step.session;
    for (const effect of step.effects) perform(effect);
  }

  /** Returns whether they are handled; else they are as soon as the one that is under way is. */
  function handleAll(events: readonly Event[]): boolean {
    if (isHandling) {
      following.push(...events);
      return false;
    }
    isHandling = true;
    try {
      for (const event of events) {
        following.push(event);
        for (let next = following.shift(); next; next = following.shift()) handle(next);
      }
    } finally {
      isHandling = false;
    }
    return true;
  }

  function draw(): void {
    isOwed = false;
    if (!isOpen) return;
    const composed = compose(sceneOf(session), session.layout);
    needs = composed.needs;
    handle({ type: 'drawn', scroll: needs.scroll });
    show(composed.view);
  }

  return {
    session: () => session,
    needs: () => needs,
    draw,
    dispatch: (...events) => {
      if (handleAll(events)) draw();
    },
    take: (event) => {
      isOwed = handleAll([event]);
    },
    drawOwed: () => {
      if (isOwed) draw();
    },
    close: () => {
      isOpen = false;
    },
  };
}
