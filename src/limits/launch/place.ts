/** A new cgroup for a command, where nobody manages the hierarchy for us: made here, and removed at the end. */
import { mkdirSync, rmdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { CgroupFileError, type CgroupFiles } from '../../kernel/cgroup-files.ts';
import { ActionError, codeOf } from '../actions/action-error.ts';
import { controllerLevels, DOMAIN_CONTROLLERS } from '../actions/controllers.ts';
import { kill } from '../actions/kill.ts';
import { processesIn, subtree } from '../actions/subtree.ts';

const { SIGKILL } = constants.signals;

export interface RunPlace {
  readonly name: string;
  readonly path: string;
  readonly inode: number;
  /** What had to be switched on for it, as `memory in /`. */
  readonly enabled: readonly string[];
  /** Ends what is left in it; how many that were. */
  empty(): Promise<number>;
  remove(): Promise<void>;
}

/** For the summary, where it can be had. */
const WELCOME = ['cpu', 'memory', 'io', 'pids'];

/** `needed`: controllers of the limits. Throws ActionError where they cannot be had, or no cgroup can be made. */
export function makePlace(
  name: string,
  needed: readonly string[],
  ownPath: string | undefined,
  files: CgroupFiles,
): RunPlace {
  const parent = makeParent(ownPath, files);
  const path = `${parent}/${name}`;
  try {
    const enabled = enable(parent, needed, files);
    make(files, path);
    return {
      name,
      path,
      inode: files.inode(path),
      enabled,
      empty: async () => (await kill({ name, path, inode: files.inode(path) }, { signal: SIGKILL }, files)).killed,
      remove: async () => {
        for (const at of subtree(files, path).toReversed()) rmdirSync(join(files.mount, at));
        removeIfEmpty(files, parent);
      },
    };
  } catch (error) {
    removeIfEmpty(files, parent);
    throw error;
  }
}

/** `/tscg`; for who may not make that, beside the cgroup that he is in, or below it. */
function makeParent(ownPath: string | undefined, files: CgroupFiles): string {
  const own = ownPath ?? '/';
  const beside = own.slice(0, own.lastIndexOf('/'));
  const bases = [...new Set(['', beside, own === '/' ? '' : own])];
  for (const base of bases) {
    try {
      mkdirSync(join(files.mount, `${base}/tscg`), { recursive: true });
      return `${base}/tscg`;
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error;
    }
  }
  throw new ActionError(
    `no cgroup can be made below ${files.mount} (not permitted): run it with sudo, or in a cgroup delegated to you`,
  );
}

function make(files: CgroupFiles, path: string): void {
  try {
    mkdirSync(join(files.mount, path));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new ActionError(`${path} exists already: give another --name`);
    if (codeOf(error) === 'EAGAIN') throw new ActionError(`${path}: no more cgroups are allowed there (cgroup.max.*)`);
    throw error;
  }
}

/** From the root down, so that the children of `parent` have them. */
function enable(parent: string, needed: readonly string[], files: CgroupFiles): string[] {
  const enabled: string[] = [];
  const known = controllerLevels('/', files)[0]?.available ?? [];
  for (const controller of new Set([...needed, ...WELCOME])) {
    const isNeeded = needed.includes(controller);
    if (!known.includes(controller)) {
      if (!isNeeded) continue;
      throw new ActionError(
        `there is no ${controller} controller in this hierarchy (the kernel lacks it, or cgroup v1 has it): that limit cannot be set; see tscg doctor`,
      );
    }
    for (const level of controllerLevels(parent, files)) {
      if (level.enabled.includes(controller)) continue;
      try {
        files.write(level.path, files.inode(level.path), 'cgroup.subtree_control', `+${controller}`);
        enabled.push(`${controller} in ${level.path}`);
      } catch (error) {
        if (!(error instanceof CgroupFileError)) throw error;
        if (isNeeded) throw new ActionError(cannotEnable(controller, level.path, error, files));
        break;
      }
    }
  }
  return enabled;
}

function cannotEnable(controller: string, path: string, error: CgroupFileError, files: CgroupFiles): string {
  const { pids, foreign } = processesIn(files, path);
  const isInternal = error.code === 'EBUSY' && DOMAIN_CONTROLLERS.has(controller);
  return isInternal
    ? `${controller} cannot be handed on by ${path}: it has ${pids.length + foreign} processes of its own, and a cgroup may not have both (the no-internal-process rule); see tscg controllers ${path}`
    : `${controller} cannot be handed on by ${path}: ${error.message}`;
}

/** Others may run in it. */
function removeIfEmpty(files: CgroupFiles, parent: string): void {
  try {
    rmdirSync(join(files.mount, parent));
  } catch {
    // EBUSY, ENOTEMPTY
  }
}
