/** Whether a look must go on: trouble that comes in bursts takes 10 s to tell from chance, steady trouble 5. */

import { type Second, secondsOf } from './look/change.ts';
import type { Mark } from './look/model.ts';
import { THRESHOLDS } from './thresholds.ts';

const STEADY = 0.6;

/** Some victim was held up in some of the seconds, but not in most. */
export const comesInBursts = (marks: ReadonlyMap<string, readonly Mark[]>): boolean =>
  [...marks.values()].some((ofOne) => {
    const seconds = secondsOf(ofOne);
    const held = seconds.filter(isHeldUp).length;
    return held > 0 && held < STEADY * seconds.length;
  });

function isHeldUp({ usage, cpuFull, throttled, ioSome, memorySome }: Second): boolean {
  const wait = Math.max(0, cpuFull - (throttled || 0));
  return (
    (wait >= THRESHOLDS.cpuWait && wait >= THRESHOLDS.cpuWaitShare * (usage + wait)) ||
    throttled >= THRESHOLDS.throttled ||
    ioSome >= THRESHOLDS.ioSome ||
    memorySome >= THRESHOLDS.memorySome
  );
}
