/**
 * What looks may cost: a share of one CPU in the long run. CPU time is saved up while no look runs, and a look takes its cost
 * out of that. One that would cost more is put off. What the program uses beside its looks does not count.
 */

export interface LookBudget {
  /**
   * Begins a look; its end is told by calling what it returns. Undefined where another one is under way or this one is put
   * off.
   */
  begin(): (() => void) | undefined;
  /** Why the next look would be put off now, in words; undefined where it would not be. */
  reason(): string | undefined;
}

/** Milliseconds whose CPU time is saved up at most: of a tenth of a CPU that is enough for a few looks one after another. */
const SAVED_OVER_MS = 30_000;
/** What a look is thought to cost before one was measured. */
const FIRST_COST_MS = 500;
/** Milliseconds between two looks that tell what the program uses without them. */
const LEAST_BETWEEN_MS = 1000;

export interface LookBudgetOptions {
  /** The share of one CPU that looks may use in the long run; a tenth by default. */
  readonly share?: number;
  /** Milliseconds of CPU time that this program has used so far. */
  readonly cpuMs?: () => number;
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number;
}

const ownCpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

export function createLookBudget({
  share = 0.1,
  cpuMs = ownCpuMs,
  now = () => performance.now(),
}: LookBudgetOptions = {}): LookBudget {
  const mostSaved = share * SAVED_OVER_MS;
  let saved = mostSaved;
  let counted = now();
  let expected = FIRST_COST_MS;
  let isRunning = false;
  let last = { time: now(), cpu: cpuMs() };
  /** The share of a CPU that the program uses without a look. */
  let anyway = 0;

  function save(): void {
    const time = now();
    saved = Math.min(mostSaved, saved + share * (time - counted));
    counted = time;
  }

  const lacking = (): number => {
    save();
    // A look that costs more than can be saved up begins when the most is saved, and what it costs beyond that is owed.
    return Math.min(expected, mostSaved) - saved;
  };

  return {
    begin() {
      if (isRunning || lacking() > 0) return undefined;
      const start = { time: now(), cpu: cpuMs() };
      const between = start.time - last.time;
      if (between >= LEAST_BETWEEN_MS) anyway = (start.cpu - last.cpu) / between;
      isRunning = true;
      return () => {
        if (!isRunning) return;
        last = { time: now(), cpu: cpuMs() };
        const cost = Math.max(0, last.cpu - start.cpu - anyway * (last.time - start.time));
        save();
        saved -= cost;
        expected = cost;
        isRunning = false;
      };
    },
    reason() {
      if (isRunning) return undefined;
      const ms = lacking();
      return ms <= 0
        ? undefined
        : `the looks have used their ${share * 100} % of a CPU; the next one is in ${Math.ceil(ms / share / 1000)} s`;
    },
  };
}
