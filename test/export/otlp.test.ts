/** What a receiver of OpenTelemetry is sent, and what a bad one costs. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createRequests } from '../../src/export/otlp.ts';
import { type PusherOptions, pushFrames } from '../../src/export/pusher.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { frameBetween } from '../metrics/frames.ts';
import { type Row, snapshotOf } from '../metrics/snapshots.ts';
import { decoded, openReceiver, type Received } from './otlp-receiver.ts';

const SENDER = { host: 'vm', version: '0.1.0', booted: 1_764_000_000_000 };
const WALL = 1_764_385_920_123;

const WEB: Row = {
  path: '/docker/web',
  figures: {
    'cpu.stat:usage_usec': 2_500_000,
    'cpu.stat:user_usec': 2_000_000,
    'cpu.stat:system_usec': 500_000,
    'cpu.pressure:some.total': 3_000_000,
    'cpu.pressure:full.total': 1_000_000,
    'io.pressure:some.total': 0,
    'memory.pressure:some.total': 0,
    'memory.current:value': 1000,
    'memory.stat:inactive_file': 400,
    'memory.stat:anon': 300,
    'memory.max:value': 4096,
    'memory.high:value': Number.POSITIVE_INFINITY,
    'memory.events:oom_kill': 3,
    'io.stat:rbytes': 77,
    'io.stat:wbytes': 88,
    'pids.current:value': 5,
  },
};
const FACTS: Partial<Workload> = {
  kind: 'container',
  name: 'web',
  id: 'abc',
  image: 'nginx:1',
  pod: 'p',
  namespace: 'n',
};

function frameOf(rows: readonly Row[], facts: Partial<Workload> = FACTS): Frame {
  const old = rows.map((row) => ({ ...row, figures: { ...row.figures, 'cpu.stat:usage_usec': 1_500_000 } }));
  const [before, now] = [snapshotOf(0, old), { ...snapshotOf(1, rows), wall: WALL }];
  return frameBetween(before, now, () => facts);
}

const receivedOf = (frame: Frame): readonly Received[] =>
  [...createRequests(SENDER)(frame, [...frame.workloads.keys()])].map(decoded);

type Resource = Received['resourceMetrics'][number];

const attributesOf = (resource: Resource | undefined): Record<string, string> =>
  Object.fromEntries((resource?.resource.attributes ?? []).map(({ key, value }) => [key, value.stringValue]));

/** `NAME{ATTRIBUTE=VALUE} UNIT INSTRUMENT` and the value. */
const figuresOf = (resource: Resource | undefined): Record<string, number> =>
  Object.fromEntries(
    (resource?.scopeMetrics ?? []).flatMap(({ metrics }) =>
      metrics.flatMap(
        ({ name, unit, gauge, sum }) =>
          (gauge ?? sum)?.dataPoints.map(({ asDouble, attributes = [] }) => {
            const said = attributes.map(({ key, value }) => `${key}=${value.stringValue}`).join();
            const kind = gauge ? 'gauge' : sum?.isMonotonic ? 'counter' : 'updowncounter';
            return [`${name}{${said}} ${unit} ${kind}`, asDouble] as const;
          }) ?? [],
      ),
    ),
  );

test("figures have OpenTelemetry's names where they mean the same, and ours elsewhere", () => {
  const [received] = receivedOf(frameOf([WEB]));
  const [host, web] = received?.resourceMetrics ?? [];
  const figures = figuresOf(web);
  for (const [name, value] of Object.entries({
    'container.cpu.usage{} {cpu} gauge': 1,
    'container.cpu.time{cpu.mode=user} s counter': 2,
    'container.cpu.time{cpu.mode=kernel} s counter': 0.5,
    'container.memory.usage{} By updowncounter': 1000,
    'container.memory.working_set{} By updowncounter': 600,
    'container.memory.rss{} By updowncounter': 300,
    'container.disk.io{disk.io.direction=read} By counter': 77,
    'container.disk.io{disk.io.direction=write} By counter': 88,
    'tscg.pressure_cpu_waiting{} s counter': 3,
    'tscg.memory_max{} By gauge': 4096,
    'tscg.memory_high{} By gauge': Number.POSITIVE_INFINITY,
    'tscg.memory_of_limit{} 1 gauge': 600 / 4096,
    'tscg.memory_oom_kills{} 1 counter': 3,
    'tscg.threads{} 1 gauge': 5,
    'tscg.verdict{tscg.verdict=fine} 1 gauge': 1,
  }))
    assert.is(figures[name], value, `${name}: ${Object.keys(figures).join('\n')}`);
  assert.is(figuresOf(host)['tscg.machine_cpu_cores{} 1 gauge'], 4);
  const [scope] = web?.scopeMetrics ?? [];
  assert.equal(scope?.scope, { name: 'tscg', version: '0.1.0' });
  const names = scope?.metrics.map(({ name }) => name) ?? [];
  assert.is(new Set(names).size, names.length, 'one metric a name');
  assert.is(scope?.metrics[0]?.gauge?.dataPoints[0]?.timeUnixNano, `${WALL}000000`);
  for (const { sum } of scope?.metrics ?? []) if (sum) assert.is(sum.aggregationTemporality, 2);
});

test('a sum says since when it counts, a gauge does not', () => {
  const [received] = receivedOf(frameOf([WEB]));
  for (const [index, start] of [SENDER.booted, WALL].entries()) {
    const metrics = received?.resourceMetrics[index]?.scopeMetrics[0]?.metrics ?? [];
    assert.ok(metrics.some(({ sum }) => sum) && metrics.some(({ gauge }) => gauge));
    for (const { name, sum, gauge } of metrics)
      assert.is((sum ?? gauge)?.dataPoints[0]?.startTimeUnixNano, sum && `${start}000000`, name);
  }
});

test('a workload is a resource, with the attributes of its container and pod', () => {
  const [received] = receivedOf(frameOf([WEB]));
  assert.equal(attributesOf(received?.resourceMetrics[1]), {
    'host.name': 'vm',
    'service.instance.id': 'vm:/docker/web',
    'service.name': 'web',
    'container.name': 'web',
    'container.id': 'abc',
    'container.image.name': 'nginx:1',
    'k8s.namespace.name': 'n',
    'k8s.pod.name': 'p',
    'tscg.cgroup.path': '/docker/web',
    'tscg.kind': 'container',
    'tscg.owner': 'cgroupfs',
  });
});

test('what is unavailable has no point, what has none is left out, and many workloads are several requests', () => {
  const rows = Array.from(
    { length: 250 },
    (_, index): Row => ({
      path: `/c${index}`,
      figures: index === 7 ? {} : { 'pids.current:value': 1 },
    }),
  );
  const received = receivedOf(frameOf(rows, {}));
  assert.equal(
    received.map(({ resourceMetrics }) => resourceMetrics.length),
    [100, 100, 50],
  );
  const names = Object.keys(figuresOf(received[1]?.resourceMetrics[0]));
  assert.equal(
    names.filter((name) => /^container\.|memory/.test(name)),
    [],
  );
});

/** Sends that Frame until the news or the requests are as they should be. */
async function pushed(
  options: Partial<PusherOptions> & Pick<PusherOptions, 'url'>,
  isDone: (news: readonly string[]) => boolean,
  frame = frameOf([WEB]),
): Promise<readonly string[]> {
  const news: string[] = [];
  const stop = new AbortController();
  const pushing = pushFrames({
    source: { isLive: true, next: async () => frame, onChange: () => undefined, close: () => undefined },
    ...{ headers: {}, sender: SENDER, isWanted: () => true, interval: 300, firstPause: 5 },
    onNews: (text) => news.push(text),
    signal: stop.signal,
    ...options,
  });
  while (!isDone(news)) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort();
  await pushing;
  return news;
}

test('a request is gzip of protobuf with the headers that were given', async () => {
  const { url, requests, close } = await openReceiver();
  const news = await pushed(
    { url, headers: { authorization: 'Bearer x', 'x-scope-orgid': 'shop' } },
    () => requests.length >= 2,
  );
  const [first] = requests;
  assert.is(first?.path, '/v1/metrics');
  assert.equal(
    ['content-type', 'content-encoding', 'authorization', 'x-scope-orgid'].map((name) => first?.headers[name]),
    ['application/x-protobuf', 'gzip', 'Bearer x', 'shop'],
  );
  assert.is(decoded(first?.body ?? Buffer.alloc(0)).resourceMetrics.length, 2);
  assert.equal(news, []);
  close();
});

test('what may be taken later is sent again, and is no news where it is taken then', async () => {
  const { url, requests, close } = await openReceiver((response, index) => {
    if (index < 2) response.writeHead(index === 0 ? 503 : 429, index === 1 ? { 'retry-after': '0' } : {});
    response.end('{}');
  });
  assert.equal(await pushed({ url, interval: 60_000 }, () => requests.length === 3), []);
  assert.equal(requests[0]?.body, requests[2]?.body);
  close();
});

test('a receiver that wants it again at once is given the same pauses', async () => {
  const { url, requests, close } = await openReceiver((response) =>
    response.writeHead(503, { 'retry-after': '0' }).end(),
  );
  await pushed({ url, interval: 400, firstPause: 100 }, (told) => told.length > 0);
  close();
  assert.ok(requests.length <= 3, `${requests.length} requests: at once, after 100 ms and after 200 ms more`);
});

test('a receiver that is away costs one message, and one more when it is back', async () => {
  const gone = await openReceiver();
  gone.close();
  let news = 0;
  const away = await pushed({ url: gone.url, interval: 30 }, (told) => ++news > 60 && told.length > 0);
  assert.is(away.length, 1, away.join('\n'));
  assert.match(away[0] ?? '', /^127\.0\.0\.1:\d+: ECONNREFUSED \(no server listens there\)$/);

  const { url, requests, close } = await openReceiver((response, index) => {
    if (index < 2) response.writeHead(400).end('{"message":"no such \\u001b[31mtenant"}');
    else response.end('{}');
  });
  const told = await pushed({ url, interval: 30 }, (all) => all.length >= 2);
  assert.match(told[0] ?? '', /HTTP status 400: no such .*tenant/);
  assert.not.match(told[0] ?? '', /\u001b/);
  assert.is(told[1], 'it is received again');
  assert.ok(requests.length >= 3);
  close();
});

test('one request at a time, however slow the receiver is; what it refuses is told', async () => {
  let [open, most] = [0, 0];
  const { url, requests, close } = await openReceiver((response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.end('{"partialSuccess":{"rejectedDataPoints":"7","errorMessage":"too old"}}');
    }, 40);
  });
  const news = await pushed({ url, interval: 5 }, () => requests.length >= 5);
  assert.is(most, 1);
  assert.equal(news, ['7 figures were refused: too old']);
  close();
});

test('a receiver that takes all and warns is told of once', async () => {
  const { url, requests, close } = await openReceiver((response) =>
    response.end('{"partialSuccess":{"errorMessage":"use another\\u001b name"}}'),
  );
  assert.equal(await pushed({ url, interval: 5 }, () => requests.length >= 5), [
    'it was received, with a warning: use another name',
  ]);
  close();
});

/** So many workloads that a Frame of them is three requests. */
const MANY = frameOf(
  Array.from({ length: 250 }, (_, index): Row => ({ path: `/c${index}`, figures: { 'pids.current:value': 1 } })),
  {},
);

for (const [what, status, answer, message] of [
  ['partly refused', 200, '{"partialSuccess":{"rejectedDataPoints":"7","errorMessage":"too old"}}', /7 figures were/],
  ['refused', 400, '{"message":"bad label"}', /HTTP status 400: bad label/],
  ['too large', 413, '', /HTTP status 413/],
] as const)
  test(`a request that is ${what} costs the workloads of no other`, async () => {
    const { url, requests, close } = await openReceiver((response, index) => {
      if (index === 0) response.writeHead(status).end(answer);
      else response.end('{}');
    });
    const news = await pushed({ url, interval: 60_000 }, (told) => told.length > 0, MANY);
    assert.is(requests.length, 3);
    assert.match(news[0] ?? '', message);
    close();
  });

for (const status of [401, 404, 500])
  test(`after the status ${status} the other requests of a Frame are not sent`, async () => {
    const { url, requests, close } = await openReceiver((response) => response.writeHead(status).end());
    await pushed({ url, interval: 60_000 }, (told) => told.length > 0, MANY);
    assert.is(requests.length, 1);
    close();
  });

for (const status of [202, 204])
  test(`a receiver that answers ${status} has received it`, async () => {
    const { url, requests, close } = await openReceiver((response) => response.writeHead(status).end());
    const news = await pushed({ url, interval: 60_000 }, (told) => told.length > 0 || requests.length >= 3, MANY);
    assert.equal(news, []);
    close();
  });

test('a receiver may say by a date when it wants it again', async () => {
  const times: number[] = [];
  const { url, requests, close } = await openReceiver((response, index) => {
    times.push(Date.now());
    const later = new Date(Date.now() + 3000).toUTCString();
    response.writeHead(index === 0 ? 429 : 200, index === 0 ? { 'retry-after': later } : {}).end('{}');
  });
  await pushed({ url, interval: 60_000, firstPause: 5 }, () => requests.length === 2);
  close();
  const [first = 0, second = 0] = times;
  // A date has whole seconds.
  assert.ok(second - first >= 1000, `${second - first} ms`);
});

test('a receiver that wants none for longer than the interval gets none', async () => {
  const { url, requests, close } = await openReceiver((response, index) =>
    response.writeHead(index === 0 ? 429 : 200, index === 0 ? { 'retry-after': '1' } : {}).end('{}'),
  );
  const begun = performance.now();
  await pushed({ url, interval: 20, firstPause: 5 }, () => requests.length === 2);
  close();
  assert.ok(performance.now() - begun >= 1000, 'it waits a second');
});

test('a receiver that is elsewhere says where, without what may be a key', async () => {
  const { url, close } = await openReceiver((response) =>
    response.writeHead(308, { location: 'https://new.example:4318/k3y/v1/metrics?api_key=s3cret' }).end(),
  );
  const [told] = await pushed({ url, interval: 5 }, (news) => news.length > 0);
  assert.is(
    told?.replace(/^\S+: /, ''),
    'HTTP status 308 (it leads to https://new.example:4318/…/v1/metrics: give that address where that is the receiver)',
  );
  close();
});

test('an answer in protobuf is read as that', async () => {
  const answers = [
    // partial_success { rejected_data_points: 300, error_message: "too old" }
    { status: 200, bytes: '0a0c08ac021207746f6f206f6c64' },
    // google.rpc.Status { code: 3, message: "no tenant" }
    { status: 400, bytes: '080312096e6f2074656e616e74' },
    { status: 400, bytes: 'ff' },
  ];
  const { url, close } = await openReceiver((response, index) => {
    const { status, bytes } = answers[index] ?? { status: 200, bytes: '' };
    const type = index === 0 ? 'Application/X-Protobuf; charset=utf-8' : 'application/x-protobuf';
    response.writeHead(status, { 'content-type': type }).end(Buffer.from(bytes, 'hex'));
  });
  const news = await pushed({ url, interval: 5 }, (told) => told.length >= 4);
  assert.equal(
    news.slice(0, 4).map((text) => text.replace(/^\S+: /, '')),
    ['300 figures were refused: too old', 'HTTP status 400: no tenant', 'HTTP status 400', 'it is received again'],
  );
  close();
});

test('what is wrong with the cgroups and what is wrong with sending are told apart', async () => {
  const { url, requests, close } = await openReceiver();
  const isTold = (told: readonly string[]): boolean => told.length > 0;
  const unsent = await pushed({ url, headers: { 'x-tenant': 'a\nb' }, interval: 30 }, isTold);
  const next = (): Promise<Frame> => Promise.reject(new Error('EIO'));
  const source = { isLive: true, next, onChange: () => undefined, close: () => undefined };
  const unread = await pushed({ url, source, interval: 30 }, isTold);
  close();
  assert.match(unsent[0] ?? '', /^127\.0\.0\.1:\d+: it could not be sent: Invalid character in header/);
  assert.is(unread[0], 'the cgroups could not be read: EIO');
  assert.is(requests.length, 0);
});

test('an answer without end is cut', async () => {
  const { url, close } = await openReceiver((response) => {
    const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
    response.on('close', () => clearInterval(timer));
  });
  const [why] = await pushed({ url, interval: 50 }, (told) => told.length > 0);
  assert.match(why ?? '', /its answer has more than 64 KiB/);
  close();
});

test.run();
