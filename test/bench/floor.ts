/** A collector's pass against floor.c, which only preads the same files. */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Collector, FileSpec } from '../../src/kernel/collector.ts';

export interface Ratio {
  /** Median over the pairs. */
  readonly ratio: number;
  /** Medians in milliseconds a pass. */
  readonly collector: number;
  readonly floor: number;
}

/** `count` empty cgroups in a group of their own beneath the mount, with every controller it has; `remove` ends them. */
export function makeCgroups(mount: string, count: number): { readonly paths: readonly string[]; remove(): void } {
  const parent = `/tscg-addon-${process.pid}`;
  mkdirSync(mount + parent);
  const controllers = readFileSync(`${mount}${parent}/cgroup.controllers`, 'utf8').split(/\s+/).filter(Boolean);
  for (const controller of controllers) writeFileSync(`${mount}${parent}/cgroup.subtree_control`, `+${controller}`);
  const paths = Array.from({ length: count }, (_, index) => `${parent}/${index}`);
  for (const path of paths) mkdirSync(mount + path);
  return {
    paths,
    remove() {
      for (const path of paths) rmdirSync(mount + path);
      rmdirSync(mount + parent);
    },
  };
}

export interface Floor {
  /** Nanoseconds of each pass over the files. */
  run(files: readonly string[], passes: number): readonly number[];
  remove(): void;
}

/** Compiles `floor.c` (gcc -O2) into a directory of its own. */
export function buildFloor(): Floor {
  const directory = mkdtempSync(join(tmpdir(), 'tscg-floor-'));
  const program = join(directory, 'floor');
  execFileSync('gcc', ['-O2', '-o', program, fileURLToPath(new URL('floor.c', import.meta.url))]);
  return {
    run(files, passes) {
      const output = execFileSync(program, [String(passes)], { input: files.join('\n'), encoding: 'utf8' });
      return output.trim().split('\n').map(Number);
    },
    remove: () => rmSync(directory, { recursive: true }),
  };
}

/**
 * `pairs` times some passes of the collector, then of the floor, so that both meet the machine in the same mood. The
 * time is that until the caller has the columns, thread switches included. Passes that open descriptors do not count.
 */
export async function collectorAgainstFloor(
  collector: Collector,
  mount: string,
  paths: readonly string[],
  files: readonly FileSpec[],
  pairs = 20,
  passes = 5,
): Promise<Ratio> {
  const ids = Uint32Array.from(paths, (path) => collector.add(path));
  const masks = new Uint32Array(ids.length).fill(2 ** files.length - 1);
  const texts = paths.flatMap((path) => files.map(({ file }) => `${mount}${path}/${file}`));
  const floor = buildFloor();
  const warmUp = 2;
  await collector.collect({ ids, masks });
  const measured: { collector: number; floor: number }[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const times: number[] = [];
    for (let pass = 0; pass < passes + warmUp; pass++) {
      const start = performance.now();
      await collector.collect({ ids, masks });
      times.push(performance.now() - start);
    }
    const bare = floor.run(texts, passes + warmUp).slice(warmUp);
    measured.push({ collector: median(times.slice(warmUp)), floor: median(bare) / 1e6 });
  }
  floor.remove();
  for (const id of ids) collector.remove(id);
  return {
    ratio: median(measured.map((pair) => pair.collector / pair.floor)),
    collector: median(measured.map((pair) => pair.collector)),
    floor: median(measured.map((pair) => pair.floor)),
  };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
