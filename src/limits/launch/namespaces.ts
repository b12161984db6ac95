/** What `unshare`, and a container's root, are made of: flags for clone3 and the steps that follow in the child. */

import { existsSync, lstatSync, mkdtempSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { codeOf } from '../../kernel/error-code.ts';
import type { LaunchStep } from '../../kernel/native.ts';
import { refusalText } from '../../kernel/refusals.ts';
import { ActionError } from '../actions/action-error.ts';
import { BadValueError } from '../catalogue/units.ts';

/** CLONE_NEW* by name, as unshare calls them. */
export const NAMESPACES = {
  pid: 0x20000000,
  mount: 0x00020000,
  net: 0x40000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  user: 0x10000000,
  cgroup: 0x02000000,
  time: 0x00000080,
} as const;
export type UnsharedKind = keyof typeof NAMESPACES;

export const NAMESPACE_NAMES = [
  'pid',
  'mount',
  'net',
  'uts',
  'ipc',
  'user',
  'cgroup',
  'time',
] as const satisfies readonly UnsharedKind[];

const MS_BIND = 4096;
const MS_REC = 16384;
const MS_PRIVATE = 1 << 18;
const MS_NOSUID = 2;
const MS_NODEV = 4;
const MS_NOEXEC = 8;

export interface Isolation {
  readonly namespaces: ReadonlySet<UnsharedKind>;
  /** Folder that becomes its root. */
  readonly rootfs?: string;
  /** Folders that its root is laid over, the topmost first; what it writes is gone at the end. */
  readonly overlay?: readonly string[];
  readonly hostname: string;
  /** Where cgroup2 is mounted. */
  readonly mount: string;
}

export interface Prepared {
  /** For clone3. */
  readonly flags: number;
  readonly steps: readonly LaunchStep[];
  /** What the parent does while the child waits. */
  map(pid: number): void;
  /** Removes what was made for it, once it has ended. */
  clear(): void;
}

/**
 * What was asked, completed: folders are absolute, and a root of its own has the mount namespace that it needs. Throws
 * BadValueError for a folder that is none, ActionError for a namespace that the kernel does not have.
 */
export function checkedIsolation({ namespaces, rootfs, overlay, ...rest }: Isolation): Isolation {
  const ownRoot = rootfs !== undefined || overlay !== undefined;
  const wanted = NAMESPACE_NAMES.filter((name) => namespaces.has(name) || (ownRoot && name === 'mount'));
  checkKernel(wanted);
  return {
    ...rest,
    namespaces: new Set(wanted),
    ...(rootfs === undefined ? {} : { rootfs: folder(rootfs) }),
    ...(overlay === undefined ? {} : { overlay: overlay.map(folder) }),
  };
}

/** `own`: our own namespaces, of which there is one of each kind that the kernel is built with. */
export function checkKernel(wanted: readonly UnsharedKind[], own = '/proc/self/ns'): void {
  const lacking = wanted.find((name) => !existsSync(join(own, name === 'mount' ? 'mnt' : name)));
  if (!lacking || !existsSync(own)) return;
  throw new ActionError(
    `this kernel has no ${lacking} namespaces: it is older than they are, or built without CONFIG_${lacking.toUpperCase()}_NS`,
  );
}

/** Throws as checkedIsolation does. */
export function prepare(isolation: Isolation): Prepared {
  const { namespaces, rootfs: bottom, overlay: lowers, hostname, mount } = checkedIsolation(isolation);
  const has = (name: UnsharedKind): boolean => namespaces.has(name);
  const isolated = has('mount');
  const scratch = lowers ? mkdtempSync(join(tmpdir(), 'tscg-run-')) : undefined;
  const root = scratch ? join(scratch, 'root') : bottom;
  const made = bottom === undefined ? [] : ROOT_FOLDERS.map((name) => join(bottom, name)).filter(isMissing);
  const steps: LaunchStep[] = [];
  // clone3 would make the cgroup we are in its root; once the child is in its own, that one is.
  if (has('cgroup')) steps.push({ call: 'unshare', flags: NAMESPACES.cgroup });
  if (isolated) steps.push({ call: 'mount', source: 'none', target: '/', flags: MS_REC | MS_PRIVATE });
  if (scratch && lowers) steps.push(...overlaySteps(scratch, lowers));
  else if (root) steps.push({ call: 'mount', source: root, target: root, flags: MS_BIND | MS_REC });
  if (root) steps.push(...rootSteps(root, has('pid')));
  else if (isolated && has('pid')) steps.push(procSteps('/proc'));
  if (isolated && has('cgroup')) steps.push(...cgroupSteps(root ? join(root, 'sys/fs/cgroup') : mount, has('user')));
  if (has('uts')) steps.push({ call: 'hostname', target: hostname });
  if (has('net')) steps.push({ call: 'loopback', optional: true });
  if (root) steps.push({ call: 'pivot', target: root });

  const wanted = new Set(namespaces);
  wanted.delete('cgroup');
  let flags = 0;
  for (const name of wanted) flags += NAMESPACES[name];
  return {
    flags,
    steps,
    map: (pid) => {
      if (!has('user')) return;
      mapIds(pid, 'setgroups', 'deny');
      mapIds(pid, 'uid_map', `0 ${process.geteuid?.() ?? 0} 1`);
      mapIds(pid, 'gid_map', `0 ${process.getegid?.() ?? 0} 1`);
    },
    clear: () => {
      if (scratch) rmdirSync(scratch);
      if (bottom !== undefined && !isSomebodysRoot(bottom)) for (const path of made) removeIfEmpty(path);
    },
  };
}

function mapIds(pid: number, file: string, text: string): void {
  try {
    writeFileSync(`/proc/${pid}/${file}`, text);
  } catch (error) {
    const code = codeOf(error) ?? String(error);
    const reason = refusalText({ operation: 'map', file, code });
    throw new ActionError(`write "${text}" to /proc/${pid}/${file}: ${code}${reason && ` (${reason})`}`);
  }
}

function folder(path: string): string {
  // An empty name would be the current directory.
  if (path === '') throw new BadValueError('"" is no folder: --rootfs and --overlay take names of folders');
  const absolute = resolve(path);
  if (!statSync(absolute, { throwIfNoEntry: false })?.isDirectory()) throw new BadValueError(`"${path}" is no folder`);
  if (/[:,\\]/.test(absolute)) throw new BadValueError(`"${path}": a path with ":", "," or "\\" cannot be laid over`);
  return absolute;
}

const isMissing = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) === undefined;

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // The folder was never made, or the command has put something there.
  }
}

/** To remove a folder removes what others have mounted on it, in their namespaces too. */
function isSomebodysRoot(folder: string): boolean {
  const own = statSync(folder, { throwIfNoEntry: false });
  return readdirSync('/proc').some((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const root = statSync(`/proc/${pid}/root`);
      return root.dev === own?.dev && root.ino === own.ino;
    } catch {
      return false;
    }
  });
}

/** The tmpfs is seen in the child's mount namespace only, and goes with it. */
const overlaySteps = (scratch: string, lowers: readonly string[]): LaunchStep[] => [
  { call: 'mount', source: 'tmpfs', target: scratch, type: 'tmpfs', data: 'mode=755' },
  ...['upper', 'work', 'root'].map((name): LaunchStep => ({ call: 'mkdir', target: join(scratch, name) })),
  {
    call: 'mount',
    source: 'overlay',
    target: join(scratch, 'root'),
    type: 'overlay',
    data: `lowerdir=${lowers.join(':')},upperdir=${join(scratch, 'upper')},workdir=${join(scratch, 'work')}`,
  },
];

const procSteps = (target: string): LaunchStep => ({
  call: 'mount',
  source: 'proc',
  target,
  type: 'proc',
  flags: MS_NOSUID | MS_NODEV | MS_NOEXEC,
});

/**
 * Its own cgroup as the root of the hierarchy. The same file system cannot be mounted on itself (EBUSY), hence one
 * between the two. In a user namespace the kernel may not let it be mounted: the machine's stays.
 */
function cgroupSteps(target: string, inUserNamespace: boolean): LaunchStep[] {
  const flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  const between: LaunchStep = { call: 'mount', source: 'tmpfs', target, type: 'tmpfs', flags, optional: true };
  const own: LaunchStep = { call: 'mount', source: 'cgroup2', target, type: 'cgroup2', flags, optional: true };
  return inUserNamespace ? [own] : [between, own];
}

const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];

/** Folders that are made in a root that lacks them. */
export const ROOT_FOLDERS = ['dev', 'proc', 'sys', 'tmp'] as const;

/** What a program expects beside its files. A root that cannot be written does not get it. */
function rootSteps(root: string, ownPids: boolean): LaunchStep[] {
  const at = (path: string): string => join(root, path);
  const mkdir = (path: string): LaunchStep => ({ call: 'mkdir', target: at(path), optional: true });
  const bind = (path: string): LaunchStep => ({
    call: 'mount',
    source: `/${path}`,
    target: at(path),
    flags: MS_BIND | MS_REC,
    optional: true,
  });
  return [
    ...ROOT_FOLDERS.map(mkdir),
    ownPids ? procSteps(at('proc')) : bind('proc'),
    bind('sys'),
    {
      call: 'mount',
      source: 'tmpfs',
      target: at('dev'),
      type: 'tmpfs',
      flags: MS_NOSUID,
      data: 'mode=755',
      optional: true,
    },
    ...DEVICES.flatMap((name): LaunchStep[] => [
      { call: 'touch', target: at(`dev/${name}`), optional: true },
      bind(`dev/${name}`),
    ]),
    mkdir('dev/pts'),
    bind('dev/pts'),
    { call: 'symlink', source: '/proc/self/fd', target: at('dev/fd'), optional: true },
    { call: 'symlink', source: 'pts/ptmx', target: at('dev/ptmx'), optional: true },
  ];
}
