/** Many machines as one Source: each Frame is one query of a store that scrapes `tscg export` on them. */
import type { Source } from '../metrics/source.ts';
import { expressionFor, frameOfSeries } from './frame.ts';
import type { QueryApi } from './store.ts';
import { StoreError } from './store.ts';

/** Two scrapes, a minute apart at most, lie in it. */
const WINDOW_SECONDS = 150;

/** `ids`: metrics that are asked for; all where absent. */
export function openFleetSource(store: QueryApi, ids?: readonly string[]): Source {
  const identities = new Map<string, number>();
  const identityOf = (key: string): number => {
    const known = identities.get(key) ?? identities.size + 1;
    identities.set(key, known);
    return known;
  };
  return {
    isLive: false,
    async next() {
      const started = performance.now();
      const series = await store.query(expressionFor(ids, WINDOW_SECONDS));
      if (series.length === 0)
        throw new StoreError(
          `${store.address}: it has no figures of tscg export of the last ${WINDOW_SECONDS} s; is that scraped, at least every minute?`,
        );
      return frameOfSeries(series, identityOf, performance.now() - started);
    },
    onChange: () => undefined,
    close: () => undefined,
  };
}
