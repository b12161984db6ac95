/**
 * Writes memory.max without a kill. If more is in use, the kernel reclaims a number of times within the write, and then kills
 * (mm/memcontrol.c, memory_max_write). It stops once there is room again, and when the writer gets a signal. So a thread waits
 * beside the write; if the write does not return at once, the thread puts the old value back and sends the writer a signal.
 */

import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CgroupFiles } from '../../../kernel/cgroup-files.ts';
import type { Write } from '../../model.ts';

/** A signal without other effects. It needs a handler: the kernel drops a signal that is ignored. */
const SIGNAL = 'SIGWINCH';

/** States of the word that the two threads share. */
const [IDLE, WRITING, RESTORING, DONE] = [0, 1, 2, 3];

/**
 * The thread. It waits for the write to begin, then for its end. If that does not come, it restores the old value repeatedly,
 * for the first time may have been before the write. It is plain JavaScript because the bundle has no file for it.
 */
const THREAD = `
const { workerData: { word, file, text, patience }, parentPort } = require('node:worker_threads');
const { writeFileSync } = require('node:fs');
parentPort.postMessage('ready');
Atomics.wait(word, 0, ${IDLE});
Atomics.wait(word, 0, ${WRITING}, patience);
if (Atomics.compareExchange(word, 0, ${WRITING}, ${RESTORING}) === ${WRITING}) {
  while (Atomics.load(word, 0) === ${RESTORING}) {
    try {
      writeFileSync(file, text);
    } catch {
      // The cgroup has ended.
    }
    process.kill(process.pid, '${SIGNAL}');
    Atomics.wait(word, 0, ${RESTORING}, 1);
  }
}
`;

/**
 * True if the write stands; false if the old value was put back. `patienceMs`: how long the write may take. It takes
 * microseconds if less is in use, and more if the kernel has to reclaim. Throws as `files.write` does.
 */
export async function writeWatched(
  { path, inode, file, before, after }: Write,
  files: CgroupFiles,
  patienceMs: number,
): Promise<boolean> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const workerData = { word, file: join(files.mount, path, file), text: before, patience: patienceMs };
  const heard = (): void => {};
  process.on(SIGNAL, heard);
  const worker = new Worker(THREAD, { eval: true, workerData });
  try {
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    const ended = once(worker, 'exit');
    let stood = false;
    Atomics.store(word, 0, WRITING);
    Atomics.notify(word, 0);
    try {
      files.write(path, inode, file, after);
    } finally {
      stood = Atomics.exchange(word, 0, DONE) === WRITING;
      Atomics.notify(word, 0);
      await ended;
    }
    // The thread may have restored for the last time before the write.
    if (!stood) files.write(path, inode, file, before);
    return stood;
  } finally {
    process.off(SIGNAL, heard);
    await worker.terminate();
  }
}
