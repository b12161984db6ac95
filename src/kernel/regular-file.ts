/**
 * Text of a regular file that somebody else may have put in its place. It is looked at before it is opened: the open of a
 * FIFO waits, that of a device may act, and /dev/zero never ends.
 */

import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open, statfs } from 'node:fs/promises';
import { O_PATH, throughHandle } from './path-handle.ts';

/** A lease or a FIFO that took the place does not hold us, and a terminal does not become ours. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Not a regular file, or larger than anyone would read: `message` says which. */
export class UnfitFileError extends Error {
  override readonly name = 'UnfitFileError';
}

/** statfs(2) types whose regular files are the kernel's: reading one may act on a device or consume what it gives. */
const KERNELS: ReadonlySet<number> = new Set([0x9fa0, 0x62656572]);

/**
 * `handle`: O_PATH. `largest`: in bytes. Throws UnfitFileError, or as open(2) and read(2) fail.
 * The text is cut where the file grew past its size meanwhile.
 */
export async function readRegularFile(handle: FileHandle, largest: number): Promise<string> {
  const status = await handle.stat();
  refuseUnfit(status, largest);
  const { type } = await statfs(throughHandle(handle));
  if (KERNELS.has(type)) throw new UnfitFileError('it is a file of the kernel');
  const file = await open(throughHandle(handle), READ);
  try {
    const buffer = Buffer.alloc(status.size);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.toString('utf8', 0, filled);
  } finally {
    await file.close();
  }
}

/** A path whose links are followed, opened to be read. Throws as readRegularFile() does, with the path. `size`: in bytes. */
export function openRegularFileSync(path: string, largest: number): { readonly fd: number; readonly size: number } {
  const handle = openSync(path, O_PATH);
  try {
    const status = fstatSync(handle);
    refuseUnfit(status, largest, `${path}: `);
    return { fd: openSync(`/proc/self/fd/${handle}`, READ), size: status.size };
  } finally {
    closeSync(handle);
  }
}

/** Of a path whose links are followed. Throws as readRegularFile() does, with the path. */
export function readRegularFileSync(path: string, largest: number): string {
  const { fd, size } = openRegularFileSync(path, largest);
  try {
    const buffer = Buffer.alloc(size);
    let filled = 0;
    while (filled < buffer.length) {
      const bytesRead = readSync(fd, buffer, filled, buffer.length - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.toString('utf8', 0, filled);
  } finally {
    closeSync(fd);
  }
}

function refuseUnfit(status: Stats, largest: number, about = ''): void {
  if (!status.isFile()) throw new UnfitFileError(`${about}it is ${kindOf(status)}, not a regular file`);
  if (status.size > largest) throw new UnfitFileError(`${about}it has ${status.size} bytes, more than ${largest}`);
}

function kindOf(status: Stats): string {
  if (status.isDirectory()) return 'a directory';
  if (status.isFIFO()) return 'a FIFO';
  if (status.isSocket()) return 'a socket';
  return status.isCharacterDevice() || status.isBlockDevice() ? 'a device' : 'a link';
}
