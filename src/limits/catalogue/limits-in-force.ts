/**
 * The limits that are set on one cgroup, each with what its ancestors leave of it. Limits that tstop shows in a column are
 * left out.
 */

import { join } from 'node:path';
import { ancestorsOf } from '../../kernel/cgroup-path.ts';
import type { ReadFiles } from '../../kernel/read-files.ts';
import type { Binding } from '../model.ts';
import { LIMITS } from './catalogue.ts';
import { isUnset } from './limit.ts';

export interface LimitInForce {
  readonly file: string;
  /** As an operator reads it. */
  readonly text: string;
  /** What is in force, if that differs from the text, and the cgroup that causes it. */
  readonly effective?: { readonly text: string; readonly from: string };
}

export async function readLimitsInForce(
  mount: string,
  path: string,
  readFiles: ReadFiles,
): Promise<readonly LimitInForce[]> {
  const above = ancestorsOf(path).filter((at) => at !== '/');
  const wanted = LISTED.flatMap(({ file, binds }) => [
    [path, file] as const,
    ...(binds?.by === 'effective-file' ? [[path, binds.file] as const] : []),
    ...(isFromAbove(binds) ? above.map((at) => [at, file] as const) : []),
  ]);
  const texts = await readFiles(wanted.map(([at, file]) => join(mount, at, file)));
  const known = new Map(wanted.map(([at, file], index) => [`${at}/${file}`, texts[index]]));
  return limitsInForce(path, (at, file) => {
    const text = known.get(`${at}/${file}`);
    return typeof text === 'string' ? text.trim() : undefined;
  });
}

/** `text` gives the trimmed text of a cgroup's file, undefined where there is none. */
export function limitsInForce(path: string, text: (path: string, file: string) => string | undefined): LimitInForce[] {
  const above = ancestorsOf(path).filter((at) => at !== '/');
  return LISTED.flatMap((limit): LimitInForce[] => {
    const { file, describe, binds } = limit;
    const own = text(path, file);
    if (own === undefined) return [];
    if (binds?.by === 'effective-file') {
      const effective = text(path, binds.file);
      const from = above.find((at) => (text(at, file) ?? '') !== '') ?? path;
      if (effective === undefined || (own === '' && from === path)) return [];
      return [{ file, text: describe(own), ...(effective === own ? {} : { effective: { text: effective, from } }) }];
    }
    if (isUnset(own, limit)) return [];
    if (binds?.by !== 'protection') return [{ file, text: describe(own) }];
    const [least] = above
      .flatMap((from) => {
        const given = text(from, file);
        return given === undefined ? [] : [{ from, value: binds.value(given) }];
      })
      .filter(({ value }) => value < binds.value(own))
      .sort((a, b) => a.value - b.value);
    return [
      { file, text: describe(own), ...(least && { effective: { text: binds.text(least.value), from: least.from } }) },
    ];
  });
}

/** Whether the same file of the ancestors is needed to know what is in force. */
const isFromAbove = (binds: Binding | undefined): boolean =>
  binds?.by === 'protection' || binds?.by === 'effective-file';

/** A column shows the others beside what they limit. */
const LISTED = LIMITS.filter(({ hasColumn }) => !hasColumn);
