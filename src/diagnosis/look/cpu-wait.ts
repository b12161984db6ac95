/**
 * How long a victim was ready to run and had no CPU, and why not. Milliseconds of each second.
 *
 *     cpu.pressure full   something of it is ready and nothing of it runs: it waits for outsiders, or is throttled
 *     run delay           Σ over its threads of the time ready without a CPU (schedstat), its own threads' turns included
 *     W                   max(0, min(full, run delay) - throttled): lost to outsiders, where the whole of it stands still
 *
 * Of a victim with several threads W misses what one thread loses while another runs. There the samples tell how much of
 * the run delay was spent beside others.
 */

import { THRESHOLDS } from '../thresholds.ts';
import type { Second } from './change.ts';
import type { Company } from './company.ts';
import type { CloseLook } from './model.ts';

export interface CpuWait {
  /** Lost behind others. */
  readonly others: number;
  /** Lost behind its own threads. */
  readonly own: number;
  /** Ready to run while nobody ran: a late virtual CPU. */
  readonly late: number;
}

/** Samples from which on the company tells a share, and by how much it may be too small: those are not many. */
const ENOUGH_SAMPLES = 20;
const SAMPLING_ERROR = 1.5;
/** Throttled so long, the run delay of many threads cannot be told from the quota's. */
const HARDLY_THROTTLED = 50;

/** Whether a quota that no file here tells of may throttle it: one of cgroup v1, out of our sight. */
export const mayBeThrottledUnseen = ({ absent }: Pick<CloseLook, 'absent'>, { throttled }: Second): boolean =>
  absent.has('cpu') && Number.isNaN(throttled);

/**
 * `foreignUsage`: CPU time that others used on the CPUs that the victim may use; somebody ran while it waited. Somebody was
 * also seen beside it then: what of the wait neither explains had nobody on the CPU.
 */
export function cpuWaitOf(second: Second, company: Company, foreignUsage: number): CpuWait {
  const { usage, cpuSome, cpuFull, waited } = second;
  const throttled = second.throttled || 0;
  const least = [cpuFull, waited].filter((value) => !Number.isNaN(value));
  if (least.length === 0) return { others: Number.NaN, own: Number.NaN, late: Number.NaN };
  const stalled = Math.max(0, Math.min(...least) - throttled);
  const isSampled = company.samples >= ENOUGH_SAMPLES;
  const beside = isSampled && throttled < HARDLY_THROTTLED ? Math.max(0, waited - throttled) * company.foreignPart : 0;
  const lost = Math.max(stalled, Math.min(1000, beside || 0));
  const seenBeside = company.samples > 0 ? (company.accompanied * company.foreignPart) / company.samples : 0;
  const bounds = [foreignUsage, isSampled ? SAMPLING_ERROR * (usage + lost) * seenBeside : Number.NaN];
  const others = Math.max(0, Math.min(lost, ...bounds.filter((bound) => !Number.isNaN(bound))));
  const behindItself = Math.max(0, cpuSome - cpuFull);
  return {
    others,
    own: isSampled && company.accompanied > 0 ? behindItself * (1 - company.foreignPart) : behindItself,
    late: lateOf(second, stalled - others),
  };
}

/** A CPU that is idle takes a moment to wake up: many short waits of this kind are no late CPU, however long together. */
export const lateOf = ({ turns }: Second, unexplained: number): number =>
  turns > 0 && unexplained / turns < THRESHOLDS.lateTurn ? 0 : Math.max(0, unexplained);
