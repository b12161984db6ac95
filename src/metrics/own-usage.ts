/** What this very program uses: the monitor's own cost is on its screen. */

export interface OwnUsage {
  /** CPU time of all threads since its start, in microseconds. */
  readonly cpuUsec: number;
  /** Resident bytes. */
  readonly rss: number;
}

/** An interval of its life. */
export interface OwnInterval {
  readonly own: OwnUsage;
  /** 100 is one CPU; NaN at first. */
  readonly ownCpuPercent: number;
}

export function ownCpuUsec(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Gives what it used since the call before. */
export function createOwnMeter(): () => OwnInterval {
  let before: { readonly cpuUsec: number; readonly time: number } | undefined;
  return () => {
    const own = { cpuUsec: ownCpuUsec(), rss: process.memoryUsage.rss() };
    const time = performance.now();
    const used = own.cpuUsec - (before?.cpuUsec ?? Number.NaN);
    const ownCpuPercent = (used / ((time - (before?.time ?? Number.NaN)) * 1000)) * 100;
    before = { cpuUsec: own.cpuUsec, time };
    return { own, ownCpuPercent };
  };
}
