/**
 * Small files of procfs that are read in each tick. They are kept open, so that a reading is one system call, and are read on
 * the thread that asks: procfs answers from memory in microseconds, and to wake another thread takes longer.
 */

import { closeSync, existsSync, openSync, readSync } from 'node:fs';

export interface KeptFiles {
  /** The whole text as it is now; empty where the file cannot be read, which is tried again the next time. */
  read(path: string): string;
  close(): void;
}

/** A file that lists records (/proc/vmstat) gives at most a page of them at once: after less than half of one nothing is left. */
const HALF_A_PAGE = 2048;

export function createKeptFiles(): KeptFiles {
  const descriptors = new Map<string, number>();
  let buffer = Buffer.alloc(8 * HALF_A_PAGE);

  function textOf(descriptor: number): string {
    let filled = 0;
    while (true) {
      const size = readSync(descriptor, buffer, filled, buffer.length - filled, filled);
      filled += size;
      if (filled === buffer.length) buffer = Buffer.concat([buffer], 2 * buffer.length);
      else if (size < HALF_A_PAGE) return buffer.toString('utf8', 0, filled);
    }
  }

  function forget(path: string): void {
    const descriptor = descriptors.get(path);
    if (descriptor !== undefined) closeSync(descriptor);
    descriptors.delete(path);
  }

  return {
    read(path) {
      try {
        let descriptor = descriptors.get(path);
        if (descriptor === undefined) {
          // An Error that is made for each file that is not there costs ten times the look.
          if (!existsSync(path)) return '';
          descriptor = openSync(path, 'r');
          descriptors.set(path, descriptor);
        }
        return textOf(descriptor);
      } catch {
        forget(path);
        return '';
      }
    },
    close() {
      for (const path of descriptors.keys()) forget(path);
    },
  };
}
