/** What Prometheus reads: families, labels and the text. */

import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createWriter, endText, type Format } from '../../src/export/exposition.ts';
import { FAMILIES, familyOf, isExported } from '../../src/export/families.ts';
import { createInstruments } from '../../src/export/instruments.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { METRICS } from '../../src/metrics/catalogue.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { frameBetween } from '../metrics/frames.ts';
import { type Row, snapshotOf } from '../metrics/snapshots.ts';
import { skip } from '../skip.ts';

type Entry = Row & { readonly facts?: Partial<Workload> };

function frameOfRows(entries: readonly Entry[], before: readonly Entry[] = entries): Frame {
  const [old, now] = [snapshotOf(0, before), snapshotOf(1, entries)];
  return frameBetween(old, now, (row) => entries[row]?.facts ?? {});
}

function textOf(frame: Frame, format: Format = 'openmetrics'): string {
  return createWriter(format, () => true)(frame).toString() + endText(format);
}

/** `NAME{LABELS} VALUE` of every sample. */
function samples(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), line.slice(end + 1)];
    }),
  );
}

/** The figure of the first series of that name, whatever its labels. */
function figureOf(text: string, name: string): string | undefined {
  return [...samples(text)].find(([series]) => series.startsWith(`${name}{`))?.[1];
}

const WEB: Entry = {
  path: '/web',
  figures: {
    'cpu.stat:usage_usec': 2_500_000,
    'cpu.stat:nr_periods': 10,
    'cpu.stat:nr_throttled': 4,
    'cpu.stat:throttled_usec': 500_000,
    'cpu.pressure:some.total': 3_000_000,
    'cpu.pressure:full.total': 1_000_000,
    'io.pressure:some.total': 0,
    'memory.pressure:some.total': 0,
    'memory.current:value': 1000,
    'memory.stat:inactive_file': 400,
    'memory.max:value': 4096,
    'memory.high:value': Number.POSITIVE_INFINITY,
    'memory.events:oom_kill': 3,
    'io.stat:rbytes': 77,
    'cpu.max:quota': 50_000,
    'cpu.max:period': 100_000,
    'cgroup.events:frozen': 0,
    'pids.current:value': 5,
  },
};

test('every metric of the catalogue is exported, the averages of the kernel aside', () => {
  const names = new Set(FAMILIES.map(({ name }) => name));
  const missing = METRICS.filter((metric) => isExported(metric) && !names.has(familyOf(metric).name));
  assert.equal(missing, []);
  assert.equal(names.size, FAMILIES.length, 'two families have one name');
  assert.equal(METRICS.filter((metric) => !isExported(metric)).length, 18);
});

test('names and units are those of OpenMetrics', () => {
  for (const { name, unit, type, help } of FAMILIES) {
    assert.match(name, /^(tscg|container)_[a-z0-9_]+$/);
    assert.not.match(name, /_(total|percent|per_second)$/, name);
    if (unit) assert.ok(name.endsWith(`_${unit}`), name);
    assert.ok(help.length > 20, name);
    assert.ok(type === 'gauge' || type === 'counter');
  }
});

test("figures have cadvisor's names and the base units of Prometheus", () => {
  const text = textOf(frameOfRows([WEB]));
  const value = (name: string): string | undefined => figureOf(text, name);
  assert.is(value('container_cpu_usage_seconds_total'), '2.5');
  assert.is(value('container_cpu_cfs_periods_total'), '10');
  assert.is(value('container_cpu_cfs_throttled_periods_total'), '4');
  assert.is(value('container_cpu_cfs_throttled_seconds_total'), '0.5');
  assert.is(value('container_pressure_cpu_waiting_seconds_total'), '3');
  assert.is(value('container_pressure_cpu_stalled_seconds_total'), '1');
  assert.is(value('container_memory_working_set_bytes'), '600');
  assert.is(value('container_memory_usage_bytes'), '1000');
  assert.is(value('container_threads'), '5');
  assert.is(value('tscg_memory_oom_kills_total'), '3');
  assert.is(value('tscg_io_read_bytes_total'), '77');
  assert.is(value('tscg_cpu_max_cpus'), '0.5');
  assert.is(value('tscg_cpu_limit_cpus'), '0.5');
  assert.is(value('tscg_memory_max_bytes'), '4096');
  assert.is(value('tscg_memory_of_limit_ratio'), String(600 / 4096));
});

test('what is unavailable is absent, and no limit is +Inf', () => {
  const text = textOf(frameOfRows([WEB]));
  assert.is(figureOf(text, 'tscg_memory_high_bytes'), '+Inf');
  assert.is(figureOf(text, 'container_memory_rss'), undefined);
  assert.not.match(text, /container_memory_rss/, 'a family without samples has no head either');
  assert.not.match(text, /NaN|undefined/);
});

test('the verdict is a label, with the share of time lost', () => {
  const later = { ...WEB.figures, 'cpu.stat:throttled_usec': 1_000_000, 'cpu.stat:usage_usec': 3_000_000 };
  const text = textOf(frameOfRows([{ ...WEB, figures: later }], [WEB]));
  const series = '{id="/web",name="web",kind="container",verdict="own-cpu-quota"}';
  assert.is(samples(text).get(`tscg_verdict${series}`), '1');
  assert.is(samples(text).get(`tscg_verdict_loss_ratio${series}`), '0.5');
  const unknown = textOf(frameOfRows([{ path: '/web', figures: { 'pids.current:value': 1 } }]));
  assert.is(figureOf(unknown, 'tscg_verdict'), undefined);
});

test('a workload that is gone leaves no series', () => {
  const both = textOf(frameOfRows([WEB, { ...WEB, path: '/db' }]));
  const one = textOf(frameOfRows([WEB], [WEB, { ...WEB, path: '/db' }]));
  assert.match(both, '"/db"');
  assert.not.match(one, '"/db"');
});

test('a scrape holds no series twice, whatever a cgroup is called', () => {
  const twins = ['/a\u202eb', '/ab', '/a\u200bb', `/${'x'.repeat(3000)}1`, `/${'x'.repeat(3000)}2`, '/q"\\\nz'];
  const text = textOf(frameOfRows(twins.map((path) => ({ ...WEB, path }))));
  const lines = text.split('\n').filter((line) => line.startsWith('container_threads{'));
  assert.is(lines.length, twins.length);
  assert.is(new Set(lines).size, twins.length);
  assert.ok(lines.every((line) => line.length < 1400));
});

test('a workload that has another name, or the first pod beside it, has other labels in the next scrape', () => {
  const named = (name: string, pod?: string) =>
    textOf(
      frameOfRows([
        { ...WEB, facts: { name } },
        { ...WEB, path: '/pod', facts: { kind: 'pod', ...(pod && { pod, namespace: 'n' }) } },
      ]),
    );
  assert.match(named('abc'), 'container_threads{id="/web",name="abc",kind="container"} ');
  assert.match(named('web'), 'container_threads{id="/web",name="web",kind="container"} ');
  const frame = frameOfRows([WEB]);
  const [workload] = frame.workloads;
  assert.ok(workload);
  assert.match(textOf(frame), 'container_threads{id="/web",name="web",kind="container"} ');
  const pod: Workload = { path: '/pod', inode: 9, name: 'pod', kind: 'pod', pod: 'p', namespace: 'n' };
  const beside = frameOfRows([WEB, { ...WEB, path: '/pod' }]);
  assert.match(
    textOf({ ...beside, workloads: [workload, pod] }),
    'container_threads{id="/web",name="web",kind="container",namespace="",pod="",container=""} ',
  );
});

test('the next text is that of a writer that has written nothing before, whatever changed', () => {
  const figure = fc.oneof(fc.constantFrom(Number.NaN, 0, 7, Number.POSITIVE_INFINITY), fc.nat());
  const stalls = fc.constantFrom(0, 500_000, Number.NaN);
  const rows = fc.array(fc.tuple(figure, figure, stalls), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(rows, fc.boolean()), { maxLength: 6 }), (steps) => {
      const write = createWriter('openmetrics', () => true);
      let before = frameOfRows([]);
      for (const [figures, isRenamed] of steps) {
        const entries = figures.map(
          ([pids, memory, stall], row): Entry => ({
            ...WEB,
            path: `/${row}`,
            figures: {
              ...WEB.figures,
              'pids.current:value': pids,
              'memory.max:value': memory,
              'io.pressure:some.total': stall,
            },
            facts: { name: isRenamed ? 'other' : 'web' },
          }),
        );
        const made = frameOfRows(entries, [WEB]);
        const isSame = JSON.stringify(made.workloads) === JSON.stringify(before.workloads);
        const frame = isSame ? { ...made, workloads: before.workloads } : made;
        assert.is(write(frame).toString(), createWriter('openmetrics', () => true)(frame).toString());
        before = frame;
      }
    }),
  );
});

test('where there are pods, what is in none has empty labels in place of those of the pod of the exporter', () => {
  const container = (path: string, facts: Partial<Workload>): Entry => ({
    ...WEB,
    path,
    facts: { kind: 'container', ...facts },
  });
  const alone = container('/alone', {});
  const text = textOf(frameOfRows([container('/web', { namespace: 'shop', pod: 'web-1' }), alone]));
  assert.match(
    text,
    /container_threads\{id="\/web",name="web",kind="container",namespace="shop",pod="web-1",container=""\}/,
  );
  assert.match(
    text,
    /container_threads\{id="\/alone",name="alone",kind="container",namespace="",pod="",container=""\}/,
  );
  assert.not.match(textOf(frameOfRows([alone])), 'namespace=');
});

test('names, images and labels of containers cannot write a line of their own', () => {
  const evil = 'x"} 1\ncontainer_threads{id="/fake"} 9\n# EOF\r\u001b[2J\u202e\\';
  const frame = frameOfRows([{ ...WEB, facts: { name: evil, image: evil, pod: evil, namespace: evil.repeat(99) } }]);
  for (const format of ['openmetrics', 'text'] as const) {
    const text = textOf(frame, format);
    assert.is(text.split('\n').filter((line) => line.startsWith('container_threads{')).length, 1);
    assert.is(text.split('\n').filter((line) => line === '# EOF').length, format === 'openmetrics' ? 1 : 0);
    assert.not.match(text, /[\u001b\r\u202e]/);
    const [series = ''] = [...samples(text).keys()].filter((name) => name.startsWith('container_threads'));
    assert.ok(series.length < 1200, String(series.length));
  }
});

test('the same cgroup is one info series with what it is', () => {
  const text = textOf(
    frameOfRows([{ ...WEB, facts: { runtime: 'docker', image: 'nginx:1', id: 'abc', pod: 'p', namespace: 'n' } }]),
  );
  const line = text.split('\n').find((one) => one.startsWith('tscg_workload_info{'));
  assert.is(
    line,
    'tscg_workload_info{id="/web",name="web",kind="container",namespace="n",pod="p",container="",owner="docker",runtime="docker",image="nginx:1",container_id="abc"} 1',
  );
  assert.match(text, '# TYPE tscg_workload info\n');
});

test('OpenMetrics has each family once, its samples behind it, and an end', async () => {
  const text = (await createInstruments().text('openmetrics')) + textOf(frameOfRows([WEB, { ...WEB, path: '/db' }]));
  assert.ok(text.endsWith('# EOF\n'));
  const families = new Map<string, string>();
  let current = '';
  for (const line of text.split('\n').slice(0, -2)) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type?.[1] && type[2]) {
      assert.not.ok(families.has(type[1]), `${type[1]} comes twice`);
      families.set(type[1], type[2]);
      current = type[1];
    }
    if (line.startsWith('#')) continue;
    const [, name = '', labels = ''] = /^([a-z0-9_]+)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    const suffix = { counter: '_total', info: '_info' }[families.get(current) ?? ''] ?? '';
    if (families.get(current) === 'histogram') assert.ok(name.startsWith(current), line);
    else assert.is(name, `${current}${suffix}`, line);
    assert.is(labels.replace(/[a-z_]+="(?:[^"\\]|\\["\\n])*"/g, '').replaceAll(',', ''), '', line);
  }
});

const NAME = 'promtool takes the text';
if (spawnSync('promtool', ['--version']).error) skip(test, NAME, 'no promtool here: apt-get install prometheus');
else
  test(NAME, async () => {
    const text = textOf(frameOfRows([WEB, { ...WEB, path: '/db' }]), 'text') + (await createInstruments().text('text'));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.is(stdout + stderr, '');
    assert.is(status, 0);
  });

test.run();
