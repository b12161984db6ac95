/**
 * The addon's typed face: system calls that Node lacks and the hot loops. It is optional everywhere: where it could not
 * be built, `loadNative()` gives undefined with the reason, and the callers fall back or say what is lost.
 */

import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { errorText } from '../text/error-text.ts';
import type { FileSpec } from './collector.ts';

export interface NativeCollector {
  /**
   * One pass on a worker thread; throws when another is under way. What was added and removed since the last pass is
   * applied before it (removals first), so that no lock is needed. `skip`: other devices to leave out from now on.
   */
  collect(
    added: readonly { id: number; path: string }[],
    removed: readonly number[],
    ids: Uint32Array,
    masks: Uint32Array,
    sameTick: boolean,
    skip?: readonly string[],
  ): Promise<NativePass>;
  close(): void;
}

export interface NativePass {
  filePlaces: Int32Array;
  columnPlaces: Int32Array;
  values: Float64Array;
  errors: Uint8Array;
  times: Float64Array;
  states: Uint8Array;
  inodes: Float64Array;
  watched: Uint32Array;
  told: Uint32Array;
  reads: number;
  /** Kept after the pass: descriptors of files, and of directories with the mount. */
  openFiles: number;
  openDirectories: number;
}

export interface NativePsiTrigger {
  close(): void;
}

/** See ./waits-bpf.ts. */
export interface NativeWaits {
  /** On a worker thread, and once until detach(); `path` of its error is what libbpf said last. */
  attach(): Promise<void>;
  /** The programs stay loaded. */
  detach(): void;
  /** Ids of cgroups, at most 32. */
  watch(ids: Float64Array): void;
  /** `waits`: victim, runner, nanoseconds; `io`: cgroup, major, minor, operations, bytes, nanoseconds; of each. */
  read(): { waits: Float64Array; io: Float64Array; lost: number };
  close(): void;
}

export interface NativeInotify {
  /** Watches one directory; gives its watch number. Throws with `code` on failure (ENOSPC: max_user_watches). */
  add(path: string): number;
  remove(watch: number): void;
  close(): void;
}

/** A file that a sampler reads in each round, and the one number that it takes of it; NaN once it cannot be read. */
export interface SampledFile {
  path: string;
  /**
   * - `thread-state`: /proc/PID/task/TID/stat: the letter of the state + 256 × CPU + 2^24 × number of its wchan, which
   *   is looked up in state D only (`names` from 1; 0 where it may not be known)
   * - `runnable`: cgroup.threads: a bit for each CPU (of the first 52) on which one of its first threads is in state R;
   *   `key` is where procfs is
   * - `number`: the first one
   * - `flat`: that of a line `key number`
   * - `total`: that of `total=` in the line of a pressure file that begins with `key`
   */
  take: 'thread-state' | 'runnable' | 'number' | 'flat' | 'total';
  key?: string;
}

/** Rounds of one set of files: `values[round * files + file]`. */
export interface SampledRounds {
  /** CLOCK_MONOTONIC milliseconds. */
  times: Float64Array;
  values: Float64Array;
  names: string[];
  /** CPU that the sampler's thread used so far. */
  cpuMs: number;
}

export interface NativeSampler {
  /** Reads these files from now on; gives the rounds of those before. */
  follow(files: readonly SampledFile[]): SampledRounds;
  close(): void;
}

/** One system call that the child makes before it runs its command. */
export interface LaunchStep {
  call: 'mount' | 'mkdir' | 'touch' | 'symlink' | 'pivot' | 'hostname' | 'loopback' | 'unshare';
  /** What is mounted, or where a link points. */
  source?: string;
  /** Path, or the host name. */
  target?: string;
  /** Of the file system. */
  type?: string;
  flags?: number;
  data?: string;
  /** Its failure does not matter. */
  optional?: boolean;
}

export interface LaunchSpec {
  /** Paths of the program, tried in this order. */
  files: readonly string[];
  /** With the program's name first. */
  arguments: readonly string[];
  /** Descriptor of the cgroup's directory that it begins in; -1: ours. */
  cgroup: number;
  /** CLONE_NEW* flags. */
  namespaces: number;
  steps: readonly LaunchStep[];
}

export interface NativeChild {
  pid: number;
  /** Lets the child go on, once. Null when the command runs; else what failed (`step` = number of steps: the exec). */
  release(): Promise<{ step: number; error: Error } | null>;
}

export interface NamespaceInfo {
  /** `CLONE_NEW*` of its kind. */
  type: number;
  inode: number;
  /** Inode of the parent, for pid and user namespaces; null at the top of what may be seen, or for other kinds. */
  parent: number | null;
  /** Inode of the user namespace that owns it; null where it may not be seen. */
  owner: number | null;
  /** Uid of the creator, for user namespaces only. */
  ownerUid: number | null;
}

/** Functions that fail throw an Error with `code` (`ENOENT`), `errno` (positive), `syscall` and `path`. */
export interface Native {
  /**
   * From now on what is done `on a worker thread` here is done before the function returns, and its promise is kept already:
   * for a program that has nothing else to do meanwhile. To wake a thread takes longer than to read some files.
   */
  workOnThisThread(): void;
  /** On a worker thread: gives memory that was freed back to the kernel, also where it lies between what is in use. */
  trimMemory(): Promise<void>;
  createCollector(
    mount: string,
    files: readonly FileSpec[],
    budget: number,
    fileBudget: number,
    watches: number,
    skip: readonly string[],
  ): NativeCollector;
  /** Every directory of the hierarchy below (and with) `path`, parents first, with its inode; on a worker thread. */
  walk(mount: string, path: string): Promise<{ paths: string[]; inodes: Float64Array; hidden: number }>;
  /** Whole small files (procfs) in one trip to a worker thread: text, or the positive errno (EFBIG from 4 MiB on). */
  readFiles(paths: readonly string[]): Promise<(string | number)[]>;
  /** Gives a readFiles that keeps at most so many descriptors, of files that it is asked for again and again. */
  keepFiles(most: number): Native['readFiles'];
  /** poll(2): whether a write of PIPE_BUF bytes would neither wait nor fail. */
  isWritable(descriptor: number): boolean;
  /**
   * flock(2), which does not wait: false where another open file has a lock that goes against it. The lock is kept until the
   * descriptor is closed.
   */
  lockFile(descriptor: number, isShared: boolean): boolean;
  /**
   * openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV): a descriptor that the caller closes. A leading
   * `/` is the directory. Where there is no openat2 it goes step by step and follows no link at all.
   */
  openBeneath(directory: string, path: string, flags: number): number;
  /**
   * openat2(O_PATH, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS) from the directory `root`, on a worker thread: a descriptor
   * that the caller closes. `follow`: whether links are followed at all. ENOSYS where there is no openat2.
   */
  openInRoot(root: string, path: string, follow: boolean): Promise<number>;
  /** name_to_handle_at: the cgroup's 64-bit id. */
  cgroupId(path: string): bigint;
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /**
   * The links /proc/PID/ns/KIND, `kinds.length` a process: the inode, or the negative errno; on a worker thread.
   */
  namespaceInodes(proc: string, pids: Uint32Array, kinds: readonly string[]): Promise<Float64Array>;
  /** ioctl(NS_GET_*) on /proc/PID/ns links or nsfs mounts: what it tells, or the positive errno; on a worker thread. */
  namespaceInfo(paths: readonly string[]): Promise<(NamespaceInfo | number)[]>;
  /**
   * Calls back at most once a window; with an error once when the cgroup is gone, and is closed then. `trigger`:
   * `some 150000 2000000`; a window that is no multiple of 2 s needs CAP_SYS_RESOURCE (else EINVAL).
   */
  createPsiTrigger(path: string, trigger: string, onEvent: (error: Error | null) => void): NativePsiTrigger;
  /**
   * clone3: a child that waits until it is released. It has our environment, our descriptors 0, 1 and 2 and no other;
   * where it is never released it ends with us. Does not keep the process alive.
   */
  launch(spec: LaunchSpec, onExit: (code: number, signal: number) => void): NativeChild;
  /** IN_MODIFY of files in watched directories; `overflow` when the kernel dropped events (IN_Q_OVERFLOW). */
  createInotify(onEvent: (watch: number, name: string) => void, onOverflow: () => void): NativeInotify;
  /** connect(2) to a unix socket: false where the process that made its file has ended (ECONNREFUSED). */
  listens(path: string): boolean;
  /** Why libbpf.so.1 cannot be used; null where it can. */
  missingLibbpf(): string | null;
  /** Loads addon/bpf/waits.bpf.o, whose bytes are given, on a worker thread. `path` of its error is what libbpf said last. */
  openWaits(object: Uint8Array): Promise<NativeWaits>;
  /**
   * Reads files every so many milliseconds on a thread of its own; less often where that would take more than `share` of a
   * CPU, down to a tenth.
   */
  createSampler(everyMs: number, share: number): NativeSampler;
  /**
   * rtnetlink(7) requests (./route-netlink.ts), each with every message of its answer, asked in the network namespace
   * that the descriptor refers to (-1: our own) by a thread that ends with it. Rejects where it may not be entered.
   */
  routeNetlink(namespace: number, requests: readonly Uint8Array[]): Promise<Uint8Array[]>;
}

export type LoadedNative =
  | { readonly native: Native; readonly reason?: undefined }
  | { readonly native: undefined; readonly reason: string };

let loaded: LoadedNative | undefined;

/**
 * Loads the addon at the first call. `TSCG_NATIVE=off` leaves it out, so that everything runs on its fallback;
 * `TSCG_NATIVE=/path/to/tscg.node` takes that build of it.
 */
export function loadNative(): LoadedNative {
  const wanted = process.env.TSCG_NATIVE;
  if (loaded === undefined && wanted === 'off') loaded = without('switched off by TSCG_NATIVE=off');
  loaded ??= load(wanted?.startsWith('/') ? [{ name: wanted, find: () => wanted }] : PLACES);
  return loaded;
}

/** This file is two levels below the package's root, in src/ as in dist/. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Where the addon may be: `find` gives a path, or throws. */
interface Place {
  readonly name: string;
  readonly find: () => string;
}

const PLACES: readonly Place[] = [
  { name: `${ROOT}addon/build/Release/tscg.node`, find: () => `${ROOT}addon/build/Release/tscg.node` },
  { name: `${ROOT}prebuilds`, find: prebuilt },
];

function load(places: readonly Place[]): LoadedNative {
  const require = createRequire(import.meta.url);
  const failures: string[] = [];
  for (const { name, find } of places) {
    try {
      const addon: unknown = require(find());
      if (isNative(addon)) return { native: addon };
      failures.push(`${name}: not the addon of this version; rebuild it with \`npm run build:addon\``);
    } catch (error) {
      const [message = ''] = errorText(error).split('\n');
      failures.push(message.includes(name) ? message : `${name}: ${message}`);
    }
  }
  return without(failures.join('; '));
}

const without = (reason: string): LoadedNative => ({ native: undefined, reason });

/** What a published package carries in prebuilds/, by platform and C library. */
function prebuilt(): string {
  const locate: unknown = createRequire(import.meta.url)('node-gyp-build');
  if (typeof locate !== 'function' || !('path' in locate) || typeof locate.path !== 'function') {
    throw new Error('node-gyp-build has no path()');
  }
  return String(locate.path(ROOT));
}

const FUNCTIONS: Record<keyof Native, true> = {
  workOnThisThread: true,
  trimMemory: true,
  createCollector: true,
  walk: true,
  readFiles: true,
  keepFiles: true,
  isWritable: true,
  lockFile: true,
  openBeneath: true,
  openInRoot: true,
  cgroupId: true,
  pidfdOpen: true,
  pidfdSendSignal: true,
  namespaceInodes: true,
  namespaceInfo: true,
  createPsiTrigger: true,
  launch: true,
  createInotify: true,
  listens: true,
  createSampler: true,
  missingLibbpf: true,
  openWaits: true,
  routeNetlink: true,
};

/** An addon built from other sources may lack a function; that its functions are as typed here is the build's word. */
function isNative(addon: unknown): addon is Native {
  if (typeof addon !== 'object' || addon === null) return false;
  const functions = new Map(Object.entries(addon));
  return Object.keys(FUNCTIONS).every((name) => typeof functions.get(name) === 'function');
}
