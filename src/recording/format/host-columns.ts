/** The figures of the host and of the recorder itself as one row of columns, in a fixed order. */

import type { Stall } from '../../kernel/pressure.ts';
import { type HostSnapshot, RESOURCES } from '../../metrics/host.ts';
import { TIME_GRID } from '../../metrics/time-grid.ts';
import type { Moment } from './moment.ts';

interface HostColumn {
  readonly id: string;
  readonly scale: number;
  readonly of: (moment: Moment) => number;
}

const STALL_KEYS = ['avg10', 'avg60', 'avg300', 'total'] as const satisfies readonly (keyof Stall)[];
const KINDS = ['some', 'full'] as const;

const ofHost = (id: string, of: (host: HostSnapshot) => number, scale = 1): HostColumn => ({
  id,
  scale,
  of: ({ snapshot }) => of(snapshot.host),
});

/** Later versions add at the end. */
const HOST_COLUMNS: readonly HostColumn[] = [
  ofHost('cpus', ({ cpus }) => cpus),
  ofHost('cpu_busy_ticks', ({ cpuBusyTicks }) => cpuBusyTicks),
  ofHost('cpu_total_ticks', ({ cpuTotalTicks }) => cpuTotalTicks),
  ofHost('memory_total', ({ memoryTotal }) => memoryTotal),
  ofHost('memory_available', ({ memoryAvailable }) => memoryAvailable),
  ofHost('swap_total', ({ swapTotal }) => swapTotal),
  ofHost('swap_free', ({ swapFree }) => swapFree),
  ofHost('oom_kills', ({ oomKills }) => oomKills),
  ofHost('load1', ({ load }) => load[0], 100),
  ofHost('load5', ({ load }) => load[1], 100),
  ofHost('load15', ({ load }) => load[2], 100),
  ofHost('time', ({ time }) => time, TIME_GRID),
  ofHost('own_cpu_usec', ({ own }) => own.cpuUsec),
  ofHost('own_rss', ({ own }) => own.rss),
  ...RESOURCES.flatMap((resource) =>
    KINDS.flatMap((kind) =>
      STALL_KEYS.map((key) =>
        ofHost(
          `${resource}_${kind}_${key}`,
          ({ pressure }) => pressure[resource][kind]?.[key] ?? Number.NaN,
          key === 'total' ? 1 : 100,
        ),
      ),
    ),
  ),
  { id: 'hidden', scale: 1, of: ({ hidden }) => hidden },
  { id: 'cost_milliseconds', scale: 1, of: ({ cost }) => cost.milliseconds },
  { id: 'cost_reads', scale: 1, of: ({ cost }) => cost.reads },
  { id: 'cost_descriptors', scale: 1, of: ({ cost }) => cost.descriptors },
  { id: 'cost_missed', scale: 1, of: ({ cost }) => cost.missed },
];

export const HOST_SCALES: readonly number[] = HOST_COLUMNS.map(({ scale }) => scale);
/** Of a moment before the first one. */
export const NO_HOST = new Float64Array(HOST_COLUMNS.length).fill(Number.NaN);
const INDEX: ReadonlyMap<string, number> = new Map(HOST_COLUMNS.map(({ id }, index) => [id, index]));

export const hostFigures = (moment: Moment): Float64Array => Float64Array.from(HOST_COLUMNS, ({ of }) => of(moment));

export function hostOf(figures: Float64Array, cpuSet: string): HostSnapshot & Pick<Moment, 'hidden' | 'cost'> {
  const at = (id: string): number => figures[INDEX.get(id) ?? -1] ?? Number.NaN;
  const stall = (prefix: string): Stall | undefined => {
    const figure = (key: (typeof STALL_KEYS)[number]): number => at(`${prefix}_${key}`);
    if (STALL_KEYS.every((key) => Number.isNaN(figure(key)))) return undefined;
    return { avg10: figure('avg10'), avg60: figure('avg60'), avg300: figure('avg300'), total: figure('total') };
  };
  const pressure = (resource: string) => {
    const [some, full] = KINDS.map((kind) => stall(`${resource}_${kind}`));
    return { ...(some && { some }), ...(full && { full }) };
  };
  return {
    cpus: at('cpus'),
    cpuSet,
    cpuBusyTicks: at('cpu_busy_ticks'),
    cpuTotalTicks: at('cpu_total_ticks'),
    memoryTotal: at('memory_total'),
    memoryAvailable: at('memory_available'),
    swapTotal: at('swap_total'),
    swapFree: at('swap_free'),
    oomKills: at('oom_kills'),
    load: [at('load1'), at('load5'), at('load15')],
    pressure: { cpu: pressure('cpu'), memory: pressure('memory'), io: pressure('io') },
    time: at('time'),
    own: { cpuUsec: at('own_cpu_usec'), rss: at('own_rss') },
    hidden: at('hidden') || 0,
    cost: {
      milliseconds: at('cost_milliseconds'),
      reads: at('cost_reads'),
      descriptors: at('cost_descriptors'),
      missed: at('cost_missed'),
    },
  };
}
