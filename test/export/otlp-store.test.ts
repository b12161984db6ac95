/** A real receiver of OTLP: VictoriaMetrics stores what tscg export sends it. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { at, isRecord } from '../../src/inventory/names/json.ts';
import { onMount, TSCG, withBox } from '../boxes.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';

/** Of a busy machine. */
const PATIENCE_MS = 60_000;

const ended = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
  }
  return child.exitCode;
};

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port }: { port?: number } = Object(server.address());
  server.close();
  return port ?? 0;
}

/** The last value of each series of that name which belongs to this cgroup, by its labels as text. */
async function stored(url: string, name: string, path: string): Promise<ReadonlyMap<string, number>> {
  const query = new URLSearchParams({ 'match[]': `{__name__="${name}"}` });
  const lines = await fetch(`${url}/internal/force_flush`)
    .then(() => fetch(`${url}/api/v1/export?${query}`))
    .then((answer) => answer.text())
    .catch(() => '');
  return new Map(
    lines.split('\n').flatMap((line): [string, number][] => {
      const series: unknown = line === '' ? undefined : JSON.parse(line);
      const [labels, values] = [at(series, 'metric'), at(series, 'values')];
      if (!isRecord(labels) || !Array.isArray(values) || labels['tscg.cgroup.path'] !== path) return [];
      return [[`${labels['cpu.mode'] ?? ''} ${labels['service.name']} ${labels['tscg.kind']}`, Number(values.at(-1))]];
    }),
  );
}

async function sendsToStore(): Promise<void> {
  const directory = temporaryFolder();
  const url = `http://127.0.0.1:${await freePort()}`;
  const store = spawn('victoria-metrics', [
    `-storageDataPath=${join(directory, 'data')}`,
    `-httpListenAddr=${url.replace('http://', '')}`,
  ]);
  const name = `otlp-${process.pid}`;
  const path = `/${name}`;
  try {
    await withBox(path, async (box) => {
      const worker = await box.run('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done');
      if (worker.exitCode === null) await once(worker, 'exit');
      const exporter = spawn(process.execPath, [TSCG, 'export', '--otlp', `${url}/opentelemetry`, '--interval', '1s']);
      let said = '';
      exporter.stderr.on('data', (text) => (said += String(text)));
      const deadline = Date.now() + PATIENCE_MS;
      let found: ReadonlyMap<string, number> = new Map();
      while (found.size < 2 && Date.now() < deadline) {
        await sleep(200);
        found = await stored(url, 'container.cpu.time', path);
      }
      assert.is(await ended(exporter), 0);
      for (const [mode, key] of [
        ['user', 'user_usec'],
        ['kernel', 'system_usec'],
      ])
        assert.is(found.get(`${mode} ${name} cgroup`), box.figure('cpu.stat', key ?? '') / 1e6, `${said}${[...found]}`);
    });
  } finally {
    await ended(store);
  }
}

const NAME = 'VictoriaMetrics has the figures that were sent to it';
if (spawnSync('victoria-metrics', ['-version']).error)
  skip(test, NAME, 'no victoria-metrics here: apt-get install victoria-metrics, of Debian 13 or newer');
else onMount(test)(NAME, sendsToStore);

test.run();
