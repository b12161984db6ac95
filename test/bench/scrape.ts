/**
 * What a scrape of `tscg export` costs against a pass of the collector over the same files, by turns in one run. Both are CPU
 * of whole processes, all threads: of the exporter, and of one that does nothing but collect. By itself, with a thousand
 * cgroups, it is for a machine that has every controller:
 *
 *     node test/guest/native.mjs node --import tsx test/bench/scrape.ts
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openCollector } from '../../src/kernel/open-collector.ts';
import { CGROUP_FILES } from '../../src/metrics/files.ts';
import { cpuOf } from '../cpu-time.ts';
import { makeCgroups } from './floor.ts';
import { dist } from './screens.ts';

const SCRAPES = 30;
/** So many before are not counted: the exporter opens descriptors, and its code is compiled. */
const WARM_UP = 15;
/** The exporter answers from its last pass within a second. */
const APART_MS = 1100;

/** Every cgroup beneath the mount, parents first. */
function allPaths(mount: string): readonly string[] {
  const paths = ['/'];
  for (const path of paths) {
    const below = readdirSync(mount + path, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    paths.push(...below.map(({ name }) => (path === '/' ? `/${name}` : `${path}/${name}`)));
  }
  return paths;
}

/** The exporter, once it listens, and where. */
async function openExporter(mount: string): Promise<{ readonly exporter: ChildProcess; readonly url: string }> {
  const command = [
    ...(process.env.FLAGS?.split(' ') ?? []),
    dist('tscg'),
    '--mount',
    mount,
    'export',
    '--listen',
    '127.0.0.1:0',
  ];
  const exporter = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: exporter.stdout })) {
    const [url] = /http:\S+/.exec(line) ?? [];
    if (url !== undefined) return { exporter, url };
  }
  throw new Error('tscg export ended before it listened');
}

async function bytesOf(url: string): Promise<number> {
  const request = get(url, { headers: { accept: 'application/openmetrics-text' } });
  const [response] = await once(request, 'response');
  let bytes = 0;
  for await (const chunk of response) bytes += chunk.length;
  return bytes;
}

/** One pass over every file that is there. */
function openPasses(mount: string): { pass(): Promise<void>; close(): void } {
  const paths = allPaths(mount);
  const collector = openCollector({
    mount,
    files: CGROUP_FILES,
    budget: paths.length * 32,
    watches: paths.length,
    skipDevices: [],
  });
  const request = {
    ids: Uint32Array.from(paths, (path) => collector.add(path)),
    masks: Uint32Array.from(paths, (path) =>
      CGROUP_FILES.reduce(
        (mask, { file }, bit) => (existsSync(`${mount}${path}/${file}`) ? mask | (1 << bit) : mask),
        0,
      ),
    ),
  };
  return {
    async pass() {
      await collector.collect(request);
    },
    close: () => collector.close(),
  };
}

export async function scrapes(mount: string, report: (name: string, value: string) => void): Promise<void> {
  const { exporter, url } = await openExporter(mount);
  const { pass, close } = openPasses(mount);
  try {
    const pid = exporter.pid ?? 0;
    const used = { scrape: 0, pass: 0 };
    let bytes = 0;
    for (let count = 0; count < WARM_UP + SCRAPES; count++) {
      await sleep(APART_MS);
      const isCounted = count >= WARM_UP;
      const before = cpuOf(pid);
      bytes = await bytesOf(url);
      if (isCounted) used.scrape += cpuOf(pid) - before;
      const own = cpuOf(process.pid);
      await pass();
      if (isCounted) used.pass += cpuOf(process.pid) - own;
    }
    const inMs = (nanoseconds: number): string => `${(nanoseconds / SCRAPES / 1e6).toFixed(1)} ms`;
    report(
      'a scrape',
      `${inMs(used.scrape)} of CPU, ${Math.round(bytes / 1000)} kB; a collector pass ${inMs(used.pass)}`,
    );
    report('a scrape / collector pass', (used.scrape / used.pass).toFixed(2));
  } finally {
    close();
    exporter.kill();
    await once(exporter, 'exit');
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const mount = '/sys/fs/cgroup';
  const controllers = readFileSync(`${mount}/cgroup.controllers`, 'utf8').trim().split(' ');
  for (const controller of controllers) writeFileSync(`${mount}/cgroup.subtree_control`, `+${controller}`);
  const cgroups = makeCgroups(mount, 1000);
  await scrapes(mount, (name, value) => console.log(`${name} (${controllers.join(', ')}): ${value}`));
  cgroups.remove();
}
