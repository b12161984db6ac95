/** What the kernel refuses a process that was moved out of its own cgroup namespace. */

import { readText } from '../../kernel/if-there.ts';
import { outsideNamespace } from '../../kernel/proc-cgroup.ts';
import { rightsRemedy } from '../../kernel/rights.ts';
import { ActionError } from '../actions/action-error.ts';

export interface Standing {
  readonly finding: string;
  readonly remedy: string;
}

/**
 * Why no process can be moved from the cgroup that we are in; undefined where one can. With the mount option nsdelegate the
 * kernel moves no process across the border of the mover's cgroup namespace (ENOENT), not even into a cgroup that it may write.
 */
export function wrongStanding(options: readonly string[], proc = '/proc'): Standing | undefined {
  const path = outsideNamespace(readText(`${proc}/self/cgroup`));
  if (path === undefined) return undefined;
  const isClosed = options.includes('nsdelegate');
  return {
    finding: `this process is in ${path}, outside its own cgroup namespace${isClosed ? ': it can neither start nor move a process into the cgroups that are visible here (ENOENT)' : ''}`,
    remedy: `enter the namespace of the machine: nsenter --target 1 --cgroup --mount tscg …${process.geteuid?.() === 0 ? '' : ` (${rightsRemedy()})`}`,
  };
}

/** Throws ActionError where no process can be started in a cgroup from here. */
export function checkStanding(options: readonly string[], proc?: string): void {
  const wrong = options.includes('nsdelegate') ? wrongStanding(options, proc) : undefined;
  if (wrong) throw new ActionError(`${wrong.finding}; ${wrong.remedy}`);
}
