/**
 * Who ran while a cgroup waited, measured by the kernel itself: addon/bpf/waits.bpf.c on the scheduler's and the block
 * layer's tracepoints. Where it cannot be loaded there is a reason, and whoever asks falls back to the kernel's files.
 * While it is closed it costs no CPU; open, some 300 ns a switch.
 */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../text/error-text.ts';
import { codeOf } from './error-code.ts';
import { monotonicMs } from './monotonic.ts';
import { loadNative, type Native, type NativeWaits, ROOT } from './native.ts';

/** Values of `Wait.runnerId` that are no cgroup of their own. */
export const RUNNER = {
  /** The CPU was idle, so that the victim waited for the CPU itself: a late virtual CPU, or the moment of waking up. */
  idle: 0,
  /** Tasks in the root cgroup, of them the kernel's threads. */
  root: 1,
  /** Nobody held the victim up: its own CPU quota, or an ancestor's, was used up on that CPU. */
  throttled: -1,
} as const;

export const MOST_VICTIMS = 32;

/** A cell of the waited-behind matrix. */
export interface Wait {
  /** As given to watch(): the id of a cgroup is the inode of its directory. */
  readonly victimId: number;
  /** The cgroup in which the task that ran is (its own, not one above it), or a value of RUNNER. */
  readonly runnerId: number;
  /**
   * Since watch(): nanoseconds in which at least one thread of the victim, or of a cgroup beneath it, was runnable and
   * waited on a CPU while the runner ran there; summed over the CPUs.
   */
  readonly ns: number;
}

export interface DeviceTime {
  /** Whose block io it was; 0 where the kernel does not say, as for a flush. */
  readonly cgroupId: number;
  /** `MAJ:MIN` of the whole disk. */
  readonly device: string;
  /** Requests and bytes completed since watch(). */
  readonly ops: number;
  readonly bytes: number;
  /** Sum over the requests from their issue to the driver to their completion: by the interval, a part of the queue. */
  readonly ns: number;
}

export interface WaitsReading {
  /** CLOCK_MONOTONIC milliseconds. */
  readonly time: number;
  readonly waits: readonly Wait[];
  readonly io: readonly DeviceTime[];
  /** Updates that found no room in a map. */
  readonly lost: number;
}

export interface Waits {
  /**
   * Watches these cgroups in place of those before; everything is counted anew. None: the programs stay attached and
   * return at once. Takes some 3 ms. Throws a RangeError beyond MOST_VICTIMS.
   */
  watch(cgroupIds: readonly number[]): void;
  /** Counted since watch(). What a task runs now is counted when it leaves its CPU, so that some ms are missing. */
  read(): WaitsReading;
  /** Detaches the programs; once more does nothing. */
  close(): void;
}

export type OpenedWaits =
  | { readonly waits: Waits; readonly reason?: undefined }
  | { readonly waits: undefined; readonly reason: string };

const OBJECT = join(ROOT, 'addon/bpf/waits.bpf.o');
const BTF = '/sys/kernel/btf/vmlinux';

/** Why it cannot be loaded, as far as that is known without trying; undefined where nothing speaks against it. */
export function waitsUnavailable(): string | undefined {
  const { native, reason } = loadNative();
  if (!native) return `no native addon (${reason})`;
  if (process.geteuid?.() !== 0) return 'needs root, to load programs into the kernel';
  if (!existsSync(BTF)) return `this kernel has no type information (${BTF}, CONFIG_DEBUG_INFO_BTF)`;
  const missing = native.missingLibbpf();
  if (missing !== null) return `libbpf.so.1 is not there (${missing}): install it, as with \`apt-get install libbpf1\``;
  return existsSync(OBJECT) ? undefined : `${OBJECT} is missing: \`npm run build:bpf\` makes it`;
}

/** Loads and attaches the programs on a worker thread, in some 150 ms. Never rejects. */
export type OpenWaits = () => Promise<OpenedWaits>;

export const openWaits: OpenWaits = () => openFrom(load, (loaded) => loaded.close());

export interface WaitsKeeper {
  readonly open: OpenWaits;
  /** Unloads the programs that nobody uses, and from now on each when it is closed. */
  close(): void;
}

const KEEP_MS = 600_000;

/**
 * For who opens them again and again. To load the programs takes 150 ms of CPU, to attach them 10: here those that were closed
 * stay in the kernel for so many milliseconds, detached. They hold some 4 MB there.
 */
export function createWaitsKeeper(keepMs = KEEP_MS): WaitsKeeper {
  let kept: NativeWaits | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;

  function unload(): void {
    clearTimeout(timer);
    kept?.close();
    kept = undefined;
  }

  function keep(loaded: NativeWaits): void {
    unload();
    loaded.detach();
    kept = loaded;
    if (isClosed) unload();
    else timer = setTimeout(unload, keepMs).unref();
  }

  async function take(native: Native): Promise<NativeWaits> {
    clearTimeout(timer);
    const idle = kept;
    kept = undefined;
    return idle ?? load(native);
  }

  return {
    open: () => openFrom(take, keep),
    close: () => {
      isClosed = true;
      unload();
    },
  };
}

const load = (native: Native): Promise<NativeWaits> => native.openWaits(readFileSync(OBJECT));

/** `release`: what becomes of them when they are closed. */
async function openFrom(
  find: (native: Native) => Promise<NativeWaits>,
  release: (loaded: NativeWaits) => void,
): Promise<OpenedWaits> {
  const unavailable = waitsUnavailable();
  const { native } = loadNative();
  if (unavailable !== undefined || !native) return { waits: undefined, reason: unavailable ?? 'no native addon' };
  let loaded: NativeWaits | undefined;
  try {
    loaded = await find(native);
    await loaded.attach();
    return { waits: waitsOf(loaded, release) };
  } catch (error) {
    loaded?.close();
    const refused = codeOf(error) === 'EPERM' ? ' (CAP_BPF and CAP_PERFMON are needed, and no lockdown)' : '';
    return { waits: undefined, reason: `the kernel refused the programs: ${errorText(error)}${refused}` };
  }
}

function waitsOf(loaded: NativeWaits, release: (loaded: NativeWaits) => void): Waits {
  let open: NativeWaits | undefined = loaded;
  const native = (): NativeWaits => {
    if (!open) throw new Error('the waits are closed');
    return open;
  };
  return {
    watch: (cgroupIds) => {
      if (cgroupIds.length > MOST_VICTIMS) throw new RangeError(`at most ${MOST_VICTIMS} cgroups can be watched`);
      native().watch(Float64Array.from(cgroupIds));
    },
    read: () => {
      const time = monotonicMs();
      const { waits, io, lost } = native().read();
      return {
        time,
        waits: rowsOf(waits, 3).map(([victimId = 0, runnerId = 0, ns = 0]) => ({ victimId, runnerId, ns })),
        io: rowsOf(io, 6).map(([cgroupId = 0, major = 0, minor = 0, ops = 0, bytes = 0, ns = 0]) => ({
          cgroupId,
          device: `${major}:${minor}`,
          ops,
          bytes,
          ns,
        })),
        lost,
      };
    },
    close: () => {
      const was = open;
      open = undefined;
      if (was) release(was);
    },
  };
}

const rowsOf = (numbers: Float64Array, width: number): number[][] =>
  Array.from({ length: numbers.length / width }, (_, row) => [...numbers.subarray(row * width, (row + 1) * width)]);
