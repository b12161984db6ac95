/**
 * Reads the interface files of many cgroups. A Collector keeps their descriptors open and reads any of them in one pass
 * into columns of numbers. It has two implementations, which pass the same tests: the addon (./native-collector.ts), whose
 * passes run on another thread, and TypeScript (./collector-fallback.ts).
 */

/** How the text of one interface file becomes columns. The formats are those of the kernel's cgroup-v2.rst. */
export interface FileSpec {
  /** Name in the cgroup's directory, as `cpu.stat`. */
  readonly file: string;
  /**
   * - `single`: one number or `max`: one key, `value`
   * - `words`: numbers or `max` on one line (`cpu.max`): keys name them by position
   * - `flat`: lines of `key value` (`cpu.stat`, `memory.stat`, `*.events`, `cgroup.stat`)
   * - `pressure`: keys as `some.total`, `full.avg10`
   * - `devices`: lines of `MAJ:MIN key=value …` (`io.stat`), each key summed over the devices not in `skipDevices`.
   *   The kernel leaves out what is zero, so a key that no device has is 0; whether it was there before is for the caller
   *   to compare
   */
  readonly format: 'single' | 'words' | 'flat' | 'pressure' | 'devices';
  readonly keys: readonly string[];
  /**
   * The kernel tells of each change of the file through poll(2) and inotify(7): `cgroup.events`, `memory.events`,
   * `pids.events` and their `.local`. It does so within 10 ms (CGROUP_FILE_NOTIFY_MIN_INTV).
   */
  readonly polled?: boolean;
}

/** State of a cgroup since it was added: still there. */
export const PRESENT = 0;
/** Its directory is gone (ENODEV on a kept descriptor, ENOENT by path). */
export const REMOVED = 1;
/** Another directory (another inode) now has its path. */
export const RECREATED = 2;

/** `errors` entry of a file that the pass did not ask for. */
export const NOT_READ = 255;

export interface CollectRequest {
  /** Ids as given by `add`, one row each. */
  readonly ids: Uint32Array;
  /** For each row, bit i asks for file i of the schema. At most 32 files. */
  readonly masks: Uint32Array;
  /** It goes on with the tick of the pass before: what several of its passes ask for was asked for once. */
  readonly sameTick?: boolean;
}

/** Where a pass has what it read; -1 for a file that no row of the request asks for. */
export interface PassPlaces {
  /** By file of the schema: its place in `errors` and `times`. */
  readonly filePlaces: Int32Array;
  /** By column of the schema (`columnIndex`): its place in `values`. */
  readonly columnPlaces: Int32Array;
}

/**
 * One pass. Rows are in the order of the request; columns in the order of the schema (file by file, key by key), without the
 * files that no row asks for. The column at place c is `values.subarray(c * rows, (c + 1) * rows)`; that of a file is the same
 * stretch of `errors` and `times`.
 */
export interface Columns extends PassPlaces {
  readonly rows: number;
  /** NaN: not read, unreadable, or no such key. +Infinity: `max`. */
  readonly values: Float64Array;
  /** errno of open or read, 0 for success, NOT_READ. ENOENT: no such file; ENODEV: the row is not PRESENT. */
  readonly errors: Uint8Array;
  /** CLOCK_MONOTONIC of the read in milliseconds, the clock of `process.hrtime`; NaN where nothing was read. */
  readonly times: Float64Array;
  /** PRESENT, REMOVED or RECREATED, a row each. */
  readonly states: Uint8Array;
  /** Inode of the directory that was added, a row each; the cgroup's id. NaN where it was never opened. */
  readonly inodes: Float64Array;
  /** For each row, bit i: `told` names the row when file i changes after this read. */
  readonly watched: Uint32Array;
  /**
   * Ids, also of others than the request's, of which a watched file changed after its last read, as of the begin of the
   * pass.
   */
  readonly told: Uint32Array;
  /** Reads tried in this pass. */
  readonly reads: number;
}

export interface CollectorOptions {
  /** Directory where the hierarchy is mounted. */
  readonly mount: string;
  readonly files: readonly FileSpec[];
  /**
   * How many descriptors it may keep in all. A file whose cgroup's directory is kept is opened without a walk of its path, and
   * without a look whether the cgroup is still the same one. What is not kept is opened and closed around its read (at most two
   * more than the budget).
   */
  readonly budget: number;
  /**
   * How many of them may be files, for each of which the kernel keeps a page; `budget` if absent. Files leave room for the
   * directory of each cgroup, but have at least a third of the budget. A file is kept that had been asked for a few ticks before,
   * or never, until so many ticks do not ask for it. Where there is no room for it, it takes that of the file that was asked for
   * longest ago, unless this tick asks for that one too.
   */
  readonly fileBudget?: number;
  /** Polled files that it may watch. */
  readonly watches: number;
  /** `MAJ:MIN` of devices stacked on another (dm, md, loop), left out of `devices` sums so that a byte counts once. */
  readonly skipDevices: readonly string[];
}

/** Descriptors that a collector keeps: those of files, and those of directories with the mount. */
export interface Descriptors {
  readonly files: number;
  readonly directories: number;
}

export interface Collector {
  /** `native` or `fallback`, for `tscg doctor`. */
  readonly kind: 'native' | 'fallback';
  /** Starts to follow a cgroup by its path beneath the mount (`/` is the root, `/a/b`). Ids are never used twice. */
  add(path: string): number;
  remove(id: number): void;
  /** Other `skipDevices` from the next pass on. */
  skip(devices: readonly string[]): void;
  /**
   * One pass; passes of one collector run one after another. Rejects only when closed (and for a request that is a
   * programming error). The state of every row is true at its time, even where the mask asks for no file.
   */
  collect(request: CollectRequest): Promise<Columns>;
  /** As of the end of the last pass. */
  descriptors(): Descriptors;
  close(): void;
}

/** The places of a pass with these masks, and how many there are. */
export function placesOf(
  files: readonly FileSpec[],
  masks: Uint32Array,
): PassPlaces & { readonly fileCount: number; readonly columnCount: number } {
  const asked = masks.reduce((all, mask) => all | mask, 0);
  let [fileCount, columnCount] = [0, 0];
  const isAsked = (file: number): boolean => ((asked >>> file) & 1) === 1;
  const filePlaces = Int32Array.from(files, (_, file) => (isAsked(file) ? fileCount++ : -1));
  const columnPlaces = files.flatMap(({ keys }, file) => keys.map(() => (isAsked(file) ? columnCount++ : -1)));
  return { filePlaces, columnPlaces: Int32Array.from(columnPlaces), fileCount, columnCount };
}

/** Columns of a schema by `file:key`, as `cpu.stat:usage_usec`. */
export function columnIndex(files: readonly FileSpec[]): ReadonlyMap<string, number> {
  const index = new Map<string, number>();
  for (const { file, keys } of files) for (const key of keys) index.set(`${file}:${key}`, index.size);
  return index;
}
