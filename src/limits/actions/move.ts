/** Moving a process into a cgroup, with the kernel's rules told before it refuses. */

import { CgroupFileError, type CgroupFiles } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { parseCgroupType } from '../../kernel/cgroup-type.ts';
import { DOMAIN_CONTROLLERS, parseControllers } from '../../kernel/controllers.ts';
import { isKernelThread } from '../../kernel/proc-pid.ts';
import { cgroupOf, readPidStat, startTimeOf } from '../../kernel/process-handle.ts';
import { childrenOf, subtree } from '../../kernel/subtree.ts';
import { clean } from '../../text/clean.ts';
import { shellWord } from '../../text/shell-word.ts';
import type { NamedCgroup, PlanContext, Risk } from '../model.ts';
import { engineIn } from '../planning/guard.ts';
import { ActionError } from './action-error.ts';
import { frozenIn } from './freeze.ts';

export interface MovePlan {
  readonly pid: number;
  /** The command's name, without control characters. */
  readonly comm: string;
  readonly startTime: number;
  readonly from: string;
  readonly to: NamedCgroup;
  readonly risks: readonly Risk[];
}

/** Throws ActionError where the kernel would refuse it. */
export function planMove(pid: number, to: NamedCgroup, context: PlanContext): MovePlan {
  const stat = readPidStat(pid);
  const from = cgroupOf(pid, context.files.root);
  if (!stat || from === undefined)
    throw new ActionError(`no process ${pid}: it has ended, or is in another PID namespace`);
  const comm = clean(stat.comm);
  if (isKernelThread(stat)) {
    throw new ActionError(`pid ${pid} (${comm}) is a kernel thread: only the root cgroup holds those`);
  }
  checkDestination(to, context.files);
  return { pid, comm, startTime: stat.starttime, from, to, risks: risksOf(pid, comm, from, to, context.files) };
}

export function moveProcess({ pid, comm, startTime, to }: MovePlan, files: CgroupFiles): void {
  if (startTimeOf(pid) !== startTime) throw new ActionError(`pid ${pid} (${comm}) has ended`);
  try {
    files.write(to.path, to.inode, 'cgroup.procs', String(pid));
  } catch (error) {
    if (!(error instanceof CgroupFileError)) throw error;
    throw new ActionError(`pid ${pid} (${comm}) could not be moved: ${error.message}`);
  }
  const now = cgroupOf(pid, files.root);
  if (now !== to.path) throw new ActionError(`pid ${pid} is in ${now ?? 'no cgroup: it has ended'}, not in ${to.path}`);
}

/** What the kernel would answer with EBUSY or EOPNOTSUPP. */
function checkDestination({ name, path }: NamedCgroup, files: CgroupFiles): void {
  if (path === '/') return;
  const type = parseCgroupType(files.read(path, 'cgroup.type'));
  if (type === 'threaded') {
    throw new ActionError(
      `${name} (${path}) is threaded: it takes threads of the processes in the domain above it, no processes; name that domain`,
    );
  }
  if (type === 'domain invalid') {
    throw new ActionError(
      `${name} (${path}) is "domain invalid": it is below a threaded cgroup and not threaded itself, so it takes no processes`,
    );
  }
  const handed = parseControllers(files.read(path, 'cgroup.subtree_control')).filter((name) =>
    DOMAIN_CONTROLLERS.has(name),
  );
  if (handed.length === 0 || type === 'domain threaded') return;
  const children = childrenOf(files.mount, path);
  const offer =
    children.length > 0
      ? `name one below it, as ${children.slice(0, 3).map(shellWord).join(', ')}`
      : `make one below it: mkdir ${shellWord(`${files.mount}${path}/leaf`)}`;
  throw new ActionError(
    `${name} (${path}) enables ${handed.join(', ')} for cgroups below it, so it may hold no processes itself (EBUSY, the no-internal-process rule); ${offer}`,
  );
}

function risksOf(pid: number, comm: string, from: string, { name, path }: NamedCgroup, files: CgroupFiles): Risk[] {
  const risks: Risk[] = [];
  const refuse = (text: string, remedy?: string): void => {
    risks.push({ level: 'refuse', text, ...(remedy ? { remedy } : {}) });
  };
  if (pid === 1) refuse('pid 1 is the init of this machine, which every other process depends on');
  const leaves = engineIn(subtree(files, from));
  if (leaves && from !== '/') refuse(`${leaves} in ${from}, and pid ${pid} (${comm}) is part of it`);
  const joins = path === '/' ? undefined : engineIn(subtree(files, path));
  if (joins) refuse(`${joins} in ${name} (${path})`);
  const frozen = frozenIn(files, [path, ...ancestorsOf(path)]);
  if (frozen)
    refuse(
      `${frozen} is frozen: pid ${pid} (${comm}) would stop at once`,
      `thaw it first: tscg thaw ${shellWord(frozen)}`,
    );
  if (/\.(service|scope)(\/|$)/.test(from)) {
    risks.push({
      level: 'warn',
      text: `systemd started pid ${pid} in ${from}: it no longer counts as part of that unit, and may be left over when it stops`,
    });
  }
  return risks;
}
