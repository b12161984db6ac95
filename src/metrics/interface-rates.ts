/** What the interfaces of one network namespace carried a second, from two looks at their counters. Pure. */
import type { NetworkInterface } from '../inventory/network/facts.ts';
import type { InterfaceCounters } from '../kernel/net-dev.ts';

/** The counters of one namespace at one time. */
export interface InterfaceLook {
  /** Inode; null where it may not be seen. */
  readonly namespace: number | null;
  readonly interfaces: readonly NetworkInterface[];
  /** CLOCK_MONOTONIC milliseconds of the counters. */
  readonly time: number;
}

/**
 * A second, by name. NaN for a counter that fell; none for an interface that was not there before, or that is another one
 * of that name, and none without two looks at the same namespace.
 */
export function interfaceRates(
  before: InterfaceLook | undefined,
  now: InterfaceLook,
): ReadonlyMap<string, InterfaceCounters> {
  const rates = new Map<string, InterfaceCounters>();
  const seconds = before ? (now.time - before.time) / 1000 : 0;
  if (!before || before.namespace !== now.namespace || seconds <= 0) return rates;
  for (const { name, index, counters } of now.interfaces) {
    const old = before.interfaces.find((one) => one.name === name && one.index === index)?.counters;
    if (!old || !counters) continue;
    const rate = (key: keyof InterfaceCounters): number => {
      const change = counters[key] - old[key];
      return change >= 0 ? change / seconds : Number.NaN;
    };
    rates.set(name, {
      rxBytes: rate('rxBytes'),
      rxPackets: rate('rxPackets'),
      rxErrors: rate('rxErrors'),
      rxDrop: rate('rxDrop'),
      txBytes: rate('txBytes'),
      txPackets: rate('txPackets'),
      txErrors: rate('txErrors'),
      txDrop: rate('txDrop'),
    });
  }
  return rates;
}
