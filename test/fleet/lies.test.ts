/** What a store may do wrong: figures that cannot be, hostile text, answers that are none. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { field } from '../../src/diagnosis/fields.ts';
import { fleetIn } from '../../src/fleet/frame.ts';
import { historyOf } from '../../src/fleet/history.ts';
import { openFleetSource } from '../../src/fleet/source.ts';
import { openStore, StoreError } from '../../src/fleet/store.ts';
import { openStoreReader } from '../../src/fleet/store-reader.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { answerOf, fleetOf, withServer } from './prometheus.ts';

test('hostile text of a store does not reach a terminal', async () => {
  const text = 'tscg_populated{id="/a",name="\u001b[2J\u202ex",kind="nonsense"} 1\n';
  const { workloads } = await fleetOf([{ instance: 'n\u001b]0;x\u0007', time: 1, text }]);
  assert.not.match(JSON.stringify(workloads), /\\u001b|\\u202e|\\u0007|[\u001b\u202e\u0007]/);
  assert.is(workloads[0]?.kind, 'cgroup');
});

test('a figure that cannot be is unavailable, and says so', async () => {
  const text = (figures: Readonly<Record<string, string>>): string =>
    Object.entries({ tscg_populated: '1', ...figures })
      .map(([name, figure]) => `${name}{id="/a",name="a",kind="unit"} ${figure}\n`)
      .join('');
  const reasonOf = (frame: Frame, id: string): string | undefined => field(id).reason(frame.usage, 0);
  for (const [id, name, figure] of [
    ['memory_bytes', 'container_memory_working_set_bytes', '-5'],
    ['memory_bytes', 'container_memory_working_set_bytes', '1e308'],
    ['memory_bytes', 'container_memory_working_set_bytes', '+Inf'],
    ['cpu_throttled_percent', 'tscg_cpu_throttled_ratio', '-5'],
    ['cpu_throttled_percent', 'tscg_cpu_throttled_ratio', '+Inf'],
    ['memory_limit_bytes', 'tscg_memory_limit_bytes', '-1'],
    ['frozen', 'tscg_frozen', '7'],
  ] as const) {
    const frame = await fleetOf([{ instance: 'n', time: 100, text: text({ [name]: figure }) }]);
    assert.is(field(id).text(frame.usage, 0), '--', `${name} ${figure}`);
    assert.match(reasonOf(frame, id) ?? '', /^a figure of \S+ was told that cannot be/, `${name} ${figure}`);
  }
  for (const figure of ['0x10', '', ' 7', '1e999', 'NaN', '-Inf', 'Infinity', '1_0']) {
    // The exposition holds no empty number; the answer of a store may.
    const scrape = { instance: 'n', time: 100, text: text({ container_memory_rss: '77' }) };
    const answer = answerOf([scrape]).replace('"77"', JSON.stringify(figure));
    await withServer(
      (response) => response.end(answer),
      async (url) => {
        const frame = await openFleetSource(openStoreReader({ url })).next();
        assert.is(field('memory_anon_bytes').text(frame.usage, 0), '--', figure);
        assert.match(reasonOf(frame, 'memory_anon_bytes') ?? '', 'the store has no number of it', figure);
      },
    );
  }
  const open = await fleetOf([{ instance: 'n', time: 1, text: text({ tscg_memory_limit_bytes: '+Inf' }) }]);
  assert.is(field('memory_limit_bytes').text(open.usage, 0), 'max');
});

test('a rate that cannot be is unavailable in the table and in a chart, and so is a loss', async () => {
  const [name, rss] = ['container_cpu_usage_seconds_total', 'container_memory_rss'];
  const pressure = 'container_pressure_io_waiting_seconds_total';
  const at = (time: number, figure: string) => ({
    ...{ instance: 'n', time },
    text: `tscg_populated{id="/a"} 1\n${name}{id="/a"} ${figure}\ntscg_verdict_loss_ratio{id="/a",verdict="disk"} -3\n`,
  });
  const { usage } = await fleetOf([at(100, '0'), at(100.001, '1e300')]);
  assert.is(field('cpu_percent').text(usage, 0), '--');
  assert.ok(Number.isNaN(field('verdict_loss_percent').figures(usage)[0]));
  const past = historyOf([
    { labels: { __name__: rss }, samples: [-1, 5, 1e300, 6].map((figure, time): [number, number] => [time, figure]) },
  ]);
  const stalled = historyOf([
    { labels: { __name__: pressure }, samples: [0, 5, 10.1].map((figure, at): [number, number] => [5 * at, figure]) },
  ]);
  assert.equal([...(stalled.get('psi_io_some_percent')?.values ?? [])], [NaN, 100, 100], 'as on the machine');
  assert.equal([...(past.get('memory_anon_bytes')?.values ?? [])], [NaN, 5, NaN, 6]);
});

const FAILS: readonly [what: string, answer: Parameters<typeof withServer>[0], message: RegExp][] = [
  [
    'an error of its own',
    (r) => r.writeHead(400).end('{"status":"error","error":"parse \\u001b[2J"}'),
    /: parse \[2J$/,
  ],
  ['no JSON', (r) => r.end('<html>'), /not as the query API of Prometheus does/],
  ['other JSON', (r) => r.end('{"data":{"result":5}}'), /not as the query API/],
  ['nothing there', (r) => r.writeHead(404).end('no'), /HTTP status 404 \(is that its address\?/],
  [
    'a path that VictoriaMetrics has not',
    (r) => r.writeHead(400).end('unsupported path requested: "/api/v1/query"\n'),
    /HTTP status 400 \(is that its address\? .* \/select\/0\/prometheus\)$/,
  ],
  [
    'an address elsewhere',
    (r) => r.writeHead(302, { location: 'https://me:p@ss@new.example:9090/prom/api/v1/query?key=s3cret' }).end(),
    /HTTP status 302 \(it leads to https:\/\/new\.example:9090\/prom: give that address where that is the store\)$/,
  ],
  [
    'a path elsewhere',
    (r) => r.writeHead(307, { location: '/prom/api/v1/query' }).end(),
    /HTTP status 307 \(it leads to http:\/\/127\.0\.0\.1:\d+\/prom: give that address/,
  ],
  ['an address that is none', (r) => r.writeHead(302, { location: 'javascript:alert(1)' }).end(), /HTTP status 302$/],
  [
    'another form',
    (r) => r.end('{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"value":[1,"2"]}]}}'),
    /its answer has another form: vector where matrix was asked for/,
  ],
  ['no entry', (r) => r.writeHead(401).end(''), /401: it wants other credentials/],
  [
    'no answer without a tenant',
    (r) => r.writeHead(401).end('no org id\n'),
    /401: it wants to know which tenant \(--header "X-Scope-OrgID: NAME"\)$/,
  ],
  ['no series', (r) => r.end('{"status":"success","data":{"result":[]}}'), /no figures of tscg export/],
  ['silence', () => undefined, /no whole answer within 0\.3 s/],
  ['an answer without an end', (r) => void r.writeHead(200).write('{'), /no whole answer within 0\.3 s/],
  [
    'half an answer',
    (r) => void r.writeHead(200, { 'content-length': 99 }).write('{', () => r.destroy()),
    /broke off|ECONNRESET/,
  ],
  ['too much', (r) => r.end('x'.repeat(3 << 20)), /more than 1 MiB/],
];

for (const [what, answer, message] of FAILS) {
  test(`a store that gives ${what} costs a message`, () =>
    withServer(answer, async (url) => {
      const reader = openStoreReader({
        url,
        timeoutMs: what.includes('answer') || what === 'silence' ? 300 : 60_000,
        mostBytes: 1 << 20,
      });
      const error = await openFleetSource(reader)
        .next()
        .then(
          () => undefined,
          (caught: unknown) => caught,
        );
      assert.instance(error, StoreError);
      assert.match(error instanceof Error ? error.message : '', message);
    }));
}

test('series that are none are left out', async () => {
  const result = [
    5,
    null,
    {},
    { metric: 5, values: [] },
    { metric: { id: 5 }, values: [[1], 'x', [1, '2'], ['1', 2]] },
  ];
  await withServer(
    (response) => response.end(JSON.stringify({ data: { result } })),
    async (url) =>
      assert.equal(await openStore({ url }).query('x'), {
        series: [{ labels: {}, samples: [[1, 2]] }],
        ...{ partial: undefined, ahead: 0 },
      }),
  );
});

/** What Thanos and VictoriaMetrics say beside what they have, and what is told of it. */
const PARTIAL: readonly [beside: object, told: string][] = [
  [{ warnings: ['fetch series for eu: \u001b[2Junavailable'] }, 'fetch series for eu: [2Junavailable'],
  [{ warnings: ['eu', 'us', 5] }, 'eu, and 1 warning more'],
  [{ isPartial: true }, 'a part of it did not answer'],
];

for (const [beside, told] of PARTIAL)
  test(`an answer that is not whole says so: ${JSON.stringify(beside)}`, async () => {
    const text = 'tscg_populated{id="/web",name="web",kind="unit"} 1\n';
    const answers = [answerOf([{ instance: 'a', time: Date.now() / 1000, text }]), answerOf([])];
    await withServer(
      (response) => response.end(JSON.stringify({ ...JSON.parse(answers.shift() ?? ''), ...beside })),
      async (url) => {
        const { next } = openFleetSource(openStoreReader({ url }));
        assert.is(fleetIn(await next())?.partial, told);
        // It has no row, and that may be why.
        assert.is(await next().catch((error: Error) => error.message), `${url}: ${told}`);
      },
    );
  });

test('the clock of the store is known by its answers', async () => {
  const dates = [3_600_000, -60_000, 0].map((ahead) => new Date(Date.now() + ahead).toUTCString());
  const answers = [...dates, 'today'];
  await withServer(
    (response) => response.writeHead(200, { date: answers.shift() ?? '' }).end(answerOf([])),
    async (url) => {
      const { query } = openStore({ url });
      const told: number[] = [];
      for (let count = 0; count < 4; count++) told.push(Math.round((await query('x')).ahead / 10_000) * 10_000);
      assert.equal(told, [3_600_000, -60_000, 0, 0]);
    },
  );
});

for (const beside of [{ warnings: [] }, { warnings: null }, { isPartial: false }, { infos: ['a hint'] }])
  test(`an answer is whole with ${JSON.stringify(beside)}`, () =>
    withServer(
      (response) => response.end(JSON.stringify({ ...JSON.parse(answerOf([])), ...beside })),
      async (url) => assert.is((await openStore({ url }).query('x')).partial, undefined),
    ));

test.run();
