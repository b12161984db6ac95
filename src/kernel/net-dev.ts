/**
 * /proc/PID/net/dev: counters of the interfaces in the network namespace of a process.
 *
 *     Inter-|   Receive                                                |  Transmit
 *      face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
 *         lo:  123456     789    0    0    0     0          0         0   123456     789    0    0    0     0       0          0
 */
import { parseSingleValue } from './single-value.ts';

/** Since the interface was made. */
export interface InterfaceCounters {
  readonly rxBytes: number;
  readonly rxPackets: number;
  readonly rxErrors: number;
  readonly rxDrop: number;
  readonly txBytes: number;
  readonly txPackets: number;
  readonly txErrors: number;
  readonly txDrop: number;
}

/** By interface name, `lo` included. */
export function parseNetDev(text: string): Map<string, InterfaceCounters> {
  const interfaces = new Map<string, InterfaceCounters>();
  for (const line of text.split('\n')) {
    /** The figures follow the last colon, at once if they are wide; an alias has one in its name (`eth0:1`). */
    const [, name, figures] = /^\s*(\S.*):\s*(\d[\d\s]*)$/.exec(line) ?? [];
    if (name === undefined || figures === undefined) continue;
    const at = figures.trim().split(/\s+/).map(parseSingleValue);
    const field = (index: number): number => at[index] ?? Number.NaN;
    interfaces.set(name, {
      rxBytes: field(0),
      rxPackets: field(1),
      rxErrors: field(2),
      rxDrop: field(3),
      txBytes: field(8),
      txPackets: field(9),
      txErrors: field(10),
      txDrop: field(11),
    });
  }
  return interfaces;
}
