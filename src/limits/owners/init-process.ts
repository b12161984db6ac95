/** The proof of container engines: the container's first process, as the engine has it, is in this very cgroup. */

import { join } from 'node:path';
import { boxAround } from '../../inventory/claims.ts';
import { crunInner } from '../../inventory/crun.ts';
import { identify } from '../../inventory/identity.ts';
import { readText } from '../../kernel/if-there.ts';
import { parseProcCgroup } from '../../kernel/proc-cgroup.ts';
import type { Write } from '../model.ts';
import { NotOwnerError } from './owner.ts';

export interface InitProcess {
  /** `docker container c203a2647ef1` */
  readonly what: string;
  /** What the cgroup of the container is called by: its id, or the name of a machine. */
  readonly id: string;
  /** Undefined where the engine says that it does not run. */
  readonly pid: number | undefined;
}

/** Where the processes of this machine are told. `root`: the cgroup that is mounted, `Hierarchy.root`. */
export interface ProcessPlaces {
  readonly proc: string;
  readonly root?: string | undefined;
}

/** Throws NotOwnerError. A write of what does not run is one for its next start. */
export function confirmInit({ what, id, pid }: InitProcess, { path, ended }: Write, places: ProcessPlaces): void {
  if (pid === undefined) {
    if (ended) return;
    throw new NotOwnerError(`${what} does not run, so ${path} is not its cgroup`);
  }
  const home = homeOf(pid, places);
  if (home === undefined)
    throw new NotOwnerError(`${what} has the process ${pid}, which is in no cgroup that can be seen from here`);
  const own = boxAround(home, id);
  if (own !== undefined && (path === own || path === crunInner(own, identify(own)))) return;
  throw new NotOwnerError(`${what} runs in ${own ?? home}, not in ${path}`);
}

/** Undefined where the process has ended, or is of another PID namespace. */
const homeOf = (pid: number, { proc, root }: ProcessPlaces): string | undefined =>
  parseProcCgroup(readText(join(proc, String(pid), 'cgroup')), root);
