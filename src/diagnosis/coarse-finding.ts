/**
 * A Finding from one Frame, where a closer look cannot be taken any more: it names nobody, and says what a look would have
 * to have read; pure.
 */

import { metric } from '../metrics/catalogue.ts';
import type { Frame } from '../metrics/source.ts';
import { VERDICT, verdictsOf } from './fields.ts';
import { CAUSES, type Figure, type Finding } from './model.ts';
import { coarseVerdict } from './verdict.ts';

/** What is not known without a look, by the resource of the cause. */
const ONLY_A_LOOK_READS: Partial<Record<(typeof CAUSES)[number]['resource'], string>> = {
  cpu: 'who held the CPUs: a look reads where each thread runs and how long it waits (/proc/PID/task/TID/schedstat), which no recording has',
  io: 'who kept the disk busy: a look reads io.stat of each disk and the queues of /proc/diskstats, which no recording has',
  memory:
    'who filled the memory: a look reads pgscan and the refaults of memory.stat, and memory.events.local, which no recording has',
};

/** What the verdict compares. */
const FIGURES = [
  'cpu_percent',
  'cpu_throttled_time_percent',
  'psi_cpu_some_percent',
  'psi_cpu_full_percent',
  'psi_memory_some_percent',
  'psi_io_some_percent',
];

export function coarseFinding({ usage, workloads }: Frame, row: number): Finding {
  const { path = '/', inode = 0, name = path } = workloads[row] ?? {};
  const { cause, loss } = coarseVerdict(verdictsOf(usage), row);
  const { help, resource } = CAUSES.find(({ code }) => code === cause) ?? { help: cause, resource: 'state' as const };
  const lost = Number.isNaN(loss) ? '' : `, ${loss.toFixed(0)} ms of each second`;
  const figures = FIGURES.map((id): Figure => {
    const { formula } = metric(id);
    return { id: id.replace(/_percent$/, ''), value: usage.value(id, row), unit: 'percent', source: formula };
  });
  const lookedFor = ONLY_A_LOOK_READS[resource];
  const unknown = cause === 'unknown' ? (VERDICT.reason(usage, row) ?? 'a figure is missing') : undefined;
  return {
    workload: { path, inode, name },
    when: usage.snapshot.wall,
    window: usage.seconds,
    verdicts: [{ cause, loss, sentence: `${help}${lost}`, figures, suspects: [], remedies: [] }],
    source: 'files',
    missing: [...(lookedFor ? [lookedFor] : []), ...(unknown ? [unknown] : [])],
  };
}
