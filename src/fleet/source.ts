/**
 * Many machines as a source of Frames, from a store that scrapes `tscg export` on them. The newest Frame is one query of the
 * last scrapes; one of the past is the same query as of that time.
 */

import { createOwnMeter } from '../metrics/own-usage.ts';
import type { Frame, FrameDemand, Source } from '../metrics/source.ts';
import { localTime } from '../text/local-time.ts';
import { type FleetFrame, fleetFrame, fleetIn, type IdentityOf } from './frame.ts';
import type { RowHistory } from './history.ts';
import { type RowLabels, rowQuery, tableQuery, WINDOW_SECONDS } from './queries.ts';
import { StoreError } from './store.ts';
import type { StoreReader } from './store-reader.ts';

export interface FleetSource extends Source {
  next(demand?: FrameDemand): Promise<FleetFrame>;
  /** By the clock of the store, as its last answer told it: milliseconds since the epoch. */
  now(): number;
  /** Whether the demand has metrics that no Frame was asked for yet. */
  lacks(demand: FrameDemand): boolean;
  readonly past: NonNullable<Source['past']>;
  /** All that the store has of one workload, as of a time in milliseconds since the epoch. */
  whole(row: RowLabels, time: number): Promise<FleetFrame>;
  /** The history of these metrics of one workload, over so many seconds up to that time. */
  history(row: RowLabels, ids: Iterable<string>, seconds: number, time: number): Promise<RowHistory>;
}

const isFleetSource = (source: Source): source is FleetSource => 'whole' in source;

/** The source if it is one of many machines, else undefined. */
export const fleetOf = (source: Source): FleetSource | undefined => (isFleetSource(source) ? source : undefined);

/** Seconds between two scrapes, where no machine has two of them yet. */
const USUAL_SECONDS = 15;

export function openFleetSource(reader: StoreReader): FleetSource {
  const { address } = reader;
  const identities = createIdentities();
  const ownCost = createOwnMeter();
  /** All metrics that were demanded so far. The next Frame has them all, so that a screen shown before is whole at once. */
  const asked = new Set<string>();
  let newest: FleetFrame | undefined;

  async function frameOf(of: FrameKind, query: string, time?: number): Promise<FleetFrame> {
    const began = performance.now();
    const table = await reader.table(query, time === undefined ? undefined : time / 1000);
    if (table.rows.length === 0) throw new StoreError(`${address}: ${table.partial ?? nothingText(time)}`);
    const milliseconds = performance.now() - began;
    return fleetFrame(table, { address, identityOf: identities(of), milliseconds, ...ownCost() });
  }

  async function seek(time: number): Promise<FleetFrame> {
    if (newest && time >= newest.usage.snapshot.wall) return newest;
    return frameOf('past', tableQuery(), time);
  }

  return {
    isLive: true,
    async next({ metrics } = {}) {
      for (const id of metrics ?? []) asked.add(id);
      newest = await frameOf('newest', tableQuery(metrics && asked));
      return newest;
    },
    now: () => Date.now() + (newest?.fleet.ahead ?? 0),
    lacks: ({ metrics = new Set() }) => [...metrics].some((id) => !asked.has(id)),
    past: {
      seek,
      step: (from, by) => seek(from.usage.snapshot.wall + by * paceOf(from) * 1000),
    },
    whole: (row, time) => frameOf('row', rowQuery(row, undefined, WINDOW_SECONDS), time),
    history: (row, ids, seconds, time) => reader.history(rowQuery(row, ids, seconds), time / 1000),
    onChange: () => undefined,
    close: () => reader.close(),
  };
}

const nothingText = (time: number | undefined): string =>
  time === undefined
    ? `it has no figures of tscg export of the last ${WINDOW_SECONDS} s; is that scraped, at least every minute?`
    : `it has no figures of tscg export of the ${WINDOW_SECONDS} s before ${localTime(time)}`;

/** Seconds between two scrapes of the machine that is scraped most often. */
function paceOf(frame: Frame): number {
  const known =
    fleetIn(frame)
      ?.machines.map(({ seconds }) => seconds)
      .filter((seconds) => seconds > 0) ?? [];
  return known.length === 0 ? USUAL_SECONDS : Math.min(...known);
}

/** The newest Frame of all rows, one of the past, or one of a single row. */
type FrameKind = 'newest' | 'past' | 'row';

/** Two, as one answer of a store may lack a machine that the next one has again. */
const REMEMBERED_FRAMES = 2;

/**
 * Numbers the rows of Frames. A row keeps the number that it has in the last of the newest Frames or in the last of the past.
 * Rows that none of these has are forgotten, so that a store whose rows come and go costs no more memory than a few Frames.
 */
function createIdentities(): (of: FrameKind) => IdentityOf {
  let given = 0;
  const remembered: Record<Exclude<FrameKind, 'row'>, readonly ReadonlyMap<string, number>[]> = {
    newest: [],
    past: [],
  };
  return (of) => {
    const known = [...remembered.newest, ...remembered.past];
    const numbers = new Map<string, number>();
    if (of !== 'row') remembered[of] = [numbers, ...remembered[of]].slice(0, REMEMBERED_FRAMES);
    return ({ target, id }) => {
      const key = `${Object.values(target).join('\n')}\n${id}`;
      const number = numbers.get(key) ?? known.find((frame) => frame.has(key))?.get(key) ?? ++given;
      numbers.set(key, number);
      return number;
    };
  };
}
