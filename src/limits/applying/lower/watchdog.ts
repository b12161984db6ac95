/**
 * A write of memory.max that kills nobody: below what is in use the kernel reclaims within the write, a number of times,
 * and then kills (mm/memcontrol.c, memory_max_write). It does not once there is room again, and it leaves that loop for a
 * signal. So a thread waits beside the write, and where that does not come back at once puts the old value back and
 * sends the writer a signal.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { CgroupFiles } from '../../../kernel/cgroup-files.ts';
import type { Write } from '../../model.ts';

/** One that means nothing; it has to have a handler, or the kernel drops it. */
const SIGNAL = 'SIGWINCH';

/** What the word that the two threads share says. */
const [IDLE, WRITING, RESTORING, DONE] = [0, 1, 2, 3];

/**
 * The thread: waits for a write to begin, then for its end. Where that does not come it restores again and again, as it
 * may have been before the write itself. Plain JavaScript, for it is no file of the bundle.
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
 * True where the write stood; false where the old value was put back. `patienceMs`: a write that finds the usage below the
 * new value takes microseconds, the kernel's tries to reclaim take more. Throws as `files.write` does.
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
    // The thread may have had its last turn before the write.
    if (!stood) files.write(path, inode, file, before);
    return stood;
  } finally {
    process.off(SIGNAL, heard);
    await worker.terminate();
  }
}
