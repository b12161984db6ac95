/**
 * The Collector without the addon: node:fs on open descriptors, on the calling thread. A pass over 1,000 cgroups blocks
 * that thread for some tens of milliseconds; the addon's runs on another.
 *
 * Node has no openat; `/proc/self/fd/N/name` is the same for a descriptor of our own.
 */

import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { constants as os } from 'node:os';
import {
  type Collector,
  type CollectorOptions,
  type CollectRequest,
  type Columns,
  type FileSpec,
  NOT_READ,
  PRESENT,
  placesOf,
  RECREATED,
  REMOVED,
} from './collector.ts';
import { errnoOf } from './error-code.ts';
import { monotonicMs } from './monotonic.ts';
import { parseColumns } from './parse-columns.ts';
import { O_PATH } from './path-handle.ts';
import { UNAVAILABLE } from './value.ts';

const { ENODEV, ENOENT, ENOTDIR, EXDEV, EFBIG, EMFILE, ENFILE } = os.errno;
const OPEN_DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;
const OPEN_FILE = constants.O_RDONLY | constants.O_NOFOLLOW;

const FIRST_BUFFER = 64 * 1024;
const LARGEST_BUFFER = 4 * 1024 * 1024;
const MOST_FILES = 32;
/** Passes before a missing file is tried again, spread by id: see addon/src/collector.cc. */
const RETRY_AFTER = 6;
const RETRY_SPREAD = 5;
/** A file that so many ticks did not ask for keeps no descriptor: the kernel keeps a page for each that was read. */
const IDLE_TICKS = 8;
/** Number of descriptors to close at once when the process has none left. */
const SHED = 32;

interface Slot {
  /** The descriptor that is kept. */
  fd: number | undefined;
  /** The last tick that asked for the file. */
  used: number;
  /** The file was missing: not opened again before this pass. */
  retry: number;
  /** Worth a descriptor: it had been asked for a few ticks before, or never. */
  often: boolean;
}

interface Cgroup {
  readonly id: number;
  readonly path: string;
  readonly slots: readonly Slot[];
  /** The descriptor that is kept. */
  directory: number | undefined;
  inode: number | undefined;
  /** The pass in which its path was last seen to lead to its inode. */
  verified: number;
  state: number;
}

/** Descriptor, or the positive errno of why there is none. */
type Opened = { readonly fd: number } | { readonly error: number };

// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the methods of one object, over its state
export function createFallbackCollector({ mount, files, budget, ...options }: CollectorOptions): Collector {
  const { fileBudget = budget } = options;
  if (files.length > MOST_FILES) throw new RangeError('more than 32 files');
  const mountFd = openSync(mount, O_PATH | constants.O_DIRECTORY);
  const device = fstatSync(mountFd).dev;
  const firstColumn = files.map((_, file) => files.slice(0, file).reduce((sum, { keys }) => sum + keys.length, 0));
  const cgroups = new Map<number, Cgroup>();
  let buffer = Buffer.allocUnsafe(FIRST_BUFFER);
  let { skipDevices } = options;
  let nextId = 1;
  let pass = 0;
  let tick = 0;
  let reads = 0;
  let allowed = budget;
  let closed = false;
  /** With a descriptor; the least recently asked for is first. */
  const openFiles = new Set<Slot>();
  const openDirectories = new Set<Cgroup>();
  /** Of the cgroup that is being read, where it is not kept. */
  let passing: number | undefined;

  const held = (): number => openFiles.size + openDirectories.size + 1;

  function closeFile(slot: Slot): void {
    if (slot.fd === undefined) return;
    closeSync(slot.fd);
    slot.fd = undefined;
    openFiles.delete(slot);
  }

  function closeDirectory(cgroup: Cgroup): void {
    if (cgroup.directory === undefined) return;
    closeSync(cgroup.directory);
    cgroup.directory = undefined;
    openDirectories.delete(cgroup);
  }

  function closeAll(cgroup: Cgroup): void {
    closeDirectory(cgroup);
    cgroup.slots.forEach(closeFile);
  }

  function closePassing(): void {
    if (passing !== undefined) closeSync(passing);
    passing = undefined;
  }

  function closeIdle(): void {
    for (const slot of openFiles) {
      if (slot.used + IDLE_TICKS >= tick) return;
      closeFile(slot);
    }
  }

  /** Closes the least recently used file, unless this tick asks for it: then what it asks for else would be an open. */
  function closeUnasked(): boolean {
    const [oldest] = openFiles;
    if (!oldest || oldest.used === tick) return false;
    closeFile(oldest);
    return true;
  }

  /** How many files may be kept: room is left for the directory of each cgroup, but not more than two thirds. */
  const fileRoom = (): number => Math.min(fileBudget, Math.max(allowed - cgroups.size - 1, Math.floor(allowed / 3)));

  const hasRoomForFile = (): boolean => (openFiles.size < fileRoom() && held() < allowed) || closeUnasked();

  /** None makes room for another: where each has its turn, the one that is closed is the next to be opened. */
  const hasRoomForDirectory = (): boolean => openDirectories.size + 1 < allowed - fileRoom() && held() < allowed;

  /** No descriptor is left: closes some, and from now on keeps no more than what remains. */
  function shed(spared: Cgroup): boolean {
    const before = held();
    const isEnough = (): boolean => before - held() >= SHED;
    while (!isEnough() && closeUnasked());
    for (const cgroup of openDirectories) if (cgroup !== spared && !isEnough()) closeDirectory(cgroup);
    for (const slot of openFiles) if (!isEnough()) closeFile(slot);
    if (held() < before) allowed = held();
    return held() < before;
  }

  function openOrShed(cgroup: Cgroup, attempt: () => Opened): Opened {
    const opened = attempt();
    const outOfDescriptors = 'error' in opened && (opened.error === EMFILE || opened.error === ENFILE);
    return outOfDescriptors && shed(cgroup) ? attempt() : opened;
  }

  /** Opens a directory beneath the mount, by descriptor and inode: step by step, following no link, on one device. */
  function openBeneath(path: string): { readonly fd: number; readonly inode: number } | { readonly error: number } {
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    if (names.includes('..')) return { error: EXDEV };
    let at: { readonly fd: number; readonly inode: number } | undefined;
    for (const name of names.length > 0 ? names : ['.']) {
      const next = openAt(at?.fd ?? mountFd, name, OPEN_DIRECTORY);
      if (at) closeSync(at.fd);
      if ('error' in next) return next;
      const { ino, dev } = fstatSync(next.fd);
      if (dev !== device) {
        closeSync(next.fd);
        return { error: EXDEV };
      }
      at = { fd: next.fd, inode: ino };
    }
    return at ?? { error: ENOENT };
  }

  /** 0 with a descriptor in `cgroup.directory` or, where there is no room for it, in `passing`; else errno. */
  function openDirectory(cgroup: Cgroup): number {
    if (passing !== undefined || cgroup.directory !== undefined) return 0;
    let inode = 0;
    const opened = openOrShed(cgroup, () => {
      const found = openBeneath(cgroup.path);
      if ('fd' in found) inode = found.inode;
      return found;
    });
    if ('error' in opened) {
      if (opened.error !== ENOENT && opened.error !== ENOTDIR) return opened.error;
      cgroup.state = REMOVED;
      return ENODEV;
    }
    if (cgroup.inode !== undefined && cgroup.inode !== inode) {
      closeSync(opened.fd);
      cgroup.state = RECREATED;
      return ENODEV;
    }
    cgroup.inode = inode;
    cgroup.verified = pass;
    if (hasRoomForDirectory()) {
      cgroup.directory = opened.fd;
      openDirectories.add(cgroup);
    } else passing = opened.fd;
    return 0;
  }

  /** Whether the path still leads to this cgroup, asked at most once a pass; else sets its state. */
  function verify(cgroup: Cgroup): boolean {
    if (cgroup.verified === pass) return true;
    if (cgroup.inode === undefined) return openDirectory(cgroup) === 0 || cgroup.state === PRESENT;
    // The path was found to lie beneath the mount when it was opened, and the inode tells whether it leads elsewhere now.
    try {
      const { ino, dev } = lstatSync(`/proc/self/fd/${mountFd}/${cgroup.path}`);
      if (ino !== cgroup.inode || dev !== device) cgroup.state = RECREATED;
    } catch (error) {
      const code = errnoOf(error, ENOENT);
      if (code === ENOENT || code === ENOTDIR) cgroup.state = REMOVED;
    }
    if (cgroup.state === PRESENT) cgroup.verified = pass;
    return cgroup.state === PRESENT;
  }

  function openFile(cgroup: Cgroup, slot: Slot, { file }: FileSpec): Opened {
    if (pass < slot.retry) return { error: ENOENT };
    const error = openDirectory(cgroup);
    if (error !== 0) return { error };
    const opened = openOrShed(cgroup, () => openAt(passing ?? cgroup.directory ?? mountFd, file, OPEN_FILE));
    if ('fd' in opened) {
      slot.retry = 0;
      return opened;
    }
    if (opened.error !== ENOENT && opened.error !== ENODEV) return opened;
    // A directory that was removed has no files either.
    if (!verify(cgroup)) return { error: ENODEV };
    slot.retry = pass + RETRY_AFTER + (cgroup.id % RETRY_SPREAD);
    return { error: ENOENT };
  }

  /** The whole text, or the positive errno. */
  function readAll(fd: number): string | number {
    while (true) {
      reads++;
      try {
        const size = readSync(fd, buffer, 0, buffer.length, 0);
        if (size < buffer.length) return buffer.toString('latin1', 0, size);
      } catch (error) {
        return errnoOf(error, ENOENT);
      }
      if (buffer.length >= LARGEST_BUFFER) return EFBIG;
      buffer = Buffer.allocUnsafe(buffer.length * 2);
    }
  }

  function keepOrClose(slot: Slot, fd: number, answered: boolean): void {
    if (answered && slot.often && hasRoomForFile()) {
      slot.fd = fd;
      openFiles.add(slot);
    } else closeSync(fd);
  }

  function readFile(cgroup: Cgroup, file: number, spec: FileSpec, row: number, out: Columns): number {
    const slot = cgroup.slots[file];
    if (!slot) return ENOENT;
    for (let again = false; ; again = true) {
      const opened = slot.fd === undefined ? openFile(cgroup, slot, spec) : { fd: slot.fd };
      if ('error' in opened) return opened.error;
      const text = readAll(opened.fd);
      const time = monotonicMs();
      if (slot.fd === undefined) keepOrClose(slot, opened.fd, text !== ENODEV);
      if (typeof text === 'string') {
        const first = out.columnPlaces[firstColumn[file] ?? 0] ?? -1;
        parseColumns(spec, text, skipDevices).forEach((value, key) => {
          out.values[(first + key) * out.rows + row] = value;
        });
        out.times[(out.filePlaces[file] ?? -1) * out.rows + row] = time;
        return 0;
      }
      if (text !== ENODEV) return text;
      closeFile(slot);
      // Either the cgroup is gone, or only the file is: its controller was disabled, or pressure switched off
      // (cgroup.pressure), and perhaps it is back by now.
      if (!verify(cgroup)) return ENODEV;
      if (again) return ENOENT;
    }
  }

  /** To be called for all rows before the first is read, so that nothing is closed that the same pass asks for. */
  function ask({ slots }: Cgroup, mask: number): void {
    slots.forEach((slot, file) => {
      if (!asks(mask, file) || slot.used === tick) return;
      slot.often = slot.used === 0 || slot.used + IDLE_TICKS >= tick;
      slot.used = tick;
      if (openFiles.delete(slot)) openFiles.add(slot);
    });
  }

  function readRow(cgroup: Cgroup, mask: number, row: number, out: Columns): void {
    closePassing();
    cgroup.state = PRESENT;
    let answered = false;
    files.forEach((spec, file) => {
      if (!asks(mask, file)) return;
      const error = cgroup.state === PRESENT ? readFile(cgroup, file, spec, row, out) : ENODEV;
      // Whatever an open descriptor answers but ENODEV, its cgroup is there.
      answered ||= error === 0 || (error !== ENODEV && cgroup.slots[file]?.fd !== undefined);
      out.errors[(out.filePlaces[file] ?? -1) * out.rows + row] = error;
    });
    if (!answered && cgroup.state === PRESENT) verify(cgroup);
    if (cgroup.state !== PRESENT) closeAll(cgroup);
    out.states[row] = cgroup.state;
    out.inodes[row] = cgroup.inode ?? UNAVAILABLE;
  }

  function readUnknown(mask: number, row: number, out: Columns): void {
    out.states[row] = REMOVED;
    files.forEach((_, file) => {
      if (asks(mask, file)) out.errors[(out.filePlaces[file] ?? -1) * out.rows + row] = ENODEV;
    });
  }

  function collect({ ids, masks, sameTick = false }: CollectRequest): Columns {
    if (closed) throw new Error('the collector is closed');
    if (ids.length !== masks.length) throw new RangeError('ids and masks differ in length');
    pass++;
    if (!sameTick) tick++;
    reads = 0;
    const rows = ids.length;
    const { filePlaces, columnPlaces, fileCount, columnCount } = placesOf(files, masks);
    const out = {
      rows,
      filePlaces,
      columnPlaces,
      values: new Float64Array(columnCount * rows).fill(UNAVAILABLE),
      errors: new Uint8Array(fileCount * rows).fill(NOT_READ),
      times: new Float64Array(fileCount * rows).fill(UNAVAILABLE),
      states: new Uint8Array(rows),
      inodes: new Float64Array(rows).fill(UNAVAILABLE),
      // Nothing is watched: each polled file is read.
      watched: new Uint32Array(rows),
      told: new Uint32Array(),
      reads: 0,
    };
    const maskOf = (row: number) => masks[row] ?? 0;
    const found = Array.from(ids, (id) => cgroups.get(id));
    found.forEach((cgroup, row) => {
      if (cgroup) ask(cgroup, maskOf(row));
    });
    closeIdle();
    found.forEach((cgroup, row) => {
      if (cgroup) readRow(cgroup, maskOf(row), row, out);
      else readUnknown(maskOf(row), row, out);
    });
    closePassing();
    out.reads = reads;
    return out;
  }

  return {
    kind: 'fallback',
    add(path) {
      const id = nextId++;
      const slots = files.map((): Slot => ({ fd: undefined, used: 0, retry: 0, often: false }));
      cgroups.set(id, { id, path, slots, directory: undefined, inode: undefined, verified: 0, state: PRESENT });
      return id;
    },
    remove(id) {
      const cgroup = cgroups.get(id);
      if (cgroup) closeAll(cgroup);
      cgroups.delete(id);
    },
    skip(devices) {
      skipDevices = devices;
    },
    collect: async (request) => collect(request),
    descriptors: () =>
      closed ? { files: 0, directories: 0 } : { files: openFiles.size, directories: openDirectories.size + 1 },
    close() {
      if (closed) return;
      closed = true;
      closePassing();
      cgroups.forEach(closeAll);
      cgroups.clear();
      closeSync(mountFd);
    },
  };
}

const asks = (mask: number, file: number): boolean => ((mask >>> file) & 1) === 1;

function openAt(directory: number, name: string, flags: number): Opened {
  try {
    return { fd: openSync(`/proc/self/fd/${directory}/${name}`, flags) };
  } catch (error) {
    // A path that Node refuses (a NUL in it) is one that is not there.
    return { error: errnoOf(error, ENOENT) };
  }
}
