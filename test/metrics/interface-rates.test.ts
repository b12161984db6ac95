/** Rates of interfaces, from two looks made by hand. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type InterfaceReadings,
  type InterfaceTotals,
  interfaceRates,
  interfaceTotals,
} from '../../src/metrics/interface-rates.ts';

const NONE = { rxBytes: 0, rxPackets: 0, rxErrors: 0, rxDrop: 0, txBytes: 0, txPackets: 0, txErrors: 0, txDrop: 0 };

const lookAt = (time: number, rxBytes: number, more: { namespace?: number | null; index?: number } = {}) =>
  ({
    namespace: more.namespace === undefined ? 7 : more.namespace,
    time,
    interfaces: [
      {
        ...{ name: 'eth0', index: more.index ?? 2, kind: 'veth', state: 'up', mtu: 1500, master: null },
        addresses: [],
        counters: { ...NONE, rxBytes },
      },
    ],
  }) satisfies InterfaceReadings;

/** Of the last of these looks. */
function rxOf(...looks: readonly InterfaceReadings[]): number | undefined {
  let before: InterfaceTotals | undefined;
  let last: number | undefined;
  for (const look of looks) {
    const totals = interfaceTotals(before, look);
    last = interfaceRates(before, totals, look.interfaces).get('eth0')?.rxBytes;
    before = totals;
  }
  return last;
}

test('a second of its own time', () => {
  assert.is(rxOf(lookAt(1000, 100), lookAt(3000, 700)), 300);
  assert.is(rxOf(lookAt(1000, 100, { namespace: null }), lookAt(3000, 700, { namespace: null })), 300);
});

test('none without two looks at one interface of one namespace', () => {
  assert.is(rxOf(lookAt(1000, 5)), undefined);
  assert.is(rxOf(lookAt(1000, 5), lookAt(2000, 9, { namespace: 8 })), undefined);
  assert.is(rxOf(lookAt(1000, 5), lookAt(2000, 9, { index: 3 })), undefined);
  assert.ok(Number.isNaN(rxOf(lookAt(1000, 5), lookAt(1000, 9))));
});

test('a counter that fell gives no rate', () => {
  assert.ok(Number.isNaN(rxOf(lookAt(1000, 500), lookAt(2000, 9))));
});

test('a counter that is missing for one look comes back with a true rate', () => {
  assert.is(rxOf(lookAt(1000, 5000), lookAt(2000, 0), lookAt(3000, 5400)), 200);
});

test.run();
