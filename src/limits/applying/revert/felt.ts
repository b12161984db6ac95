/**
 * What the others felt of a change of --for, for whom takes it back: their pressure before it waits in the state directory,
 * in `felt-ID.json`.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { at } from '../../../inventory/names/json.ts';
import type { CgroupFiles } from '../../../kernel/cgroup-files.ts';
import { comparePressure, type PressureReading, readPressure } from './pressure.ts';

const fileOf = (directory: string, id: string): string => join(directory, `felt-${id}.json`);

/** `others`: name by path. What cannot be written is not told later: the change itself does not depend on it. */
export function keepPressure(
  directory: string,
  id: string,
  others: ReadonlyMap<string, string>,
  files: CgroupFiles,
): void {
  const { at: time, stalls } = readPressure([...others.keys()], files);
  try {
    writeFileSync(fileOf(directory, id), JSON.stringify({ time, others: [...others], stalls: [...stalls] }));
  } catch {
    // As above.
  }
}

const MOST_TOLD = 3;

/** One line, with those who felt the change most; empty where nothing is known. */
export function tellPressure(directory: string, id: string, files: CgroupFiles): string {
  try {
    const kept: unknown = JSON.parse(readFileSync(fileOf(directory, id), 'utf8'));
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
    const felt = comparePressure(paths, start, readPressure(paths, files)).slice(0, MOST_TOLD);
    if (felt.length === 0) return 'no other workload felt pressure, before or meanwhile';
    const told = felt.map(
      ({ path, resource, before, during }) =>
        `${others.get(path) ?? path} ${resource} ${before.toFixed(1)}→${during.toFixed(1)}`,
    );
    return `others' pressure % in the minute before and meanwhile: ${told.join(', ')}`;
  } catch {
    return '';
  }
}

export const forgetPressure = (directory: string, id: string): void => rmSync(fileOf(directory, id), { force: true });

const pairs = (value: unknown): [string, unknown][] =>
  Array.isArray(value)
    ? value.flatMap((pair: unknown): [string, unknown][] =>
        Array.isArray(pair) && typeof pair[0] === 'string' ? [[pair[0], pair[1]]] : [],
      )
    : [];
