/** Many machines from a store: the same figures as on the machines. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROW_FIELDS } from '../../src/diagnosis/fields.ts';
import { createWriter } from '../../src/export/exposition.ts';
import { isExported } from '../../src/export/families.ts';
import { historyOf, traceIn } from '../../src/fleet/history.ts';
import { openFleetSource } from '../../src/fleet/source.ts';
import { openStore } from '../../src/fleet/store.ts';
import { openStoreReader } from '../../src/fleet/store-reader.ts';
import { tableOf } from '../../src/fleet/table.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import { COLUMNS } from '../../src/metrics/files.ts';
import { parseFilter } from '../../src/metrics/query.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { frameBetween } from '../metrics/frames.ts';
import { snapshotOf } from '../metrics/snapshots.ts';
import { type Asked, answerOf, fleetOf, type Scrape, withServer } from './prometheus.ts';

/** A Frame of a machine with these workloads; each figure is another one at each second. */
function frameAt(second: number, names: readonly string[]): Frame {
  const rows = (at: number) =>
    names.map((name, index) => ({
      path: `/${name}`,
      figures: Object.fromEntries(
        [...COLUMNS.keys()].map((column, number) => [
          column,
          /:(netns|populated|frozen)$/.test(column) ? 1 : at * (1000 * number + 77 * index + 13) + number,
        ]),
      ),
    }));
  const snapshotAt = (at: number) => snapshotOf(at, rows(at));
  return frameBetween(snapshotAt(second - 1), snapshotAt(second), () => ({ image: 'nginx' }));
}

const textOf = (frame: Frame): string => createWriter('text', () => true)(frame).toString();

const scrapes = (instance: string, names: readonly string[], times: readonly number[]): Scrape[] =>
  times.map((time) => ({ instance, time, text: textOf(frameAt(time, names)) }));

test('figures are those of tscg ls on the machine', async () => {
  const names = ['web', 'db'];
  const own = frameAt(101, names);
  const fleet = await fleetOf(scrapes('node-a:9753', names, [99, 100, 101]));
  const averages = new Set(METRICS.filter((metric) => !isExported(metric)).map(({ id }) => id));
  for (const { id, json } of ROW_FIELDS.filter((field) => !averages.has(field.id)))
    for (const row of names.keys())
      assert.equal(json(fleet.usage, row), json(own.usage, row), `${id} of ${names[row]}`);
  assert.equal(
    fleet.workloads.map(({ name, kind, host, image }) => ({ name, kind, host, image })),
    names.map((name) => ({ name, kind: 'container', host: 'node-a', image: 'nginx' })),
  );
});

test('each machine is shown as of its last scrape, and what that did not have is gone', async () => {
  const fleet = await fleetOf([
    ...scrapes('a:1', ['web', 'old'], [100]),
    ...scrapes('a:1', ['web'], [115]),
    ...scrapes('a:2', ['web'], [99, 107]),
  ]);
  assert.equal(
    fleet.workloads.map(({ host, name }) => `${host} ${name}`),
    ['a:1 web', 'a:2 web'],
    'hosts that differ by the port alone have it',
  );
  assert.ok(fleet.usage.column('cpu_percent').every((value) => value > 0));
});

test('what cAdvisor exports by the same names is no machine and no row', async () => {
  const foreign = 'container_threads{id="/kubepods/pod1"} 7\ncontainer_memory_working_set_bytes{id="/web"} 7\n';
  const { workloads, usage } = await fleetOf([
    ...scrapes('node-a:9753', ['web'], [100, 115]),
    { instance: 'node-a:10250', time: 116, text: foreign },
    // A relabelling may give both the same address.
    { instance: 'node-a:9753', time: 117, text: foreign },
  ]);
  assert.equal(
    workloads.map(({ host, path }) => `${host} ${path}`),
    ['node-a /web'],
  );
  assert.is(usage.value('pids', 0), frameAt(115, ['web']).usage.value('pids', 0));
});

const POPULATED = (path: string): string => `tscg_populated{id="${path}",name="x",kind="unit"} 1\n`;

const infoOf = (instance: string, labels: Readonly<Record<string, string>>, times: readonly number[]): Scrape[] =>
  times.map((time) => ({
    ...{
      instance,
      time,
      labels,
      text: `tscg_workload_info{id="/web",name="web"} 1\ncontainer_threads{id="/web"} ${time}\n`,
    },
  }));

const hostsOf = ({ workloads, usage }: Frame): Record<string, number> =>
  Object.fromEntries(workloads.map(({ host = '' }, row) => [host, usage.value('pids', row)]));

test('machines of the same instance and job are told apart by the other labels in which they differ', async () => {
  const cluster = (name: string) => ({ cluster: name, env: 'prod', prometheus_replica: name });
  assert.equal(
    hostsOf(
      await fleetOf([
        ...infoOf('node-1:9753', cluster('eu'), [100, 115, 130]),
        ...infoOf('node-1:9753', cluster('us'), [95, 110, 125]),
        ...infoOf('node-1:9753', { env: 'prod' }, [120]),
        ...infoOf('node-2:9753', cluster('us'), [98]),
      ]),
    ),
    { 'node-1': 120, 'eu/node-1': 130, 'us/node-1': 125, 'us/node-2': 98 },
  );
  // As by federation without honor_labels.
  const federated = (instance: string) => ({ exported_instance: instance, exported_job: 'tscg' });
  assert.equal(
    hostsOf(
      await fleetOf([...infoOf('prom:9090', federated('a:1'), [100]), ...infoOf('prom:9090', federated('b:1'), [99])]),
    ),
    { a: 100, b: 99 },
  );
});

test('a machine that two Prometheus scrape is one, and so is one whose labels were changed', async () => {
  assert.equal(
    hostsOf(
      await fleetOf([
        ...infoOf('a', { prometheus_replica: '0', env: 'test', pod: 'tscg-1' }, [100, 115]),
        ...infoOf('a', { prometheus_replica: '1', env: 'prod', pod: 'tscg-2' }, [130]),
        ...infoOf('a', { prometheus_replica: '0', env: 'prod', pod: 'tscg-2' }, [135]),
      ]),
    ),
    { a: 135 },
  );
});

test('a machine that one answer lacks changes no name and no number', async () => {
  const [eu, us] = ['eu', 'us'].map((cluster) => infoOf('a', { cluster }, [100, 115]));
  assert.ok(eu && us);
  const answers = [[...eu, ...us], eu];
  await withServer(
    (response) => response.end(answerOf(answers.shift() ?? [])),
    async (url) => {
      const { next } = openFleetSource(openStoreReader({ url }));
      const [both, one] = [await next(), await next()];
      assert.equal(Object.keys(hostsOf(both)), ['eu/a', 'us/a']);
      assert.equal(one.workloads, both.workloads.slice(0, 1));
    },
  );
});

test('rows beyond the most are counted', async () => {
  const all = ['/a', '/b', '/c'].map((id) => ({
    labels: { __name__: 'tscg_populated', instance: 'a', job: 'tscg', id },
    samples: [[100, 1] as const],
  }));
  const { rows, figures, leftOut } = tableOf([...all, ...all], [], 2);
  assert.equal(
    rows.map(({ id }) => id),
    ['/a', '/b'],
  );
  assert.is(figures.get('populated')?.length, 2);
  assert.is(leftOut, 1);
});

test('a row has one number as long as one of the last Frames has it, now or of the past', async () => {
  const answers = [['/a', '/b'], ['/a'], ['/b'], ['/a'], ['/c', '/b'], ['/a'], ['/b'], ['/b'], ['/c']];
  const numbers = new Map<string, Set<number>>();
  await withServer(
    (response) => {
      const text = (answers.shift() ?? []).map(POPULATED).join('');
      response.end(answerOf([{ instance: 'a', time: 1000, text }]));
    },
    async (url) => {
      const { past, next } = openFleetSource(openStoreReader({ url }));
      const seen = (frame: Frame) =>
        frame.workloads.map(({ path, inode }) => numbers.set(path, (numbers.get(path) ?? new Set()).add(inode)));
      for (const get of [next, next, () => past.seek(500_000), next, () => past.seek(400_000)]) seen(await get());
      assert.equal(
        [...numbers.values()].map((each) => each.size),
        [1, 1, 1],
      );
      for (const get of [next, () => past.seek(300_000), () => past.seek(200_000)]) await get();
      // None of the last two Frames of either had it.
      const [back] = (await next()).workloads;
      assert.ok(back && ![...numbers.values()].some((each) => each.has(back.inode)));
    },
  );
});

test('rows are within the nearest exported cgroup of their own machine', async () => {
  const { usage, workloads } = await fleetOf([
    ...scrapes('a', ['pod', 'pod/slice/web'], [100]),
    ...scrapes('b', ['pod/slice/web'], [100]),
  ]);
  const parentOf = (row: number) => workloads[usage.snapshot.parents[row] ?? -1]?.path;
  assert.equal([...workloads.keys()].map(parentOf), [undefined, '/pod', undefined]);
});

test('a step goes back by a scrape, and a time asks for the figures of then', async () => {
  const asked: string[] = [];
  await withServer(
    (response, { body }) => {
      asked.push(new URLSearchParams(body).get('time') ?? 'now');
      response.end(answerOf(scrapes('a', ['web'], [1000, 1015])));
    },
    async (url) => {
      const { past, next } = openFleetSource(openStoreReader({ url }));
      const newest = await next();
      await past.step(newest, -2);
      await past.seek(500_000);
      assert.is(await past.seek(2_000_000), newest, 'there is none after the newest');
    },
  );
  assert.equal(asked, ['now', '985', '500']);
});

test('what has come by the clock of the store has come', async () => {
  await withServer(
    (response) => {
      response.setHeader('date', new Date(Date.now() + 3_600_000).toUTCString());
      response.end(answerOf(scrapes('a', ['web'], [1000])));
    },
    async (url) => {
      const { next, now } = openFleetSource(openStoreReader({ url }));
      assert.ok(Math.abs(now() - Date.now()) < 60_000);
      await next();
      assert.ok(Math.abs(now() - Date.now() - 3_600_000) < 60_000);
    },
  );
});

test('only what is shown is asked for, and what was shown before', async () => {
  const asked: string[] = [];
  await withServer(
    (response, { body }) => {
      asked.push(new URLSearchParams(body).get('query') ?? '');
      response.end(answerOf(scrapes('a', ['web'], [100])));
    },
    async (url) => {
      const fleet = openFleetSource(openStoreReader({ url }));
      const pids = { metrics: new Set(['pids']) };
      assert.ok(fleet.lacks(pids));
      await fleet.next(pids);
      assert.not(fleet.lacks(pids));
      await fleet.next({ metrics: new Set(['cpu_percent']) });
      await fleet.next();
      await fleet.history({ target: { instance: 'a:1', job: 'j"x', cluster: '' }, id: '/web' }, ['pids'], 60, 100_000);
    },
  );
  const [first = '', second = '', whole = '', history = ''] = asked;
  assert.match(first, 'container_threads');
  assert.not.match(first, 'container_cpu_usage_seconds_total');
  assert.match(second, /container_cpu_usage_seconds_total.*container_threads/);
  assert.match(whole, 'container_memory_rss');
  assert.is(history, '{__name__=~"container_threads",instance="a:1",job="j\\"x",cluster="",id="/web"}[60s]');
});

test('a chart has the rates of the scrapes, each until the next one, and a gap where they failed', () => {
  const samples = [0, 10, 20, 60].map((time): [number, number] => [time, time * 0.5]);
  const history = historyOf([{ labels: { __name__: 'container_cpu_usage_seconds_total' }, samples }]);
  const known = history.get('cpu_percent');
  assert.ok(known);
  const rounded = (trace: ReturnType<typeof traceIn>) => trace.values.map((value) => Math.round(value));
  assert.equal(rounded(traceIn(known, { end: 60, samples: 7, seconds: 10 })), [NaN, 50, 50, 50, 50, NaN, 50]);
  assert.equal(rounded(traceIn(known, { end: 20, samples: 5, seconds: 5 })), [NaN, NaN, 50, 50, 50]);
  const long = traceIn(known, { end: 60, samples: 720, seconds: 5 });
  assert.is(long.fold, 3);
  assert.is(long.values.length, 240);
});

test('one scrape has no rates, and a counter that fell none', async () => {
  const [first] = scrapes('a', ['web'], [100]);
  assert.ok(first);
  assert.ok(Number.isNaN((await fleetOf([first])).usage.value('cpu_percent', 0)));
  const later = { ...first, time: 115, text: first.text.replace(/(cpu_usage_seconds_total\{.*\}) .*/, '$1 0') };
  assert.ok(Number.isNaN((await fleetOf([first, later])).usage.value('cpu_percent', 0)));
  assert.is((await fleetOf([first, later])).usage.value('io_read_bytes_per_second', 0), 0);
});

test('a counter that a store rounds now so and now otherwise did not change', () => {
  const samples = [3e-5, 3.0000000000000004e-5, 3e-5, 2e-5].map((figure, at): [number, number] => [at, figure]);
  const history = historyOf([{ labels: { __name__: 'container_cpu_usage_seconds_total' }, samples }]);
  assert.equal([...(history.get('cpu_percent')?.values ?? [])], [NaN, 0, 0, NaN]);
});

test('labels that Prometheus renamed are found', async () => {
  const text = 'tscg_populated{id="/a",name="x",pod="exporter-1",exported_pod="web-1",kind="container"} 1\n';
  const { workloads } = await fleetOf([{ instance: 'n', time: 1, text }]);
  assert.is(workloads[0]?.pod, 'web-1');
});

test('a container of no pod is not in the pod of the exporter, whoever wins where both have the label', async () => {
  const info = (id: string, labels: string): string =>
    `tscg_workload_info{id="${id}",name="x",kind="container"${labels}} 1`;
  const [target, own] = ['namespace="monitoring",pod="tscg-abcde"', 'namespace="shop",pod="web-1"'];
  const podsOf = async (...lines: string[]) => {
    const { workloads } = await fleetOf([{ instance: 'n', time: 1, text: `${lines.join('\n')}\n` }]);
    return workloads.map(({ namespace, pod }) => [namespace, pod]);
  };
  const expected = [
    ['shop', 'web-1'],
    [undefined, undefined],
  ];
  // With honor_labels the series wins, and an empty label of its own is stored as none.
  assert.equal(await podsOf(info('/a', `,${own}`), info('/b', '')), expected);
  assert.equal(await podsOf(info('/a', `,${own}`), info('/b', ',namespace="",pod=""')), expected);
  // Without it the target wins.
  const renamed = `,${target},${own.replace('namespace', 'exported_namespace').replace('pod=', 'exported_pod=')}`;
  assert.equal(await podsOf(info('/a', renamed), info('/b', `,${target}`)), expected);
});

test('only pods and containers are of a pod: anything else may have the labels of the exporter', async () => {
  const [target, project] = ['namespace="monitoring",pod="tscg-abcde"', 'compose_project="shop"'];
  const text = [
    `tscg_workload_info{id="/a",name="a",kind="unit",${target}} 1`,
    `tscg_workload_info{id="/b",name="b",kind="container",namespace="shop",pod="web-1",${project}} 1\n`,
  ].join('\n');
  const fleet = await fleetOf([{ instance: 'n', time: 1, text }]);
  assert.equal(
    fleet.workloads.map(({ namespace, pod }) => [namespace, pod]),
    [
      [undefined, undefined],
      ['shop', 'web-1'],
    ],
  );
  const isShop = parseFilter('project = shop');
  assert.equal(
    fleet.workloads.map((_, row) => isShop(fleet, row)),
    [false, true],
  );
});

test('credentials, headers and the path of the address reach the store', async () => {
  const asked: Asked[] = [];
  await withServer(
    (response, one) => {
      asked.push(one);
      response.end('{"data":{"result":[]}}');
    },
    async (url) => {
      await openStore({
        url: `${url}/prometheus/`,
        access: () => ({ authorization: 'Bearer x' }),
        headers: { 'X-Scope-OrgID': 'shop' },
      }).query('up');
      const store = openStore({ url: url.replace('//', '//me:p%40ss@') });
      assert.not.match(store.address, 'me');
      await store.query('up', 1795963000.5);
      await openStore({ url: url.replace('//', '//:p%40ss@') }).query('up');
    },
  );
  const [first, second, third] = asked;
  assert.is(first?.path, '/prometheus/api/v1/query');
  assert.is(first?.body, 'query=up');
  assert.is(second?.body, 'query=up&time=1795963000.5');
  assert.is(first?.headers.authorization, 'Bearer x');
  assert.is(first?.headers['x-scope-orgid'], 'shop');
  assert.is(second?.headers.authorization, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  assert.is(third?.headers.authorization, `Basic ${Buffer.from(':p@ss').toString('base64')}`);
});

test.run();
