/** A closer look at some workloads, and what it finds: the files, and the eBPF program beside them where it can be loaded. */

import type { Workload } from '../inventory/workload.ts';
import type { Hierarchy } from '../kernel/hierarchy.ts';
import type { OpenWaits } from '../kernel/waits-bpf.ts';
import { comesInBursts } from './bursts.ts';
import { diagnose } from './diagnose.ts';
import { takeLook } from './look/take.ts';
import { createTracer } from './look/tracer.ts';
import type { Finding, Victim } from './model.ts';

/** How long a look takes; twice as long where the trouble comes in bursts. */
export const LOOK_SECONDS = 5;

export interface CloserOptions {
  readonly hierarchy: Pick<Hierarchy, 'mount' | 'root'>;
  readonly proc: string;
  /** Every cgroup that there is. */
  readonly workloads: readonly Workload[];
  readonly victims: readonly Victim[];
  readonly signal: AbortSignal;
  /** Whether to go by the kernel's files alone; else eBPF is tried too. */
  readonly isFilesOnly?: boolean;
  readonly openWaits?: OpenWaits;
}

/** Throws an AbortError where the signal aborts. */
export async function lookCloser({ isFilesOnly = false, openWaits, ...options }: CloserOptions): Promise<Finding[]> {
  const tracer = isFilesOnly ? {} : { tracer: createTracer(options.workloads, openWaits) };
  return diagnose(await takeLook({ ...options, ...tracer, seconds: LOOK_SECONDS, goOn: comesInBursts }));
}
