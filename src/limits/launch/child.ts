/** A command that waits, in its cgroup, until it may begin: by clone3 in the addon, else by a shell that execs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants as fsConstants, openSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { noRoomForTask } from '../../kernel/cgroup-room.ts';
import { codeOf } from '../../kernel/error-code.ts';
import { type LaunchSpec, type LaunchStep, loadNative, type Native } from '../../kernel/native.ts';
import { refusalText } from '../../kernel/refusals.ts';
import { shellWord } from '../../text/shell-word.ts';
import { ActionError } from '../actions/action-error.ts';
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
      const why = refusal(code, spec, files);
      if (why) throw new ActionError(why);
      // clone3 with a cgroup needs Linux 5.7, and some seccomp filters refuse it.
      if (!['ENOSYS', 'EINVAL', 'E2BIG', 'EPERM'].includes(code)) throw error;
    }
  }
  if (spec.namespaces !== 0 || spec.steps.length > 0) {
    throw new ActionError('namespaces need the addon and Linux 5.7 or later: see tscg doctor');
  }
  return shellChild(spec, files);
}

/** Why clone3 failed, with the remedy; undefined where another way may work, and where nothing more is known than the errno. */
function refusal(code: string, { namespaces, place }: ChildSpec, files: CgroupFiles): string | undefined {
  const wanted = namespaces === 0 ? '' : (namespaces & NAMESPACES.user) === 0 ? 'namespaces' : 'user namespaces';
  if (code === 'EPERM' && wanted === '') return undefined;
  const full = code === 'EAGAIN' && place ? noRoomForTask(files, place.path) : undefined;
  const why = full
    ? fullText(full, place)
    : refusalText({ operation: 'clone3', file: wanted, path: place?.path, code });
  return why === '' ? undefined : `the command cannot be started${place ? ` in ${place.path}` : ''}: ${code} (${why})`;
}

const fullText = (full: NonNullable<ReturnType<typeof noRoomForTask>>, place: Place | undefined): string => {
  const remedy =
    full.path === place?.path
      ? 'give a higher --pids'
      : `raise it: tscg set ${shellWord(full.path)} --pids ${full.max + 100}`;
  return `pids.max of ${full.path} is ${full.max}, and ${full.tasks} tasks are in it; ${remedy}`;
};

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
  const reason = refusalText({ operation: 'step', file: what, code });
  throw new LaunchError(`the namespaces could not be prepared: ${what}: ${code}${reason && ` (${reason})`}`, 125);
}

function notRun(file: string, code: string): LaunchError {
  const reason = refusalText({ operation: 'exec', code });
  const why = code === 'ENOENT' ? reason : `${code}${reason && ` (${reason})`}`;
  return new LaunchError(`cannot run "${file}": ${why}`, code === 'ENOENT' ? 127 : 126);
}

/** Looks a command up as the shell does; in another root the same names are tried there. */
function candidates(file: string): string[] {
  if (file.includes('/')) return [file];
  const path = process.env.PATH ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return path.split(':').map((directory) => join(directory || '.', file));
}

/** A shell that reads a line first: it is moved into the cgroup before it becomes the command. */
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
      // `exited` tells whether it is still there.
      go?.on('error', () => {});
      if (go && 'end' in go) go.end('go\n');
    },
  };
}

/** Throws CgroupFileError where the shell may not be moved; the shell is ended then. */
function move({ path, inode }: Place, child: ChildProcess, files: CgroupFiles): void {
  try {
    files.write(path, inode, 'cgroup.procs', String(child.pid));
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
