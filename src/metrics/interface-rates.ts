/** What the interfaces of one network namespace carried a second, from two readings of their counters. Pure. */

import type { NetworkInterface } from '../inventory/network/facts.ts';
import { INTERFACE_COUNTERS, type InterfaceCounters, ofEachCounter } from '../kernel/net-dev.ts';
import { believe, type Counters, ratePerSecond } from './counters.ts';

/** What the kernel tells of one namespace at one time. */
export interface InterfaceReadings {
  /** Inode; null where it may not be seen. */
  readonly namespace: number | null;
  readonly interfaces: readonly NetworkInterface[];
  /** CLOCK_MONOTONIC milliseconds of the counters. */
  readonly time: number;
}

/** Counters of the interfaces of one namespace, as last believed. */
export interface InterfaceTotals {
  readonly namespace: number | null;
  /** By name and index: an interface of the same name may be another one. Each in the order of INTERFACE_COUNTERS. */
  readonly counters: ReadonlyMap<string, Counters>;
}

const keyOf = ({ name, index }: NetworkInterface): string => `${index}:${name}`;

/** `before`: the totals before these; of another namespace they count for nothing. */
export function interfaceTotals(
  before: InterfaceTotals | undefined,
  { namespace, interfaces, time }: InterfaceReadings,
): InterfaceTotals {
  const known = before?.namespace === namespace ? before.counters : undefined;
  const counters = new Map(known);
  for (const one of interfaces) {
    const { counters: read } = one;
    if (!read) continue;
    const values = INTERFACE_COUNTERS.map((counter) => read[counter]);
    counters.set(keyOf(one), believe(known?.get(keyOf(one)), time, values));
  }
  return { namespace, counters };
}

/**
 * A second, by name. NaN for a counter that fell; none for an interface that was not there before, or that is another one
 * of that name, and none without two readings of the same namespace.
 */
export function interfaceRates(
  before: InterfaceTotals | undefined,
  now: InterfaceTotals,
  interfaces: readonly NetworkInterface[],
): ReadonlyMap<string, InterfaceCounters> {
  const rates = new Map<string, InterfaceCounters>();
  if (!before || before.namespace !== now.namespace) return rates;
  for (const one of interfaces) {
    const [old, current] = [before.counters.get(keyOf(one)), now.counters.get(keyOf(one))];
    if (!old || !current || !one.counters) continue;
    rates.set(
      one.name,
      ofEachCounter((_, index) => ratePerSecond(old, current, index)),
    );
  }
  return rates;
}
