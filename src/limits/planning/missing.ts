/**
 * Why a cgroup does not have the file of a limit: which ancestor does not pass the controller on, and the command that
 * helps.
 */

import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { hasProcs, parseCgroupType } from '../../kernel/cgroup-type.ts';
import { parseControllers } from '../../kernel/controllers.ts';
import { interfaceFile } from '../../kernel/interface-files.ts';
import { shellWord } from '../../text/shell-word.ts';
import type { Limit } from '../model.ts';

/** The limit cannot be set, for the cgroup has no such file. */
export class NoSuchLimitError extends Error {
  override readonly name = 'NoSuchLimitError';
}

/** Undefined where the cgroup itself is not there. */
export function whyMissing(path: string, limit: Limit, files: CgroupFiles): string | undefined {
  const { file, controller, isOfProcesses } = limit;
  if (interfaceFile(file)?.root === 'only') return ofRootOnly(path, limit, files);
  if (path === '/') return `the root cgroup has no ${file}; name a cgroup below it`;
  if (textIfThere(files, path, 'cgroup.type') === undefined) return undefined;
  const type = parseCgroupType(textIfThere(files, path, 'cgroup.type') ?? '');
  if (type !== undefined && !hasProcs(type) && isOfProcesses) {
    return `${path} is "${type}": ${controller} counts whole processes and has no limits among threads; name ${domainOf(path, files)}`;
  }
  for (const ancestor of ancestorsOf(path).toReversed()) {
    const [has, gives] = ['cgroup.controllers', 'cgroup.subtree_control'].map((name) =>
      parseControllers(textIfThere(files, ancestor, name) ?? ''),
    );
    if (ancestor === '/' && !has?.includes(controller)) return notOfMachine(controller);
    if (gives?.includes(controller)) continue;
    return `${path} has no ${controller} limits: the cgroup.subtree_control of ${ancestor} lacks ${controller}; ${remedy(ancestor, limit, files)}`;
  }
  return notOfKernel(limit);
}

/**
 * Why a file that only the machine's root cgroup has is missing. The root of a cgroup namespace has a cgroup.type; the
 * machine's has none.
 */
function ofRootOnly(path: string, limit: Limit, files: CgroupFiles): string {
  const { file, controller } = limit;
  const read = (name: string): string | undefined => textIfThere(files, '/', name);
  const home = `${file} is set for the whole machine, in the root cgroup`;
  if (read(file) !== undefined) return `${home}; name / instead of ${path}`;
  if (read('cgroup.type') !== undefined)
    return `${home}, which is outside of this cgroup namespace: run it on the host`;
  return parseControllers(read('cgroup.controllers') ?? '').includes(controller)
    ? notOfKernel(limit)
    : notOfMachine(controller);
}

const notOfMachine = (controller: string): string =>
  `this machine has no ${controller} controller for cgroup v2: its kernel lacks it, disables it (cgroup_enable=${controller} on the kernel's command line) or gives it to cgroup v1; tscg doctor tells which, and what helps`;

function notOfKernel({ file, needs }: Limit): string {
  const known = interfaceFile(file);
  const wanted = [...(known ? [`Linux ${known.since} or later`] : []), ...(needs ? [needs] : [])];
  return `this kernel has no ${file}${wanted.length > 0 ? `; it needs ${wanted.join(' and ')}` : ''}`;
}

function remedy(ancestor: string, { controller, isOfProcesses }: Limit, files: CgroupFiles): string {
  if (/\/user@\d+\.service/.test(ancestor) || /\/user-\d+\.slice$/.test(ancestor))
    return `to delegate it to users: systemctl edit user@.service, and add [Service] Delegate=cpu cpuset io memory pids`;
  const command = `tscg controllers ${shellWord(ancestor)} +${controller}`;
  const populated = ancestor !== '/' && (textIfThere(files, ancestor, 'cgroup.procs') ?? '') !== '';
  if (!populated) return `enable it: ${command}`;
  return isOfProcesses
    ? `move its own processes into a child first, as the kernel allows none beside enabled controllers; then: ${command}`
    : `move its own processes into a child first, or enabling it makes ${ancestor} "domain threaded"; then: ${command}`;
}

/** The nearest ancestor that is a whole domain again. */
const domainOf = (path: string, files: CgroupFiles): string =>
  ancestorsOf(path).find((ancestor) => {
    const type = parseCgroupType(textIfThere(files, ancestor, 'cgroup.type') ?? 'domain');
    return type !== undefined && hasProcs(type);
  }) ?? '/';
