/** A new cgroup for a command, where nobody manages the hierarchy for us: made here, and removed at the end. */

import { accessSync, existsSync, constants as fsConstants, statSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { CgroupFileError, type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { noRoomForCgroup } from '../../kernel/cgroup-room.ts';
import { parseControllers } from '../../kernel/controllers.ts';
import { codeOf } from '../../kernel/error-code.ts';
import { makeCgroup, removeCgroup } from '../../kernel/make-cgroup.ts';
import { rightsRemedy } from '../../kernel/rights.ts';
import { childrenOf, subtree } from '../../kernel/subtree.ts';
import { ActionError } from '../actions/action-error.ts';
import { obstacleTo } from '../actions/controllers.ts';
import { killPlace } from '../actions/kill.ts';
import { LIMITS } from '../catalogue/catalogue.ts';
import { isUnset } from '../catalogue/limit.ts';
import type { NamedCgroup } from '../model.ts';

const { SIGKILL } = constants.signals;

export interface RunPlace extends NamedCgroup {
  /**
   * Controllers that were enabled for it, as `memory in /`; they are disabled when it is removed, where nobody else uses
   * them by then.
   */
  readonly enabled: readonly string[];
  /** Kills the processes that are left in it, and gives their number. */
  empty(): Promise<number>;
  remove(): Promise<void>;
}

/** Controllers whose figures the summary shows; it goes without those that cannot be enabled. */
const WELCOME = ['cpu', 'memory', 'io', 'pids'];

/**
 * `needed`: controllers of the limits. Throws ActionError where they cannot be had, CgroupFileError where no cgroup can be
 * made.
 */
export function makePlace(
  name: string,
  needed: readonly string[],
  ownPath: string | undefined,
  files: CgroupFiles,
): RunPlace {
  const parent = makeParent(ownPath, files);
  const path = `${parent}/${name}`;
  const done: Step[] = [];
  const clear = (): void => {
    // Other runs in the parent keep it, with these controllers.
    if (childrenOf(files.mount, parent).length === 0 && releaseParent(files, parent)) disable(done, files);
  };
  try {
    makeWithControllers(parent, path, needed, done, files);
    return {
      name,
      path,
      inode: files.inode(path),
      enabled: done.map(stepText),
      empty: async () => (await killPlace({ name, path, inode: files.inode(path) }, { signal: SIGKILL }, files)).killed,
      remove: async () => {
        for (const at of subtree(files, path).toReversed()) removeCgroup(files, at);
        clear();
      },
    };
  } catch (error) {
    clear();
    throw error;
  }
}

const MOST_ATTEMPTS = 10;

/** Another run that ends may remove the parent, which it shares with us: then it is made once more. */
function makeWithControllers(
  parent: string,
  path: string,
  needed: readonly string[],
  done: Step[],
  files: CgroupFiles,
): void {
  for (let attempt = 1; ; attempt++) {
    try {
      enable(stepsFor(parent, needed, files), done, files);
      makeCgroup(files, path);
      return;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') throw taken(path);
      if (existsSync(join(files.mount, parent)) || attempt === MOST_ATTEMPTS) throw error;
      makeIfMissing(files, parent);
      // Controllers that were enabled in the parent before went with it.
      done.splice(0, done.length, ...done.filter((step) => step.path !== parent));
    }
  }
}

/** Where makePlace would make it, and what it would switch on. Throws as that does. */
export function planPlace(
  name: string,
  needed: readonly string[],
  ownPath: string | undefined,
  files: CgroupFiles,
): Pick<RunPlace, 'path' | 'enabled'> {
  const base = basesOf(ownPath).find((candidate) => mayMake(files, candidate));
  if (base === undefined) throw notPermitted(files);
  const parent = `${base}/tscg`;
  const path = `${parent}/${name}`;
  if (existsSync(join(files.mount, path))) throw taken(path);
  const full = noRoomForCgroup(files, existsSync(join(files.mount, parent)) ? parent : base || '/');
  if (full) throw new CgroupFileError('make', path, '', 'EAGAIN', full);
  return { path, enabled: stepsFor(parent, needed, files).map(stepText) };
}

/** `/tscg`; a user who may not make that gets a cgroup beside the own one, or below it. */
function makeParent(ownPath: string | undefined, files: CgroupFiles): string {
  for (const base of basesOf(ownPath)) {
    const parent = `${base}/tscg`;
    try {
      makeIfMissing(files, parent);
      return parent;
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error;
    }
  }
  throw notPermitted(files);
}

/** The sticky bit, which means nothing for a cgroup: it tells the folder that tscg made from one that the user made. */
const MADE_BY_US = 0o1000;

function makeIfMissing(files: CgroupFiles, parent: string): void {
  if (existsSync(join(files.mount, parent))) return;
  try {
    makeCgroup(files, parent, 0o755 | MADE_BY_US);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Removes the parent if tscg made it. False where somebody uses it meanwhile (EBUSY). */
function releaseParent(files: CgroupFiles, parent: string): boolean {
  try {
    if ((statSync(join(files.mount, parent)).mode & MADE_BY_US) !== 0) removeCgroup(files, parent);
    return true;
  } catch {
    return false;
  }
}

function basesOf(own = '/'): string[] {
  const beside = own.slice(0, own.lastIndexOf('/'));
  return [...new Set(['', beside, own === '/' ? '' : own])];
}

function mayMake({ mount }: CgroupFiles, base: string): boolean {
  const parent = join(mount, `${base}/tscg`);
  try {
    accessSync(existsSync(parent) ? parent : dirname(parent), fsConstants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const notPermitted = ({ mount }: CgroupFiles): ActionError =>
  new ActionError(`no cgroup can be made below ${mount}: ${rightsRemedy('in a cgroup delegated to you')}`);

const taken = (path: string): ActionError => new ActionError(`${path} exists already: give another --name`);

/** A controller that a cgroup has to enable for its children. */
interface Step {
  readonly controller: string;
  readonly path: string;
  /** A limit needs it; otherwise only the summary does. */
  readonly isNeeded: boolean;
}

const stepText = ({ controller, path }: Step): string => `${controller} in ${path}`;

const SUBTREE_CONTROL = 'cgroup.subtree_control';

/** From the root down, so that the children of `parent`, which need not be there yet, have them. */
function stepsFor(parent: string, needed: readonly string[], files: CgroupFiles): Step[] {
  const known = parseControllers(files.read('/', 'cgroup.controllers'));
  return [...new Set([...needed, ...WELCOME])].flatMap((controller) => {
    const isNeeded = needed.includes(controller);
    if (isNeeded && !known.includes(controller)) {
      throw new ActionError(
        `there is no ${controller} controller in this hierarchy (the kernel lacks it, or cgroup v1 has it): that limit cannot be set; see tscg doctor`,
      );
    }
    if (!known.includes(controller)) return [];
    const lacking = [parent, ...ancestorsOf(parent)]
      .toReversed()
      .filter((path) => !parseControllers(textIfThere(files, path, SUBTREE_CONTROL) ?? '').includes(controller));
    const obstacle = lacking.map((path) => obstacleTo({ name: path, path }, [controller], files)).find(Boolean);
    if (obstacle && isNeeded)
      throw new ActionError(`${controller} is not switched on: ${obstacle.text}; ${obstacle.remedy}`);
    return obstacle ? [] : lacking.map((path) => ({ controller, path, isNeeded }));
  });
}

/** Throws ActionError where a limit cannot be had; what was switched on for it by then is in `done`. */
function enable(steps: readonly Step[], done: Step[], files: CgroupFiles): void {
  const stopped = new Set<string>();
  for (const step of steps) {
    const { controller, path, isNeeded } = step;
    if (stopped.has(controller)) continue;
    try {
      files.write(path, files.inode(path), SUBTREE_CONTROL, `+${controller}`);
      done.push(step);
    } catch (error) {
      if (!(error instanceof CgroupFileError)) throw error;
      if (isNeeded) throw new ActionError(`${path} cannot enable ${controller} for its children: ${error.message}`);
      stopped.add(controller);
    }
  }
}

/** Disables from the lowest cgroup up, once our own cgroup is gone. A controller that others use by now stays. */
function disable(done: readonly Step[], files: CgroupFiles): void {
  for (const { controller, path } of done.toReversed()) {
    if (childrenOf(files.mount, path).some((child) => isLimited(child, controller, files))) continue;
    try {
      files.write(path, files.inode(path), SUBTREE_CONTROL, `-${controller}`);
    } catch (error) {
      // EBUSY: a child enables it for its own children. ENOENT: the cgroup went with its last child.
      if (!(error instanceof CgroupFileError)) throw error;
    }
  }
}

/** Whether a limit of the controller is set, which would be gone with its file. */
const isLimited = (path: string, controller: string, files: CgroupFiles): boolean =>
  LIMITS.some((limit) => {
    if (limit.controller !== controller) return false;
    const text = textIfThere(files, path, limit.file);
    return text !== undefined && !isUnset(text, limit);
  });
