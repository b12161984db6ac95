/**
 * /proc/PID/net/dev: counters of the interfaces in the network namespace of a process.
 *
 *     Inter-|   Receive                                                |  Transmit
 *      face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
 *         lo:  123456     789    0    0    0     0          0         0   123456     789    0    0    0     0       0          0
 */

import { parseSingleValue } from './single-value.ts';

/** The counters that are used, each with its column. */
const COLUMNS = {
  rxBytes: 0,
  txBytes: 8,
  rxPackets: 1,
  txPackets: 9,
  rxDrop: 3,
  txDrop: 11,
  rxErrors: 2,
  txErrors: 10,
} as const;

type InterfaceCounter = keyof typeof COLUMNS;

export const INTERFACE_COUNTERS = Object.keys(COLUMNS) as readonly InterfaceCounter[];

/** Since the interface was made, or a second. */
export type InterfaceCounters = Readonly<Record<InterfaceCounter, number>>;

/** A figure for each counter. `index` is its place in INTERFACE_COUNTERS. */
export function ofEachCounter(figure: (counter: InterfaceCounter, index: number) => number): InterfaceCounters {
  const figures: Record<InterfaceCounter, number> = { ...COLUMNS };
  INTERFACE_COUNTERS.forEach((counter, index) => {
    figures[counter] = figure(counter, index);
  });
  return figures;
}

/** By interface name, `lo` included. */
export function parseNetDev(text: string): Map<string, InterfaceCounters> {
  const interfaces = new Map<string, InterfaceCounters>();
  for (const line of text.split('\n')) {
    /** The figures follow the last colon, at once if they are wide; an alias has one in its name (`eth0:1`). */
    const [, name, figures] = /^\s*(\S.*):\s*(\d[\d\s]*)$/.exec(line) ?? [];
    if (name === undefined || figures === undefined) continue;
    const at = figures.trim().split(/\s+/).map(parseSingleValue);
    interfaces.set(
      name,
      ofEachCounter((counter) => at[COLUMNS[counter]] ?? Number.NaN),
    );
  }
  return interfaces;
}
