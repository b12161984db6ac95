/**
 * What the pairs of a randomised trial say, exactly: nothing is assumed of how the figures are distributed, only that the
 * order within each pair was drawn with a fair coin. Under "the limit does nothing" the sign of each difference is then such
 * a coin too.
 */

/** The exact test goes through 2^pairs cases. */
export const MOST_PAIRS = 20;
/** With fewer, not even a trial that went one way throughout gives p ≤ 0.05. */
export const LEAST_PAIRS = 5;

/** A pair is for the limit where the loss was smaller with it. */
export interface Pair {
  readonly off: number;
  readonly on: number;
}

export interface TrialEffect {
  readonly pairs: number;
  /** Means over the pairs. */
  readonly off: number;
  readonly on: number;
  /** `off - on`: what the limit saves; negative where it costs. */
  readonly saved: number;
  /** The effect lies between these with the probability `coverage`. */
  readonly range: readonly [least: number, most: number];
  readonly coverage: number;
  readonly pairsFor: number;
  readonly pairsAgainst: number;
  /** Probability that a limit without any effect would have seemed to save as much. */
  readonly p: number;
}

const sumOf = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

/** At most MOST_PAIRS pairs, all of them known; all figures are NaN where there are none. */
export function effectOf(pairs: readonly Pair[]): TrialEffect {
  const differences = pairs.map(({ off, on }) => off - on);
  const mean = (values: readonly number[]): number => sumOf(values) / values.length;
  return {
    pairs: pairs.length,
    off: mean(pairs.map(({ off }) => off)),
    on: mean(pairs.map(({ on }) => on)),
    saved: mean(differences),
    ...typicalRange(differences),
    pairsFor: differences.filter((difference) => difference > 0).length,
    pairsAgainst: differences.filter((difference) => difference < 0).length,
    p: signFlipP(differences),
  };
}

/** Sums that differ by rounding alone are the same. */
const ROUNDING = 1e-9;

/**
 * The share of all 2^n choices of signs that give a sum at least as large as the one seen: the exact one-sided p-value of
 * Fisher's randomisation test of paired differences. NaN without differences.
 */
export function signFlipP(differences: readonly number[]): number {
  if (differences.length === 0) return Number.NaN;
  const enough = sumOf(differences) - ROUNDING * sumOf(differences.map(Math.abs));
  let count = 0;
  const visit = (index: number, sum: number): void => {
    const difference = differences[index];
    if (difference === undefined) {
      if (sum >= enough) count++;
      return;
    }
    visit(index + 1, sum + difference);
    visit(index + 1, sum - difference);
  };
  visit(0, 0);
  return count / 2 ** differences.length;
}

/** The probability with which the range is to hold the true effect. */
const WANTED_COVERAGE = 0.95;

/**
 * The range that the same test does not rule out. The means of all 2^n - 1 choices of some of the differences divide the
 * line into intervals which hold the true effect with the same probability each (Hartigan 1969): those between the k-th
 * smallest and the k-th largest hold it with 1 - 2k / 2^n.
 */
function typicalRange(differences: readonly number[]): Pick<TrialEffect, 'range' | 'coverage'> {
  if (differences.length === 0) return { range: [Number.NaN, Number.NaN], coverage: Number.NaN };
  const cases = 2 ** differences.length;
  const means = new Float64Array(cases - 1);
  let at = 0;
  const visit = (index: number, sum: number, count: number): void => {
    const difference = differences[index];
    if (difference === undefined) {
      if (count > 0) means[at++] = sum / count;
      return;
    }
    visit(index + 1, sum + difference, count + 1);
    visit(index + 1, sum, count);
  };
  visit(0, 0, 0);
  means.sort();
  const k = Math.max(1, Math.floor(((1 - WANTED_COVERAGE) / 2) * cases));
  return {
    range: [means[k - 1] ?? Number.NaN, means[cases - 1 - k] ?? Number.NaN],
    coverage: 1 - (2 * k) / cases,
  };
}

/**
 * By how many standard deviations the rank sum of `high` lies above what it would be if both came from the same
 * distribution (Mann and Whitney 1947, normal approximation, corrected for ties). 0 where there is nothing to compare.
 */
export function rankSumZ(low: readonly number[], high: readonly number[]): number {
  const all = [...low.map((value) => ({ value, isHigh: false })), ...high.map((value) => ({ value, isHigh: true }))];
  all.sort((a, b) => a.value - b.value);
  const [n, m] = [all.length, high.length];
  let rankSum = 0;
  let ties = 0;
  for (let from = 0, to = 0; from < n; from = to) {
    while (to < n && all[to]?.value === all[from]?.value) to++;
    const tied = all.slice(from, to);
    // Equal ones share their places, which begin at 1.
    rankSum += ((from + 1 + to) / 2) * tied.filter(({ isHigh }) => isHigh).length;
    ties += tied.length ** 3 - tied.length;
  }
  const variance = ((m * (n - m)) / 12) * (n + 1 - ties / (n * (n - 1)));
  return variance > 0 ? (rankSum - (m * (n + 1)) / 2) / Math.sqrt(variance) : 0;
}
