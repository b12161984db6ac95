/**
 * A write of memory.max that kills nobody: below what is in use the kernel reclaims within the write, a number of times,
 * and then kills (mm/memcontrol.c, memory_max_write). It does not once there is room again, and it leaves that loop for a
 * signal. So a thread waits beside the write, and where that does not come back at once puts the old value back and
 * sends the writer a signal.
 */
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import type { Write } from '../plan.ts';

/** A write that finds the usage below the new value takes microseconds; the kernel's 16 tries to reclaim take more. */
const PATIENCE_MS = 1;

/** One that means nothing; it has to have a handler, or the kernel drops it. */
const SIGNAL = 'SIGWINCH';

/** What the word that the two threads share says. */
const [IDLE, WRITING, DONE, RESTORING, RESTORED] = [0, 1, 2, 3, 4];

/** The thread: waits for a write to begin, then for its end, and writes where that does not come. Plain JavaScript, as it is not a file of the bundle. */
const THREAD = `
const { workerData: { word, file, text, patience }, parentPort } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
parentPort.postMessage('ready');
Atomics.wait(word, 0, ${IDLE});
if (Atomics.wait(word, 0, ${WRITING}, patience) === 'timed-out' && Atomics.compareExchange(word, 0, ${WRITING}, ${RESTORING}) === ${WRITING}) {
  try {
    writeFileSync(file, text);
    process.kill(process.pid, '${SIGNAL}');
  } finally {
    Atomics.store(word, 0, ${RESTORED});
    Atomics.notify(word, 0);
  }
}
`;

/** True where the write stood; false where the old value was put back. Throws as `files.write` does. */
export async function writeWatched(
  { path, inode, file, before, after }: Write,
  files: CgroupFiles,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { word, file: join(files.mount, path, file), text: before, patience: patienceMs };
  const heard = (): void => {};
  process.on(SIGNAL, heard);
  const worker = new Worker(THREAD, { eval: true, workerData });
  try {
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    Atomics.store(word, 0, WRITING);
    Atomics.notify(word, 0);
    try {
      files.write(path, inode, file, after);
    } finally {
      if (Atomics.compareExchange(word, 0, WRITING, DONE) !== WRITING) Atomics.wait(word, 0, RESTORING);
      Atomics.notify(word, 0);
    }
    return Atomics.load(word, 0) === DONE;
  } finally {
    process.off(SIGNAL, heard);
    await worker.terminate();
  }
}
