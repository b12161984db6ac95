/** How a program ends: by a signal, or when its terminal may be gone. */

import { closeSync, fstatSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The status that a shell shows for a program that SIGHUP has ended: 128 + 1. */
export const HUNG_UP = 129;

/** Aborts at the first SIGINT or SIGTERM. The next one of the same kind ends the program at once. */
export function endSignal(): AbortSignal {
  const end = new AbortController();
  process.once('SIGINT', () => end.abort()).once('SIGTERM', () => end.abort());
  return end.signal;
}

/**
 * Ends the process. Node sets the modes of terminals on its standard descriptors back at exit, and aborts (SIGABRT) where
 * the kernel refuses that with EIO, as it does once the terminal is closed; a descriptor that is closed is left out.
 */
export function exitProcess(code = process.exitCode): never {
  for (const descriptor of [0, 1, 2]) if (isClosedTerminal(descriptor)) closeSync(descriptor);
  process.exit(code);
}

/**
 * Also true of other devices, such as /dev/null, whose modes Node did not set: closing one of these at the end changes
 * nothing.
 */
function isClosedTerminal(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isCharacterDevice() && !isatty(descriptor);
  } catch {
    // EBADF: it was closed before the program began.
    return false;
  }
}
