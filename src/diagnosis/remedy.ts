/** The least harmful change that would help, in words and as flags of `tscg set`. Nothing is applied here. */

import { typedName } from '../inventory/workload.ts';
import type { NoController } from '../kernel/proc-cgroups.ts';
import { shellWord } from '../text/shell-word.ts';
import type { Remedy } from './model.ts';

export interface RemedyTarget {
  readonly path: string;
  readonly name: string;
}

const MOST_WEIGHT = 10_000;
/** A weight so many times as large gives four fifths of a CPU to one of two. */
const WEIGHT_STEP = 4;
/** Room above what was wanted. */
const ROOM = 1.2;
const MIB = 1024 * 1024;

export const advice = ({ path, name }: RemedyTarget, words: string): Remedy => ({ path, name, limits: {}, words });

/** `wanted`: CPUs. Rounded up to 10 % of one. */
export const raiseQuota = ({ path, name }: RemedyTarget, wanted: number, cpus: number): Remedy =>
  wanted * ROOM >= cpus
    ? { path, name, limits: { '--cpu': 'max' }, words: 'lift its CPU quota: it wants all CPUs' }
    : {
        path,
        name,
        limits: { '--cpu': `${Math.ceil(wanted * ROOM * 10) * 10}%` },
        words: `raise its CPU quota to what it wants (${wanted.toFixed(2)} CPUs) and a fifth more`,
      };

/** `weight`: NaN where the cpu controller is not enabled; `absent`: why it is not in the hierarchy at all. */
export function moreWeight({ path, name }: RemedyTarget, weight: number, absent: NoController | undefined): Remedy {
  if (Number.isNaN(weight)) {
    return advice(
      { path, name },
      absent
        ? `no weight can be given, for the cpu controller is not there (${absent.reason}); ${absent.remedy}`
        : 'no weight can be given: the cpu controller is not enabled there (tscg controllers tells where it stops)',
    );
  }
  const more = Math.min(MOST_WEIGHT, weight * WEIGHT_STEP);
  return { path, name, limits: { '--cpu-weight': String(more) }, words: 'give it more weight; nobody is capped' };
}

export const lessWeight = ({ path, name }: RemedyTarget, weight: number): Remedy => ({
  path,
  name,
  limits: { '--cpu-weight': String(Math.max(1, Math.round((Number.isNaN(weight) ? 100 : weight) / WEIGHT_STEP))) },
  words: 'give the suspect less weight: it keeps what nobody else wants',
});

/** `file` is memory.high or memory.max; `bytes` what it is now. */
export const moreMemory = ({ path, name }: RemedyTarget, file: string, bytes: number): Remedy => ({
  path,
  name,
  limits: { [file === 'memory.high' ? '--memory-high' : '--memory']: sizeFlag(bytes * 1.5) },
  words: `raise its ${file} by half, or find out why it needs more`,
});

export const keepMemory = ({ path, name }: RemedyTarget, bytes: number): Remedy => ({
  path,
  name,
  limits: { '--memory-low': sizeFlag(bytes) },
  words: 'keep what it has from reclaim while others have some',
});

export const slowMemory = ({ path, name }: RemedyTarget, bytes: number): Remedy => ({
  path,
  name,
  limits: { '--memory-high': sizeFlag(bytes) },
  words: 'slow the suspect at what it has now: it is reclaimed, never killed',
});

export const lessDisk = ({ path, name }: RemedyTarget, disk: string, key: string, rate: number): Remedy => ({
  path,
  name,
  limits: { '--io-max': `/dev/${disk} ${key}=${Math.max(2, Math.round(rate))}` },
  words: 'halve what the suspect may do on that disk',
});

export const moreDisk = ({ path, name }: RemedyTarget, disk: string, key: string, limit: number): Remedy => ({
  path,
  name,
  limits: { '--io-max': `/dev/${disk} ${key}=${Math.round(limit * 2)}` },
  words: 'double its io.max there',
});

/** Whole MiB, so that it reads well. */
const sizeFlag = (bytes: number): string => `${Math.max(1, Math.ceil(bytes / MIB))}M`;

/** As typed in a shell; undefined where no limit helps. */
export function remedyCommand({ path, name, limits }: Remedy): string | undefined {
  const flags = Object.entries(limits).map(([flag, value]) => `${flag} ${shellWord(value)}`);
  return flags.length === 0 ? undefined : `tscg set ${shellWord(typedName({ path, name }))} ${flags.join(' ')}`;
}
