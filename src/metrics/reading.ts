/** What a metric's `derive` may ask about one row of two Snapshots. */
export interface Reading {
  /** Value of a column of the Snapshot now. */
  now(column: number): number;
  /**
   * Change of a counter since the Snapshot before, never negative; NaN without one, or where the row was re-created.
   * The kernel's split of CPU time may step back in a living cgroup: that is no change.
   */
  change(column: number): number;
  /** Time between the two reads of the column's file. */
  seconds(column: number): number;
  /** Another metric of this row. */
  metric(id: string): number;
  /** Effective limit over the row and its ancestors. */
  limit(kind: LimitKind): number;
}

/** Limits that are the smallest over the ancestors. */
export type LimitKind = 'cpu' | 'memory' | 'swap' | 'pids';
