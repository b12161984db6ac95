/**
 * Limits that were set one level below. Some runtimes make a cgroup below that of the container or step, put all processes
 * into it and limit it there: crun `container`, Slurm `step_0/user`. The outer cgroup has no limit of its own then, and is
 * bound all the same.
 */

import { identify } from './identity.ts';
import type { WorkloadKind } from './workload.ts';

/** Others come and go in the root and in slices: the limit of one that is alone there now does not bind the next one. */
export const holdsOthers = (kind: WorkloadKind): boolean => kind === 'root' || kind === 'slice';

/** Helpers of a runtime beside the processes of a workload: `step_0/slurm`, nspawn's `supervisor`. */
export const isHelper = (kind: WorkloadKind): boolean => kind === 'monitor';

export const kindOfPath = (path: string): WorkloadKind => identify(path).kind;
