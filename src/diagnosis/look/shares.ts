/**
 * Nominal shares: what the scheduler gives each of several competitors that want more than there is, by their weights.
 * One that wants less than its share leaves the rest to the others.
 */

export interface Competitor {
  readonly key: string;
  /** cpu.weight; 100 where none is set. */
  readonly weight: number;
  /** Milliseconds of CPU a second that it used while the victim waited. */
  readonly used: number;
  /** Wants all it can get: it waits, or nothing tells that it does not. */
  readonly hungry: boolean;
}

/** Nominal share of each in milliseconds a second, the sum being what they used together. */
export function nominalShares(competitors: readonly Competitor[]): Map<string, number> {
  const shares = new Map<string, number>();
  let capacity = competitors.reduce((sum, { used }) => sum + used, 0);
  let left = [...competitors];
  for (;;) {
    const weights = left.reduce((sum, { weight }) => sum + weight, 0);
    const content = left.filter(({ weight, used, hungry }) => !hungry && used < (capacity * weight) / weights);
    if (content.length === 0) {
      for (const { key, weight } of left) shares.set(key, weights > 0 ? (capacity * weight) / weights : 0);
      return shares;
    }
    for (const { key, used } of content) {
      shares.set(key, used);
      capacity -= used;
    }
    left = left.filter((one) => !content.includes(one));
  }
}
