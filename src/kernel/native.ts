/**
 * The addon's typed face: system calls that Node lacks and the hot loops. It is optional everywhere: where it could not
 * be built, `loadNative()` gives undefined with the reason, and the callers fall back or say what is lost.
 */
import type { FileSpec } from './collector.ts';

export interface NativeCollector {
  /** `changes`: what was added and removed since the last pass, applied before it, so that no lock is needed. */
  collect(
    added: readonly { id: number; path: string }[],
    removed: readonly number[],
    ids: Uint32Array,
    masks: Uint32Array,
  ): Promise<NativePass>;
  descriptors(): number;
  close(): void;
}

export interface NativePass {
  values: Float64Array;
  errors: Uint8Array;
  times: Float64Array;
  states: Uint8Array;
  inodes: Float64Array;
  reads: number;
}

export interface NativePsiTrigger {
  close(): void;
}

export interface NativeInotify {
  /** Watches one directory; gives its watch number. Throws with `code` on failure (ENOSPC: max_user_watches). */
  add(path: string): number;
  remove(watch: number): void;
  close(): void;
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
  createCollector(mount: string, files: readonly FileSpec[], budget: number, skip: readonly string[]): NativeCollector;
  /** Every directory of the hierarchy below (and with) `path`, parents first, with its inode; on a worker thread. */
  walk(mount: string, path: string): Promise<{ paths: string[]; inodes: Float64Array }>;
  /** Whole small files (procfs) in one trip to a worker thread: text, or the positive errno. */
  readFiles(paths: readonly string[]): Promise<(string | number)[]>;
  /** openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV): a descriptor that the caller closes. */
  openBeneath(directory: string, path: string, flags: number): number;
  /** name_to_handle_at: the cgroup's 64-bit id. */
  cgroupId(path: string): bigint;
  pidfdOpen(pid: number): number;
  pidfdSendSignal(pidfd: number, signal: number): void;
  /** ioctl(NS_GET_*) on a /proc/PID/ns link. */
  namespaceInfo(path: string): NamespaceInfo;
  /** Calls back at most once a window; with an error once when the cgroup is gone. `trigger`: `some 150000 1000000`. */
  createPsiTrigger(path: string, trigger: string, onEvent: (error: Error | null) => void): NativePsiTrigger;
  /** IN_MODIFY of files in watched directories; `overflow` when the kernel dropped events (IN_Q_OVERFLOW). */
  createInotify(onEvent: (watch: number, name: string) => void, onOverflow: () => void): NativeInotify;
}
