/**
 * How much CPU time a piece of work took: what others run at the same time does not change it, as it does the clock on the
 * wall.
 */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
