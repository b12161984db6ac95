/** Memory that a long-running program has freed. */

import { loadNative } from './native.ts';

const TRIM_MS = 60_000;

/**
 * Gives freed memory back to the kernel once in a minute. Arrays that come and go with cgroups leave gaps between what is kept,
 * of which malloc would hold some 10 MB. Nothing is done without the addon. It keeps no process alive, and gives what ends it.
 */
export function giveBackFreedMemory(): () => void {
  const { native } = loadNative();
  const timer = native && setInterval(() => void native.trimMemory(), TRIM_MS).unref();
  return () => clearInterval(timer);
}
