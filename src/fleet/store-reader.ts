/** Reads a store: an answer as a table of rows, or as the history of one row. `store-thread.ts` does it in a thread of its own. */
import { historyOf, type RowHistory } from './history.ts';
import { openStore, type StoreOptions } from './store.ts';
import { type FleetTable, tableOf } from './table.ts';

/** Queries are those of `queries.ts`; `time`: seconds since the epoch, now where absent. Each throws StoreError. */
export interface StoreReader {
  /** Of the store, for messages: without user and password. */
  readonly address: string;
  table(query: string, time?: number): Promise<FleetTable>;
  history(query: string, time?: number): Promise<RowHistory>;
  close(): void;
}

export function openStoreReader(options: StoreOptions): StoreReader {
  const store = openStore(options);
  return {
    address: store.address,
    table: async (query, time) => tableOf(await store.query(query, time)),
    history: async (query, time) => historyOf(await store.query(query, time)),
    close: () => undefined,
  };
}
