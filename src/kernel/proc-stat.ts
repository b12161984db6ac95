/**
 * /proc/stat: what the CPUs of the host did since boot, in clock ticks of 1/100 s (USER_HZ).
 *
 *     cpu  5427 0 3210 818020 512 0 101 42 0 0
 *     cpu0 2711 0 1604 409010 256 0 51 21 0 0
 *     intr 49210 12 0 3
 *     btime 1764032340
 */

import { parseSingleValue, restOfLine } from './single-value.ts';

const STATES = ['user', 'nice', 'system', 'idle', 'iowait', 'irq', 'softirq', 'steal', 'guest', 'guest_nice'] as const;

/** Ticks in each state. user and nice include guest and guest_nice. */
export type CpuTicks = Readonly<Record<(typeof STATES)[number], number>>;

export interface ProcStat {
  /** All CPUs together. */
  readonly cpu: CpuTicks;
  /** By CPU number; only those online. */
  readonly cpus: ReadonlyMap<number, CpuTicks>;
  /** Boot, in seconds since the epoch. */
  readonly btime: number;
}

/** Figures that are missing are NaN. The CPUs are first; the line of interrupts, which has a number for each of them, is left. */
export function parseProcStat(text: string): ProcStat {
  const cpus = new Map<number, CpuTicks>();
  let cpu = ticks('');
  for (const line of text.split('\n')) {
    if (!line.startsWith('cpu')) break;
    const end = line.indexOf(' ');
    const figures = ticks(line.slice(end + 1));
    if (end === 'cpu'.length) cpu = figures;
    else cpus.set(Number(line.slice('cpu'.length, end)), figures);
  }
  return { cpu, cpus, btime: parseSingleValue(restOfLine(text, 'btime ')) };
}

function ticks(text: string): CpuTicks {
  const values = text.trim().split(' ');
  const at = (state: (typeof STATES)[number]): number => parseSingleValue(values[STATES.indexOf(state)]);
  return {
    user: at('user'),
    nice: at('nice'),
    system: at('system'),
    idle: at('idle'),
    iowait: at('iowait'),
    irq: at('irq'),
    softirq: at('softirq'),
    steal: at('steal'),
    guest: at('guest'),
    guest_nice: at('guest_nice'),
  };
}

/** Ticks of all states but the guests, which user and nice hold already: the time that passed, over all CPUs. */
export const totalTicks = (ticks: CpuTicks): number => busyTicks(ticks) + ticks.idle + (ticks.iowait || 0);

/** Ticks spent running, stolen ones included. NaN where the line is missing. */
export function busyTicks({ user, nice, system, irq, softirq, steal }: CpuTicks): number {
  return user + nice + system + (irq || 0) + (softirq || 0) + (steal || 0);
}
