/** Limits of one cgroup that no column shows: those that are set, and what of them really holds below its ancestors. */
import { join } from 'node:path';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { LIMITS, sizeText } from '../catalogue/catalogue.ts';
import { isUnset } from '../policy/spell.ts';

export interface SetLimit {
  readonly file: string;
  /** As an operator reads it. */
  readonly text: string;
  /** What holds where that is something else, and the path whose file it comes from. */
  readonly effective?: { readonly text: string; readonly from: string };
}

/** Shown with the usage that they limit, or another view of one that is. */
const SHOWN: ReadonlySet<string> = new Set([
  'cpu.max',
  'cpu.weight',
  'cpu.weight.nice',
  'memory.max',
  'memory.high',
  'memory.swap.max',
  'pids.max',
  'io.max',
]);
/** The kernel tells what they come to: `cpuset.cpus.effective`. */
const LISTS = ['cpuset.cpus', 'cpuset.mems'];
/** Of no use beyond what the ancestors protect (Documentation/admin-guide/cgroup-v2.rst). */
const PROTECTIONS = ['memory.min', 'memory.low'];

export async function readSetLimits(mount: string, path: string, readFiles: ReadFiles): Promise<readonly SetLimit[]> {
  const above = ancestorsOf(path).filter((at) => at !== '/');
  const wanted = [
    ...LIMITS.filter(({ file }) => !SHOWN.has(file)).map(({ file }) => [path, file] as const),
    ...LISTS.map((file) => [path, `${file}.effective`] as const),
    ...above.flatMap((at) => [...LISTS, ...PROTECTIONS].map((file) => [at, file] as const)),
  ];
  const texts = await readFiles(wanted.map(([at, file]) => join(mount, at, file)));
  const known = new Map(wanted.map(([at, file], index) => [`${at}/${file}`, texts[index]]));
  return setLimits(path, (at, file) => {
    const text = known.get(`${at}/${file}`);
    return typeof text === 'string' ? text.trim() : undefined;
  });
}

/** `text`: of a file of a cgroup, trimmed; undefined where there is none. */
export function setLimits(path: string, text: (path: string, file: string) => string | undefined): SetLimit[] {
  const above = ancestorsOf(path).filter((at) => at !== '/');
  return LIMITS.flatMap((limit): SetLimit[] => {
    const { file, describe } = limit;
    const own = text(path, file);
    if (SHOWN.has(file) || own === undefined) return [];
    if (LISTS.includes(file)) {
      const effective = text(path, `${file}.effective`);
      const from = above.find((at) => (text(at, file) ?? '') !== '') ?? path;
      if (effective === undefined || (own === '' && from === path)) return [];
      return [{ file, text: describe(own), ...(effective === own ? {} : { effective: { text: effective, from } }) }];
    }
    if (isUnset(own, limit)) return [];
    if (!PROTECTIONS.includes(file)) return [{ file, text: describe(own) }];
    const [least] = above
      .map((from) => ({ from, value: parseSingleValue(text(from, file)) }))
      .filter(({ value }) => value < parseSingleValue(own))
      .sort((a, b) => a.value - b.value);
    return [
      { file, text: describe(own), ...(least && { effective: { text: sizeText(least.value), from: least.from } }) },
    ];
  });
}
