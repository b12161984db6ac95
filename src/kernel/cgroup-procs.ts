/**
 * cgroup.procs (processes) and cgroup.threads (threads): one id a line, in no order; one may be there twice.
 *
 *     185
 *     0          a task outside the reader's PID namespace
 */

/** Ids each once, as the reader's PID namespace numbers them; tasks outside it are counted apart. */
export function parseProcs(text: string): { pids: number[]; foreign: number } {
  const pids = new Set<number>();
  let foreign = 0;
  for (const line of text.split('\n')) {
    const pid = /^\d+$/.test(line) ? Number(line) : Number.NaN;
    if (pid === 0) foreign++;
    else if (pid > 0) pids.add(pid);
  }
  return { pids: [...pids], foreign };
}
