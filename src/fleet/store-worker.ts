/** The thread of `store-thread.ts`: asks the store, and gives what its answers hold. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '../text/error-text.ts';
import { openStoreReader } from './store-reader.ts';
import type { StoreAnswer, StoreQuestion } from './store-thread.ts';

const reader = openStoreReader(workerData);

async function answerOf({ number, kind, query, time }: StoreQuestion): Promise<StoreAnswer> {
  try {
    return kind === 'table'
      ? { number, table: await reader.table(query, time) }
      : { number, history: await reader.history(query, time) };
  } catch (error) {
    return { number, fault: errorText(error) };
  }
}

parentPort?.on('message', async (question: StoreQuestion) => parentPort?.postMessage(await answerOf(question)));
