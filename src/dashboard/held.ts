/** A held display stands at the time of its Frame: what happened later is not told, and what is of now says so. */

import type { LogEvent } from '../metrics/events.ts';
import type { Frame } from '../metrics/source.ts';
import { recordedIn } from '../recording/replay.ts';
import type { State } from './state.ts';

/** When the Frame of a held display or of a recording was taken, in milliseconds since the epoch; undefined for now. */
export const heldAt = ({ paused }: Pick<State, 'paused'>, frame: Frame | undefined): number | undefined =>
  paused || recordedIn(frame) ? frame?.usage.snapshot.wall : undefined;

/** The events that had happened by that time; all of them for now. */
export const toldBy = (events: readonly LogEvent[], at: number | undefined): readonly LogEvent[] =>
  at === undefined ? events : events.filter(({ time }) => time <= at);
