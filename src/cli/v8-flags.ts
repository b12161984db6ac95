/**
 * What V8 is told of a program whose work is small and comes again each second. Node prints a line where its V8 does not know a
 * flag, and some are not in all versions that tscg runs on.
 */

import { setFlagsFromString } from 'node:v8';

/** Its V8 counts how often a function was called, in place of how much of its code ran. */
const FIRST_WITH_INVOCATION_COUNTS = 22;
const nodeMajor = Number(process.versions.node.split('.')[0]);

export const V8_FLAGS = {
  /**
   * A frame's garbage is collected young: with a larger young generation, V8 keeps 30 MB of it before it collects. So little is no
   * work for several threads: on a busy machine the one that draws would wait for them for 10 ms and more. The optimizing
   * compiler would take a third of the start, and the first screen is there before it gains from that.
   */
  startOfScreen: '--semi-space-growth-factor=1 --no-parallel-scavenge --no-opt',
  /** `gc` is there in contexts that are made from now on. */
  afterStart: '--opt --expose-gc',
  /**
   * By itself V8 goes through the whole heap, on several threads, when that has grown by a third. With ten thousand rows that is
   * each three seconds, and half of what a tick costs. A small heap may grow by half, and a large one may double, which takes
   * some 20 MiB more.
   */
  smallHeap: '--heap-growing-percent=50',
  largeHeap: '--heap-growing-percent=100',
  /**
   * A scrape leaves megabytes of buffers behind. V8 would go through the whole heap after each; the heap may be 3 times what lives.
   */
  largeGarbage: '--heap-growing-percent=200',
  /**
   * A function that runs for a millisecond in each second is not worth the work of the optimizing compiler, unless it has
   * thousands of rows: it must run 30 times as much as V8 asks for by itself. Small garbage is collected by one thread.
   */
  seldomOptimized:
    nodeMajor < FIRST_WITH_INVOCATION_COUNTS
      ? '--no-parallel-scavenge --interrupt-budget=2000000'
      : '--no-parallel-scavenge --invocation-count-for-turbofan=90000 --invocation-count-for-osr=24000',
};

/** These hold from now on, for all that runs in the process. */
export const setV8Flags = (flags: keyof typeof V8_FLAGS): void => setFlagsFromString(V8_FLAGS[flags]);
