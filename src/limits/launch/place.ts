/** A new cgroup for a command, where nobody manages the hierarchy for us: made here, and removed at the end. */
import { accessSync, existsSync, constants as fsConstants, mkdirSync, rmdirSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { CgroupFileError, type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import { ActionError, codeOf } from '../actions/action-error.ts';
import { DOMAIN_CONTROLLERS, words } from '../actions/controllers.ts';
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

/** Where makePlace would make it, and what it would switch on. Throws as that does. */
export function planPlace(
  name: string,
  needed: readonly string[],
  ownPath: string | undefined,
  files: CgroupFiles,
): Pick<RunPlace, 'path' | 'enabled'> {
  const base = basesOf(ownPath).find((candidate) => mayMake(files, candidate));
  if (base === undefined) throw notPermitted(files);
  const path = `${base}/tscg/${name}`;
  if (existsSync(join(files.mount, path))) throw taken(path);
  return { path, enabled: stepsFor(`${base}/tscg`, needed, files).map(stepText) };
}

/** `/tscg`; for who may not make that, beside the cgroup that he is in, or below it. */
function makeParent(ownPath: string | undefined, files: CgroupFiles): string {
  for (const base of basesOf(ownPath)) {
    try {
      mkdirSync(join(files.mount, `${base}/tscg`), { recursive: true });
      return `${base}/tscg`;
    } catch (error) {
      if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error;
    }
  }
  throw notPermitted(files);
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
  new ActionError(
    `no cgroup can be made below ${mount} (not permitted): run it with sudo, or in a cgroup delegated to you`,
  );

const taken = (path: string): ActionError => new ActionError(`${path} exists already: give another --name`);

function make(files: CgroupFiles, path: string): void {
  try {
    mkdirSync(join(files.mount, path));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw taken(path);
    if (codeOf(error) === 'EAGAIN') throw new ActionError(`${path}: no more cgroups are allowed there (cgroup.max.*)`);
    throw error;
  }
}

/** A controller that a cgroup has to hand on. */
interface Step {
  readonly controller: string;
  readonly path: string;
  /** A limit needs it; else it is welcome. */
  readonly isNeeded: boolean;
}

const stepText = ({ controller, path }: Step): string => `${controller} in ${path}`;

/** From the root down, so that the children of `parent`, which need not be there yet, have them. */
function stepsFor(parent: string, needed: readonly string[], files: CgroupFiles): Step[] {
  const known = words(files.read('/', 'cgroup.controllers'));
  return [...new Set([...needed, ...WELCOME])].flatMap((controller) => {
    const isNeeded = needed.includes(controller);
    if (isNeeded && !known.includes(controller)) {
      throw new ActionError(
        `there is no ${controller} controller in this hierarchy (the kernel lacks it, or cgroup v1 has it): that limit cannot be set; see tscg doctor`,
      );
    }
    if (!known.includes(controller)) return [];
    return [parent, ...ancestorsOf(parent)]
      .toReversed()
      .filter((path) => !words(textIfThere(files, path, 'cgroup.subtree_control') ?? '').includes(controller))
      .map((path) => ({ controller, path, isNeeded }));
  });
}

function enable(parent: string, needed: readonly string[], files: CgroupFiles): string[] {
  const enabled: string[] = [];
  const stopped = new Set<string>();
  for (const step of stepsFor(parent, needed, files)) {
    const { controller, path, isNeeded } = step;
    if (stopped.has(controller)) continue;
    try {
      files.write(path, files.inode(path), 'cgroup.subtree_control', `+${controller}`);
      enabled.push(stepText(step));
    } catch (error) {
      if (!(error instanceof CgroupFileError)) throw error;
      if (isNeeded) throw new ActionError(cannotEnable(controller, path, error, files));
      stopped.add(controller);
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
