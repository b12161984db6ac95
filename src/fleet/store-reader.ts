/**
 * Reads a store: an answer as a table of rows, or as the history of one row. `store-thread.ts` does it in a thread of its
 * own.
 */

import { historyOf, type RowHistory } from './history.ts';
import { openStore, type StoreOptions } from './store.ts';
import { type FleetTable, tableOf } from './table.ts';
import { labelsApart } from './targets.ts';

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
  /** The labels that told machines apart so far: a machine that one answer lacks changes no name. */
  const apart = new Set<string>();
  return {
    address: store.address,
    async table(query, time) {
      const { series, ...beside } = await store.query(query, time);
      for (const label of labelsApart(series)) apart.add(label);
      return { ...tableOf(series, [...apart]), ...beside };
    },
    history: async (query, time) => historyOf((await store.query(query, time)).series),
    close: () => undefined,
  };
}
