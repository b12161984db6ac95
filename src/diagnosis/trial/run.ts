/**
 * Runs a trial: pairs of windows, one with the limit and one without, the order of each pair drawn with a fair coin. Clock,
 * reader and limit are parameters.
 */

import { errorText } from '../../text/error-text.ts';
import type { LimitSwitch } from './limit-switch.ts';
import { type Rates, ratesBetween, type TrialReading, type TrialWindow } from './measure.ts';
import type { Pair } from './statistics.ts';

export interface TrialOptions {
  readonly pairs: number;
  readonly windowMs: number;
  /** Left out after each switch: what the limit needs to take hold, and the victim to get used to it. */
  readonly settleMs: number;
  /** Paths without which there is no trial: the victim and who is limited. */
  readonly victim: string;
  readonly suspect: string;
  readonly limit: LimitSwitch;
  readonly read: () => Promise<TrialReading>;
  /** Rejects where the trial is interrupted. */
  readonly wait: (ms: number) => Promise<void>;
  /** 0 to 1. */
  readonly random: () => number;
  /** Told after each window: those that are over, and how many there will be. */
  readonly onWindow?: (windows: readonly TrialWindow[], of: number) => void;
}

/** The trial did not come to its end; the limit is taken back. */
export class TrialError extends Error {
  override readonly name = 'TrialError';
}

/** All windows of all pairs. Whatever ends it, the limit is off then. Throws TrialError, ApplyError. */
export async function runTrial(options: TrialOptions): Promise<TrialWindow[]> {
  const { pairs, limit, onWindow } = options;
  const windows: TrialWindow[] = [];
  const done = (): string => `after ${Math.floor(windows.length / 2)} of ${pairs} pairs`;
  try {
    for (let pair = 0; pair < pairs; pair++) {
      const isOnFirst = options.random() < 0.5;
      for (const isOn of [isOnFirst, !isOnFirst]) {
        windows.push(await oneWindow(pair, isOn, options));
        onWindow?.(windows, pairs * 2);
      }
    }
  } catch (error) {
    const reason = errorText(error);
    await limit.close(`the trial ended ${done()}: ${reason}`);
    throw new TrialError(`${reason}: the trial ended ${done()}, and the limit is taken back`);
  }
  await limit.close(`a trial of ${pairs} pairs, taken back at its end`);
  return windows;
}

async function oneWindow(pair: number, isOn: boolean, options: TrialOptions): Promise<TrialWindow> {
  const { limit, read, wait, settleMs, windowMs, victim, suspect } = options;
  await (isOn ? limit.on() : limit.off());
  await wait(settleMs);
  const before = await read();
  await wait(windowMs);
  const after = await read();
  const rates = ratesBetween(before, after);
  for (const path of [victim, suspect]) {
    if (!rates.has(path)) throw new TrialError(`${path} ended`);
  }
  return { pair, isOn, seconds: (after.time - before.time) / 1000, rates };
}

/** The figure of one cgroup in both windows of each pair in which it is known. */
export function pairsOf(windows: readonly TrialWindow[], path: string, key: keyof Rates): Pair[] {
  const figures = new Map<number, { on?: number; off?: number }>();
  for (const { pair, isOn, rates } of windows) {
    const value = rates.get(path)?.[key] ?? Number.NaN;
    if (!Number.isNaN(value)) figures.set(pair, { ...figures.get(pair), [isOn ? 'on' : 'off']: value });
  }
  return [...figures.values()].flatMap(({ on, off }) => (on === undefined || off === undefined ? [] : [{ on, off }]));
}
