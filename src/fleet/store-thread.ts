/** Reads a store in a thread of its own: an answer of megabytes is parsed there, and no key waits for it. */

import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { RowHistory } from './history.ts';
import { type StoreAccess, StoreError, type StoreOptions, storeAddress } from './store.ts';
import type { StoreReader } from './store-reader.ts';
import type { FleetTable } from './table.ts';

/** A message to the thread. */
export interface StoreQuestion {
  readonly number: number;
  readonly kind: 'table' | 'history';
  readonly query: string;
  readonly time?: number;
  readonly access: StoreAccess | undefined;
}

/** What the thread is begun with: what a message can hold. */
export type ThreadOptions = Omit<StoreOptions, 'access'>;

/** A message from it. */
export type StoreAnswer =
  | { readonly number: number; readonly table: FleetTable }
  | { readonly number: number; readonly history: RowHistory }
  | { readonly number: number; readonly fault: string };

/**
 * MB of JavaScript objects that the thread may hold: enough for the largest answer that is parsed (`store.ts`). V8 ends the
 * program where it is not.
 */
const MOST_MEMORY = 4096;
/** MB for what an answer is parsed into, which lives for a moment: with less, most of the time would go to garbage collection. */
const YOUNG_MEMORY = 64;

/** Beside this file in src/, and beside the bundle that holds it in dist/. */
const THREAD = fileURLToPath(new URL(`store-worker${extname(import.meta.url)}`, import.meta.url));

export function openStoreThread({ access, ...options }: StoreOptions): StoreReader {
  const address = storeAddress(options.url);
  const waiting = new Map<number, { resolve: (answer: StoreAnswer) => void; reject: (error: StoreError) => void }>();
  let thread: Worker | undefined;
  let asked = 0;

  function begin(): Worker {
    const worker = new Worker(THREAD, {
      workerData: options satisfies ThreadOptions,
      resourceLimits: { maxOldGenerationSizeMb: MOST_MEMORY, maxYoungGenerationSizeMb: YOUNG_MEMORY },
      stdout: true,
      stderr: true,
    });
    // After an error, as for want of memory, the thread is gone: the next question begins another one.
    const end = (reason: string): void => {
      if (thread === worker) thread = undefined;
      for (const { reject } of waiting.values()) reject(new StoreError(`${address}: ${reason}`));
      waiting.clear();
    };
    worker.on('message', (answer: StoreAnswer) => {
      waiting.get(answer.number)?.resolve(answer);
      waiting.delete(answer.number);
    });
    worker.on('error', (error: Error) => end(`its answer could not be read: ${error.message}`));
    return worker;
  }

  async function ask(question: Omit<StoreQuestion, 'number' | 'access'>): Promise<StoreAnswer> {
    thread ??= begin();
    const worker = thread;
    const number = ++asked;
    const answer = await new Promise<StoreAnswer>((resolve, reject) => {
      waiting.set(number, { resolve, reject });
      worker.postMessage({ ...question, number, access: access?.() } satisfies StoreQuestion);
    });
    if ('fault' in answer) throw new StoreError(answer.fault);
    return answer;
  }

  const other = (): Error => new Error(`${address}: an answer to another question`);
  return {
    address,
    async table(query, time) {
      const answer = await ask({ kind: 'table', query, ...(time !== undefined && { time }) });
      if ('table' in answer) return answer.table;
      throw other();
    },
    async history(query, time) {
      const answer = await ask({ kind: 'history', query, ...(time !== undefined && { time }) });
      if ('history' in answer) return answer.history;
      throw other();
    },
    close: () => void thread?.terminate(),
  };
}
