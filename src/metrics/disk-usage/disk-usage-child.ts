/**
 * The process that measures one tree, at the lowest priority: it works for a slice of time, then sleeps. It ends when the
 * process does that it reports to.
 */

import { setPriority } from 'node:os';
import { codeOf } from '../../kernel/error-code.ts';
import type { Report, Task } from './measure.ts';
import { walkTree } from './walk.ts';

const SLICE_MS = 20;
const PROGRESS_MS = 200;

const { path, share, mostEntries, mostMs }: Task = JSON.parse(process.argv[2] ?? '{}');
const parent = process.ppid;
const report = (message: Report): void => void process.send?.(message);
const sleep = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

setPriority(19);
const began = performance.now();
let slice = began;
let told = began;
try {
  const size = walkTree(path, {
    mostEntries,
    onStep: (soFar) => {
      const now = performance.now();
      if (process.ppid !== parent) process.exit(0);
      if (now - told >= PROGRESS_MS) {
        told = now;
        report({ kind: 'progress', size: { ...soFar } });
      }
      if (now - slice >= SLICE_MS && share < 1) {
        sleep(((now - slice) * (1 - share)) / share);
        slice = performance.now();
      }
      return now - began >= mostMs ? 'time' : undefined;
    },
  });
  report({ kind: 'done', size });
} catch (error) {
  report({ kind: 'failed', code: codeOf(error) ?? String(error) });
}
process.disconnect?.();
