/**
 * /proc/stat: what the CPUs of the host did since boot, in clock ticks of 1/100 s (USER_HZ).
 *
 *     cpu  5427 0 3210 818020 512 0 101 42 0 0
 *     cpu0 2711 0 1604 409010 256 0 51 21 0 0
 *     ctxt 2871935
 *     btime 1764032340
 *     processes 21034
 *     procs_running 2
 *     procs_blocked 0
 */

import { parseSingleValue } from './single-value.ts';

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
  /** Context switches since boot. */
  readonly ctxt: number;
  /** Forks since boot. */
  readonly processes: number;
  readonly procs_running: number;
  readonly procs_blocked: number;
}

/** Figures that are missing are NaN. The line of interrupts, which has a number for each of them, is not taken apart. */
export function parseProcStat(text: string): ProcStat {
  const lines = new Map<string, string>();
  const cpus = new Map<number, CpuTicks>();
  for (const line of text.split('\n')) {
    const end = line.indexOf(' ');
    const [key, rest] = [line.slice(0, end), line.slice(end + 1)];
    if (/^cpu\d+$/.test(key)) cpus.set(Number(key.slice('cpu'.length)), ticks(rest));
    else lines.set(key, rest);
  }
  const first = (key: string): number => parseSingleValue(lines.get(key));
  return {
    cpu: ticks(lines.get('cpu') ?? ''),
    cpus,
    btime: first('btime'),
    ctxt: first('ctxt'),
    processes: first('processes'),
    procs_running: first('procs_running'),
    procs_blocked: first('procs_blocked'),
  };
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
