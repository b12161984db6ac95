/** What is said of a workload beside its figures. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { render } from '../../src/cli/commands/ls.ts';
import { ROW_FIELDS } from '../../src/diagnosis/fields.ts';
import { type DumpFormat, dumped } from '../../src/export/dump.ts';
import { createWriter } from '../../src/export/exposition.ts';
import { infoLabels, labelText, seriesLabels } from '../../src/export/labels.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { parseFilter } from '../../src/metrics/query.ts';
import type { Frame } from '../../src/metrics/source.ts';
import { fleetOf } from '../fleet/prometheus.ts';
import { frameBetween } from '../metrics/frames.ts';
import { snapshotOf } from '../metrics/snapshots.ts';

/** As its files tell it: no runtime answers. */
const NGINX: Partial<Workload> = {
  ...{ kind: 'container', runtime: 'containerd', id: 'f00d', name: 'web-0/nginx', image: 'nginx:1.27' },
  ...{ namespace: 'shop', pod: 'web-0' },
  labels: { 'com.docker.compose.project': 'front', 'com.docker.compose.service': 'proxy' },
};
const PATH = '/kubepods/f00d';
const FACTS = {
  ...{ path: PATH, name: 'web-0/nginx', kind: 'container', owner: 'containerd', image: 'nginx:1.27' },
  ...{ namespace: 'shop', pod: 'web-0', container: 'nginx', runtime: 'containerd', container_id: 'f00d' },
  ...{ compose_project: 'front', compose_service: 'proxy' },
};

function frameOf(facts: Partial<Workload>): Frame {
  const at = (second: number) => snapshotOf(second, [{ path: PATH, figures: { 'pids.current:value': 3 } }]);
  return frameBetween(at(0), at(1), () => facts);
}

const FRAME = frameOf(NGINX);
const pids = ROW_FIELDS.filter(({ id }) => id === 'pids');
const OPTIONS = { columns: 'pids' };

test('a fact has one name in rows, dumps, labels and filters, and on a machine that a store tells of', async () => {
  const row = { ...FACTS, pids: 3 };
  assert.equal(JSON.parse(render(FRAME, [0], pids, { ...OPTIONS, json: true }, false)), [row]);
  const csv = [Object.keys(row), Object.values(row)].map((cells) => cells.join(',')).join('\n');
  assert.is(render(FRAME, [0], pids, { ...OPTIONS, csv: true }, false), csv);

  const time = new Date(FRAME.usage.snapshot.wall).toISOString();
  const names = ['time', ...Object.keys(FACTS), ...ROW_FIELDS.map(({ id }) => id)];
  const parts = (format: DumpFormat): string[] => [...dumped([FRAME], { format, all: false })];
  const told = JSON.parse(parts('jsonl').join(''));
  assert.equal(Object.keys(told), names);
  assert.equal(told, { ...told, time, ...row });
  const [head, line = ''] = parts('csv');
  assert.is(head, `${names.join(',')}\n`);
  assert.match(line, `${time},${Object.values(FACTS).join(',')},`);

  const [workload] = FRAME.workloads;
  assert.ok(workload);
  const { path, ...labelled } = FACTS;
  const labels = [...seriesLabels(workload), ...infoLabels(workload)];
  assert.equal(Object.fromEntries(labels), { id: path, ...labelled });
  assert.match(parts('openmetrics').join(''), `\ntscg_pids${labelText(seriesLabels(workload))}} 3 `);

  for (const [name, value] of Object.entries(FACTS)) assert.ok(parseFilter(`${name} = "${value}"`)(FRAME, 0), name);

  const text = createWriter('text', () => true)(FRAME).toString();
  const fleet = await fleetOf([{ instance: 'node-a', time: 1, text }]);
  const rows = render(fleet, [0], pids, { ...OPTIONS, json: true }, false);
  assert.equal(JSON.parse(rows), [{ host: 'node-a', ...row }]);
});

test('what is not known of a workload is null in JSON, and empty in CSV', () => {
  const frame = frameOf({ kind: 'cgroup', name: 'job' });
  const known = { path: PATH, name: 'job', kind: 'cgroup', owner: 'cgroupfs' };
  const unknown = Object.fromEntries(
    Object.keys(FACTS).flatMap((name) => (name in known ? [] : [[name, null] as const])),
  );
  assert.equal(JSON.parse(render(frame, [0], [], { columns: 'none', json: true }, false)), [{ ...known, ...unknown }]);
  const csv = render(frame, [0], [], { columns: 'none', csv: true }, false);
  assert.is(csv.split('\n')[1], `${Object.values(known).join(',')}${','.repeat(8)}`);
});

test('a row of the past begins with its time', () => {
  const past = { ...OPTIONS, at: '03:12' };
  const [json] = JSON.parse(render(FRAME, [0], pids, { ...past, json: true }, false));
  assert.is(Object.keys(json)[0], 'time');
  assert.is(json.time, new Date(FRAME.usage.snapshot.wall).toISOString());
  assert.match(render(FRAME, [0], pids, { ...past, csv: true }, false), new RegExp(`^time,path,.*\n${json.time},`));
});

test.run();
