/**
 * A real Prometheus and a real VictoriaMetrics, each of which scrapes two exporters of this machine on loopback, as two hosts.
 * They are in a cgroup namespace: other tests make thousands of cgroups beside it.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ROW_FIELDS } from '../../src/diagnosis/fields.ts';
import { isExported } from '../../src/export/families.ts';
import { openFleetSource } from '../../src/fleet/source.ts';
import { openStoreReader } from '../../src/fleet/store-reader.ts';
import { type Box, BUSY, onMount, TSCG, tscg, withBox } from '../boxes.ts';
import { skip } from '../skip.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { openTstop } from '../terminal.ts';

const HOSTS = ['host-a', 'host-b'];
const ROOT = `/tscg-test-fleet-${process.pid}`;
const QUIET = `quiet-${process.pid}`;
const BUSY_NAME = `busy-${process.pid}`;

/** How long a busy machine may take to scrape both hosts twice. */
const PATIENCE_MS = 120_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return address !== null && typeof address === 'object' ? address.port : 0;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

const configOf = (ports: readonly number[]): string => `
global: { scrape_interval: 5s, scrape_timeout: 5s }
scrape_configs:
  - job_name: tscg
    honor_labels: true
    static_configs:
${ports.map((port, at) => `      - { targets: ["127.0.0.1:${port}"], labels: { instance: "${HOSTS[at]}:9753" } }`).join('\n')}
`;

interface StoreProgram {
  readonly title: string;
  readonly command: string;
  /** `config`: a file in the form of Prometheus. */
  readonly args: (config: string, data: string, address: string) => readonly string[];
}

const STORES: readonly StoreProgram[] = [
  {
    title: 'Prometheus',
    command: 'prometheus',
    args: (config, data, address) => [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=${address}`,
    ],
  },
  {
    title: 'VictoriaMetrics',
    command: 'victoria-metrics',
    args: (config, data, address) => [
      `-promscrape.config=${config}`,
      `-storageDataPath=${data}`,
      `-httpListenAddr=${address}`,
    ],
  },
];

/** Runs `use` with the address of a store that scrapes two exporters of what is in that box. */
async function withStore(program: StoreProgram, world: Box, use: (url: string) => Promise<void>): Promise<void> {
  const directory = temporaryFolder();
  const mount = join(directory, 'cgroup');
  mkdirSync(mount);
  const ports = [await freePort(), await freePort()];
  const config = join(directory, 'prometheus.yml');
  writeFileSync(config, configOf(ports));
  for (const listen of ports) {
    const exporter = `exec '${process.execPath}' '${TSCG}' --mount ${mount} export --listen 127.0.0.1:${listen}`;
    await world.run(`exec unshare --cgroup --mount sh -c "mount -t cgroup2 none ${mount} && ${exporter}"`);
  }
  const address = `127.0.0.1:${await freePort()}`;
  const store = spawn(program.command, program.args(config, join(directory, 'data'), address), { stdio: 'ignore' });
  try {
    await use(`http://${address}`);
  } finally {
    await end(store);
  }
}

type Row = Readonly<Record<string, unknown>>;

const rowsOf = (text: string): Row[] => {
  const rows: unknown = JSON.parse(text);
  return Array.isArray(rows) ? rows : [];
};

/** Rows of these boxes by host, once the last scrapes of both hosts are younger than `since`, and have rates. */
async function fleetRows(url: string, since: number): Promise<Row[]> {
  const source = openFleetSource(openStoreReader({ url }));
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const frame = await source.next().catch(() => undefined);
    const machines = frame?.fleet.machines.filter(({ time, seconds }) => time > since && seconds > 0) ?? [];
    const rates = frame?.usage.column('cpu_percent');
    const isKnown = (name: string): boolean =>
      HOSTS.every((host) =>
        frame?.workloads.some((one, row) => one.name === name && one.host === host && !Number.isNaN(rates?.[row])),
      );
    if (machines.length === HOSTS.length && isKnown(QUIET) && isKnown(BUSY_NAME)) break;
    if (Date.now() > deadline) throw new Error('the store never had two scrapes of both hosts');
    await sleep(500);
  }
  const { status, stdout, stderr } = tscg('ls', '--prometheus', url, '--filter', String(process.pid), '--json');
  assert.is(status, 0, stderr);
  return rowsOf(stdout);
}

const rowOf = (rows: readonly Row[], name: string, host?: string): Row =>
  rows.find((row) => row.name === name && row.host === host) ?? {};

const EXPORTED = ROW_FIELDS.filter(isExported).map(({ id }) => id);

async function compare(url: string, busy: Box): Promise<void> {
  const used = (): number => busy.figure('cpu.stat', 'usage_usec');
  const rows = await fleetRows(url, Date.now());
  const own = rowOf(rowsOf(tscg('ls', '--filter', QUIET, '--json').stdout), QUIET);
  for (const host of HOSTS) {
    const row = rowOf(rows, QUIET, host);
    assert.is(row.path, `/${QUIET}`);
    for (const id of EXPORTED) assert.equal(row[id], own[id], `${id} of ${QUIET} on ${host}`);
    assert.ok(Number(rowOf(rows, BUSY_NAME, host).cpu_percent) > 0, `the CPU of ${BUSY_NAME} on ${host}`);
  }
  const then = tscg('ls', '--prometheus', url, '--at', '1s', '--filter', QUIET, '--json');
  assert.equal(
    rowsOf(then.stdout)
      .map(({ host }) => host)
      .sort(),
    HOSTS,
    then.stderr,
  );
  const before = used();
  await fleetRows(url, Date.now());
  // By itself, VictoriaMetrics would give no sample of the last 30 s.
  const asked = new URLSearchParams({ query: `container_cpu_usage_seconds_total{name="${BUSY_NAME}"}[1m]` });
  const answer: unknown = await (await fetch(`${url}/api/v1/query?${asked}`)).json();
  const after = used();
  const values = [...JSON.stringify(answer).matchAll(/\[[\d.]+,"([\d.]+)"\]\]/g)].map(([, value]) => Number(value));
  assert.is(values.length, HOSTS.length);
  for (const value of values)
    assert.ok(value * 1e6 >= before && value * 1e6 <= after, `${before} ≤ ${value} s ≤ ${after}`);
}

async function onScreen(url: string): Promise<void> {
  const terminal = openTstop(160, 40, ['--prometheus', url, '--delay', '1']);
  try {
    terminal.type(`f${process.pid}\r`);
    const row = (name: string, host: string) => new RegExp(`${name} +${host} [^\\n]*\\d\\.\\d`);
    const all = HOSTS.flatMap((host) => [row(BUSY_NAME, host), row(QUIET, host)]);
    await terminal.until((screen) => all.every((one) => one.test(screen)), 'both boxes of both hosts with their CPU');
    terminal.type('c');
    await terminal.until((screen) => /CPU % \d[^\n]*most/.test(screen), 'the chart of the past');
  } finally {
    terminal.kill();
  }
}

for (const program of STORES) {
  const { title, command } = program;
  const name = `the fleet has the figures of both hosts that a real ${title} scraped`;
  if (spawnSync(command, ['--version']).error) skip(test, name, `no ${command} here: apt-get install ${command}`);
  else
    onMount(test)(name, () =>
      withBox(ROOT, (world) =>
        withBox(`${ROOT}/${QUIET}`, (quiet) =>
          withBox(`${ROOT}/${BUSY_NAME}`, async (busy) => {
            await quiet.run('exec sleep 1000');
            await busy.run(BUSY);
            await withStore(program, world, async (url) => {
              await compare(url, busy);
              await onScreen(url);
            });
          }),
        ),
      ),
    );
}

test.run();
