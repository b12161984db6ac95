/** A command that waits, in its cgroup, until it may begin: by clone3 in the addon, else by a shell that execs. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants as fsConstants, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { type LaunchSpec, type LaunchStep, loadNative, type Native } from '../../kernel/native.ts';
import { ActionError, codeOf } from '../actions/action-error.ts';
import { NAMESPACES } from './namespaces.ts';
import type { RunPlace } from './place.ts';

export interface Exit {
  readonly code: number;
  /** Number of the signal that ended it; 0 for none. */
  readonly signal: number;
}

export interface HeldChild {
  readonly pid: number;
  /** Lets it run. Throws LaunchError where it could not. */
  release(): Promise<void>;
  readonly exited: Promise<Exit>;
}

/** The command could not be run: `code` is 127 where there is none, 126 where it may not be run, else 125. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
  readonly code: 125 | 126 | 127;

  constructor(message: string, code: 125 | 126 | 127) {
    super(message);
    this.code = code;
  }
}

type Place = Pick<RunPlace, 'path' | 'inode'>;

export interface ChildSpec {
  readonly command: readonly string[];
  /** Where it begins; undefined: in our cgroup. */
  readonly place: Place | undefined;
  readonly namespaces: number;
  readonly steps: readonly LaunchStep[];
}

export function holdChild(spec: ChildSpec, files: CgroupFiles): HeldChild {
  const { native } = loadNative();
  if (native) {
    try {
      return nativeChild(native, spec, files);
    } catch (error) {
      const code = codeOf(error) ?? '';
      const why = refusal(code, spec);
      if (why) throw new ActionError(why);
      // Before Linux 5.7, and under some seccomp filters, it does not work.
      if (!['ENOSYS', 'EINVAL', 'E2BIG', 'EPERM'].includes(code)) throw error;
    }
  }
  if (spec.namespaces !== 0 || spec.steps.length > 0) {
    throw new ActionError('namespaces need the addon and Linux 5.7 or later: see tscg doctor');
  }
  return shellChild(spec, files);
}

/** What clone3 has against it, and the remedy; undefined where another way may do, or for what nobody can say more of. */
function refusal(code: string, { namespaces, place }: ChildSpec): string | undefined {
  if (code === 'EAGAIN') return 'the limit of tasks leaves no room for the command itself (pids.max)';
  if (code === 'EACCES' && place) return notMoved(place.path, code);
  if (namespaces === 0) return undefined;
  if (code === 'ENOSPC' || code === 'EUSERS') {
    return `no more namespaces of these kinds may be made here (${code}): see /proc/sys/user/max_*_namespaces`;
  }
  if (code !== 'EPERM') return undefined;
  return (namespaces & NAMESPACES.user) === 0
    ? 'these namespaces are not permitted (EPERM): run it with sudo, or add --user'
    : 'user namespaces are switched off for who is not root (EPERM; kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns): run it with sudo';
}

const notMoved = (path: string, code: string): string =>
  `the command may not be put into ${path} (${code}; cgroup.procs of the cgroup that holds it and us is not yours): run it with sudo, or from within a cgroup delegated to you`;

function nativeChild(native: Native, { command, place, namespaces, steps }: ChildSpec, files: CgroupFiles): HeldChild {
  const [file = ''] = command;
  const spec: LaunchSpec = {
    files: candidates(file),
    arguments: command,
    cgroup: place ? openSync(join(files.mount, place.path), fsConstants.O_RDONLY | fsConstants.O_DIRECTORY) : -1,
    namespaces,
    steps,
  };
  try {
    let onExit: (exit: Exit) => void = () => {};
    // The addon's watch does not keep the process alive; the command must.
    const alive = setInterval(() => {}, 2 ** 30);
    const exited = new Promise<Exit>((resolve) => {
      onExit = resolve;
    });
    const stopWaiting = (): void => clearInterval(alive);
    exited.then(stopWaiting);
    try {
      const child = native.launch(spec, (code, signal) => onExit({ code, signal }));
      return { pid: child.pid, exited, release: async () => released(await child.release(), file, steps) };
    } catch (error) {
      stopWaiting();
      throw error;
    }
  } finally {
    if (spec.cgroup >= 0) closeSync(spec.cgroup);
  }
}

function released(failure: { step: number; error: Error } | null, file: string, steps: readonly LaunchStep[]): void {
  if (!failure) return;
  const step = steps[failure.step];
  const code = codeOf(failure.error) ?? failure.error.message;
  if (!step) throw notRun(file, code);
  const what = [step.call, step.type, step.source, step.target].filter((word) => word).join(' ');
  throw new LaunchError(`could not prepare the namespaces: ${what}: ${code}`, 125);
}

const notRun = (file: string, code: string): LaunchError =>
  new LaunchError(
    `cannot run "${file}": ${code === 'ENOENT' ? 'no such command' : code}`,
    code === 'ENOENT' ? 127 : 126,
  );

/** As the shell looks for it; in another root the same names are tried there. */
function candidates(file: string): string[] {
  if (file.includes('/')) return [file];
  const path = process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return path.split(':').map((directory) => join(directory || '.', file));
}

/** The shell reads a line first, so that it can be moved before it becomes the command. */
function shellChild({ command, place }: ChildSpec, files: CgroupFiles): HeldChild {
  const [file = ''] = command;
  const child = spawn('/bin/sh', ['-c', 'read -r go <&3 || exit 125; exec 3<&- "$@"', 'tscg-run', ...command], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
  const exited = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code: code ?? 0, signal: signal ? constants.signals[signal] : 0 }));
  });
  const { pid } = child;
  if (pid === undefined) throw notRun(file, '/bin/sh cannot be started');
  return {
    pid,
    exited,
    release: async () => {
      if (place) move(place, child, files);
      const go = child.stdio[3];
      // Whether it is still there, `exited` tells.
      go?.on('error', () => {});
      if (go && 'end' in go) go.end('go\n');
    },
  };
}

/** Throws where it may not be moved; it is ended then. */
function move({ path, inode }: Place, child: ChildProcess, files: CgroupFiles): void {
  try {
    files.write(path, inode, 'cgroup.procs', String(child.pid));
  } catch (error) {
    child.kill('SIGKILL');
    const code = codeOf(error);
    throw code === 'EACCES' || code === 'EPERM' ? new ActionError(notMoved(path, code)) : error;
  }
}
