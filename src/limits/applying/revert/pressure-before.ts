/**
 * The pressure of the other workloads before a change of --for, kept in the state directory as `pressure-before-ID.json` until
 * the change is taken back: the message that says so compares it with what came after.
 */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../../../inventory/names/json.ts';
import type { CgroupFiles } from '../../../kernel/cgroup-files.ts';
import { comparePressure, type PressureReading, readPressure } from './pressure.ts';

const fileOf = (directory: string, id: string): string => join(directory, `pressure-before-${id}.json`);
/** Its name in earlier versions: a change made by one of them may be taken back by this one. */
const oldFileOf = (directory: string, id: string): string => join(directory, `felt-${id}.json`);

/** `others`: name by path. A file that cannot be written costs the comparison alone: the change does not depend on it. */
export function keepPressureBefore(
  directory: string,
  id: string,
  others: ReadonlyMap<string, string>,
  files: CgroupFiles,
): void {
  const { at: time, stalls } = readPressure([...others.keys()], files);
  try {
    writeFileSync(fileOf(directory, id), JSON.stringify({ time, others: [...others], stalls: [...stalls] }));
  } catch {
    // Nothing is compared then.
  }
}

const MOST_TOLD = 3;

/** One line with the greatest changes since then; empty where nothing was kept. */
export function pressureSince(directory: string, id: string, files: CgroupFiles): string {
  try {
    const kept = readKept(directory, id);
    const others = new Map(pairs(at(kept, 'others')).map(([path, name]) => [path, String(name)]));
    const start: PressureReading = {
      at: Number(at(kept, 'time')),
      stalls: new Map(
        pairs(at(kept, 'stalls')).map(([key, stall]) => [
          key,
          { avg60: Number(at(stall, 'avg60')), total: Number(at(stall, 'total')) },
        ]),
      ),
    };
    const paths = [...others.keys()];
    const changes = comparePressure(paths, start, readPressure(paths, files)).slice(0, MOST_TOLD);
    if (changes.length === 0) return 'no other workload had pressure, before or meanwhile';
    const told = changes.map(
      ({ path, resource, before, during }) =>
        `${others.get(path) ?? path} ${resource} ${before.toFixed(1)}→${during.toFixed(1)}`,
    );
    return `others' pressure % in the minute before and meanwhile: ${told.join(', ')}`;
  } catch {
    return '';
  }
}

/** Throws where there is no such file, or it holds no JSON. */
function readKept(directory: string, id: string): unknown {
  try {
    return JSON.parse(readFileSync(fileOf(directory, id), 'utf8'));
  } catch {
    return JSON.parse(readFileSync(oldFileOf(directory, id), 'utf8'));
  }
}

export function forgetPressureBefore(directory: string, id: string): void {
  for (const file of [fileOf(directory, id), oldFileOf(directory, id)]) rmSync(file, { force: true });
}

const pairs = (value: unknown): [string, unknown][] =>
  Array.isArray(value)
    ? value.flatMap((pair: unknown): [string, unknown][] =>
        Array.isArray(pair) && typeof pair[0] === 'string' ? [[pair[0], pair[1]]] : [],
      )
    : [];
