/** A YAML file of a given shape: its value, or what is wrong with it, each with file, line and key. */

import * as v from 'valibot';
import { nearest } from '../text/near-names.ts';
import { parseYaml, pathOfIssue, type YamlPath } from '../text/yaml.ts';

export interface YamlFile {
  readonly root: unknown;
  /** `FILE:LINE: key: why`; of a key that is missing, the line where it would be. */
  fault(path: YamlPath, why: string): string;
}

/** The file, or the fault of a text that is no YAML. */
export function readYaml(text: string, file: string): YamlFile | string {
  const yaml = parseYaml(text);
  if ('root' in yaml) {
    return {
      root: yaml.root,
      fault: (path, why) => `${file}:${yaml.place(path).value.line}: ${keyText(path)}: ${why}`,
    };
  }
  const [{ line, text: why } = { line: 1, text: '' }] = yaml;
  return `${file}:${line}: this line is no YAML: ${why}; correct it, or put a # before it`;
}

/**
 * Issues of a shape that is not met: what is told of each, and the key of its outermost map. A key that is not known comes
 * first: it is most often the misspelt one of what is missing.
 */
export function shapeFaults(
  issues: readonly v.BaseIssue<unknown>[],
  file: YamlFile,
  beneath: readonly string[] = [],
): readonly { readonly key: string | undefined; readonly text: string }[] {
  const unknownFirst = issues.toSorted((a, b) => Number(b.expected === 'never') - Number(a.expected === 'never'));
  return unknownFirst.map((issue) => {
    const path = pathOfIssue(issue);
    const [key] = path;
    return {
      key: typeof key === 'string' ? key : undefined,
      text: file.fault([...beneath, ...path], issue.message),
    };
  });
}

/** A map of these keys and no others. `what`: what is told of another value. */
export const mapOf = <Entries extends v.ObjectEntries>(entries: Entries, what: string) =>
  v.strictObject(entries, (issue) => {
    if (issue.expected === 'never') return `no such key; ${instead(issue.path?.at(-1)?.key, Object.keys(entries))}`;
    return issue.expected === 'Object' ? what : 'is missing';
  });

function instead(key: unknown, known: readonly string[]): string {
  const near = typeof key === 'string' ? nearest(key, known) : [];
  return near.length > 0 ? `did you mean ${near.join(' or ')}?` : `one of ${known.join(', ')}`;
}

/** One of these words. */
export const oneOf = <const Words extends readonly string[]>(words: Words) =>
  v.picklist(words, ({ input }) => `"${String(input)}" is not one of ${words.join(', ')}`);

export const onOrOff = v.boolean('not true or false');

const keyText = (path: YamlPath): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '') || 'file';
