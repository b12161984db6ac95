/** Which rows are there, where a store has series that end at other times than those beside them. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { fleetIn } from '../../src/fleet/frame.ts';
import { fleetOf, type Scrape } from './prometheus.ts';

const POPULATED = (path: string): string => `tscg_populated{id="${path}",name="x",kind="unit"} 1\n`;

/** A machine that two Prometheus scrape every 15 s, the second one some seconds after the first, as Thanos makes one of both. */
for (const apart of [1, 7, 14])
  test(`a machine that is scraped twice, ${apart} s apart, has all of its rows at any time`, async () => {
    for (const old of [0, apart]) {
      // Which of the two a series is taken from depends on when it began.
      const young = apart - old;
      const { workloads } = await fleetOf([
        ...[100, 115, 130].map((time) => ({ instance: 'a', time: time + old, text: POPULATED('/old') })),
        ...[115, 130].map((time) => ({ instance: 'a', time: time + young, text: POPULATED('/young') })),
        { instance: 'a', time: 115 + old, text: POPULATED('/gone') },
      ]);
      assert.equal(
        workloads.map(({ path }) => path),
        ['/old', '/young'],
      );
    }
  });

test('a row that VictoriaMetrics marks as ended is gone, and a machine that did not answer is as of its last scrape', async () => {
  const ended = { instance: 'a', time: 130, text: POPULATED('/gone').replace(/1\n$/, 'NaN\n') };
  const fleet = await fleetOf([
    ...[100, 115].map((time) => ({ instance: 'a', time, text: `${POPULATED('/web')}${POPULATED('/gone')}` })),
    ...[{ instance: 'a', time: 130, text: POPULATED('/web') }, ended],
    ...[100, 115].map((time) => ({ instance: 'b', time, text: POPULATED('/db') })),
    { instance: 'b', time: 130, text: POPULATED('/db').replace(/1\n$/, 'NaN\n') },
  ]);
  assert.equal(
    fleet.workloads.map(({ host, path }, row) => [host, path, fleet.usage.value('populated', row)]),
    [
      ['a', '/web', 1],
      ['b', '/db', 1],
    ],
  );
  assert.equal(
    fleetIn(fleet)?.machines.map(({ name, time }) => [name, time]),
    [
      ['a', 130_000],
      ['b', 115_000],
    ],
  );
});

test('of two series of a row the newer one is shown, whichever comes first', async () => {
  const scrape = (time: number, replica: string): Scrape => ({
    ...{ instance: 'a', time, labels: { replica } },
    text: `${POPULATED('/web')}container_threads{id="/web"} ${time}\n`,
  });
  const [first, second] = [
    [100, 115, 130].map((time) => scrape(time, '0')),
    [107, 122].map((time) => scrape(time, '1')),
  ];
  for (const both of [
    [...first, ...second],
    [...second, ...first],
  ]) {
    const { workloads, usage } = await fleetOf(both);
    assert.equal(
      workloads.map((_, row) => usage.value('pids', row)),
      [130],
    );
  }
});

test.run();
