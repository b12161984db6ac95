/** What a metric's `derive` may ask about one row of two Snapshots. */
export interface Reading {
  /** Value of a column of the Snapshot now. */
  now(column: number): number;
  /**
   * Change of a counter since the Snapshot before, never negative; NaN without one, or where the row was re-created.
   * User and system time may step back in a living cgroup: that counts as no change.
   */
  change(column: number): number;
  /** Time between the two reads of the column's file. */
  seconds(column: number): number;
  /** Another metric of this row. */
  metric(id: string): number;
  /** Effective limit: NO_LIMIT for none. */
  limit(kind: LimitKind): number;
  /** How much more it may use before a limit is reached, its own or one around it: NO_LIMIT where there is none. */
  headroom(kind: LimitKind): number;
  /** How full, from 0 on, the cgroup is that leaves no more than this headroom; NaN where nothing limits it. */
  fullness(kind: LimitKind): number;
}

/** Limits that bind the cgroup they are set on and all below it. */
export const LIMIT_KINDS = ['cpu', 'memory', 'swap', 'pids'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];
