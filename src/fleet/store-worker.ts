/** The thread of `store-thread.ts`: asks the store, and gives what its answers hold. */

import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../text/error-text.ts';
import type { StoreAccess } from './store.ts';
import { openStoreReader } from './store-reader.ts';
import type { StoreAnswer, StoreQuestion, ThreadOptions } from './store-thread.ts';

/** That of the question which is put to the store. */
let access: StoreAccess = {};
const options: ThreadOptions = workerData;
const reader = openStoreReader({ ...options, access: () => access });

async function answerOf({ number, kind, query, time, ...asked }: StoreQuestion): Promise<StoreAnswer> {
  access = asked.access ?? {};
  try {
    return kind === 'table'
      ? { number, table: await reader.table(query, time) }
      : { number, history: await reader.history(query, time) };
  } catch (error) {
    return { number, fault: errorText(error) };
  }
}

parentPort?.on('message', async (question: StoreQuestion) => parentPort?.postMessage(await answerOf(question)));
