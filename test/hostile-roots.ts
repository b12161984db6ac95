/** Processes in mount and pid namespaces and a root of their own, whose /etc/passwd is laid out to lead root astray. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { temporaryFolder } from './temporary-folder.ts';

export interface HostileRoot {
  /** What its /etc/passwd is. */
  readonly kind: string;
  /** The process that has this root, as this host numbers it. */
  readonly pid: number;
  /** Name that its uid 0 has there, where the file tells one. */
  readonly name?: string;
}

export interface HostileRoots {
  readonly roots: readonly HostileRoot[];
  /** A file of the host that no container has. */
  readonly secret: string;
  /** Folder of all roots. */
  readonly folder: string;
}

/** Why there can be none here; undefined where there can. */
export function noHostileRoots(): string | undefined {
  if (process.geteuid?.() !== 0) return 'needs root, to give a process a root of its own';
  for (const tool of ['strace', 'perl', 'unshare']) {
    if (spawnSync('which', [tool]).status !== 0) return `${tool} is not installed`;
  }
  return undefined;
}

const MAKE: Readonly<Record<string, (passwd: string, secret: string) => void>> = {
  'a file': (passwd) => writeFileSync(passwd, 'insider:x:0:0::/:/bin/sh\n'),
  'a link within': (passwd) => {
    writeFileSync(join(passwd, '../users'), 'linked:x:0:0::/:/bin/sh\n');
    symlinkSync('/etc/users', passwd);
  },
  'a link to a file of the host': (passwd, secret) => symlinkSync(secret, passwd),
  'a link up and out': (passwd, secret) => symlinkSync(`../../../../../../../..${secret}`, passwd),
  'a magic link': (passwd) => symlinkSync('/proc/1/root/etc/users', passwd),
  '/dev/zero': (passwd) => symlinkSync('/dev/zero', passwd),
  'a device': (passwd) => void spawnSync('mknod', [passwd, 'c', '1', '5']),
  'a FIFO': (passwd) => void spawnSync('mkfifo', [passwd]),
  'a loop': (passwd) => symlinkSync('passwd', passwd),
  'a directory': (passwd) => mkdirSync(passwd),
  'a file of 5 GB': (passwd) => {
    writeFileSync(passwd, 'huge:x:0:0::/:/bin/sh\n');
    truncateSync(passwd, 5 * 1024 ** 3);
  },
};

const NAMES: Readonly<Record<string, string>> = { 'a file': 'insider', 'a link within': 'linked' };

/** It prints a line once its root is the folder. Its children's pid namespace begins with it. */
const IN_ROOT = 'chroot $ARGV[0] or die $!; chdir "/"; $| = 1; print "ready\\n"; sleep 1 while 1;';

/** `started`: with each pid, as to move it into a cgroup. */
export async function withHostileRoots(
  use: (hostile: HostileRoots) => Promise<void>,
  started: (root: HostileRoot) => void = () => undefined,
): Promise<void> {
  const folder = temporaryFolder();
  const children: ChildProcess[] = [];
  try {
    const secret = join(folder, 'secret');
    writeFileSync(secret, 'stolen:x:0:0::/:/bin/sh\n');
    const roots: HostileRoot[] = [];
    for (const [kind, make] of Object.entries(MAKE)) {
      const root = join(folder, String(roots.length));
      for (const path of ['etc', 'dev', 'proc']) mkdirSync(join(root, path), { recursive: true });
      make(join(root, 'etc/passwd'), secret);
      spawnSync('mknod', [join(root, 'dev/zero'), 'c', '1', '5']);
      const args = ['--mount', '--pid', '--fork', '--kill-child', 'perl', '-e', IN_ROOT, root];
      const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      await once(child.stdout, 'data');
      const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
      const name = NAMES[kind];
      const hostile = { kind, pid, ...(name === undefined ? {} : { name }) };
      started(hostile);
      roots.push(hostile);
    }
    await use({ roots, secret, folder });
  } finally {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    }
  }
}

export interface Traced {
  /** null where it hung and was killed. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What strace wrote. */
  readonly trace: string;
}

/** The guest is an emulated machine. */
const HANGS_MS = process.env.TSCG_GUEST ? 150_000 : 60_000;

/** strace of all threads, with the path of each descriptor. */
export const OPENS = ['-f', '--seccomp-bpf', '-y', '-e', 'trace=open,openat,openat2'];

/** Runs a command under strace, of which it shows the opens; killed with its whole group where it hangs. */
export async function traceOpens(
  folder: string,
  command: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Traced> {
  const file = join(folder, 'trace');
  const child = spawn('strace', [...OPENS, '-o', file, ...command], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env,
  });
  const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), HANGS_MS);
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  clearTimeout(timer);
  return { status, stdout, stderr, trace: readFileSync(file, 'utf8') };
}

/**
 * Lines of strace that opened something of these roots, or what they point to, in another way than beneath its root and
 * without O_PATH first.
 */
export function openedAmiss(trace: string, { folder, secret }: HostileRoots): string[] {
  const begun = new Map<string, string>();
  const calls = trace.split('\n').flatMap((line) => {
    const [, pid = '', start] = /^(\d+) +(.*) <unfinished \.\.\.>$/.exec(line) ?? [];
    if (start !== undefined) {
      begun.set(pid, start);
      return [];
    }
    const [, resumed = '', end] = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? [];
    return [end === undefined ? line : `${resumed} ${begun.get(resumed)}${end}`];
  });
  return calls.filter((line) => {
    const [, opened] = /= \d+<([^>]*)>$/.exec(line) ?? [];
    if (opened === undefined) return false;
    if (opened === secret || /^\/dev\/zero/.test(opened)) return true;
    if (!opened.startsWith(folder) || /O_PATH/.test(line)) return false;
    // The rest of the file that was found to be one, through our own descriptor of it.
    return !/"\/proc\/self\/fd\/\d+"/.test(line) || !/\/etc\/(passwd|users)$/.test(opened);
  });
}
