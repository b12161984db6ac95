/** A YAML file of a given shape: its value, or what is wrong with it, each with file, line and key. */
import * as v from 'valibot';
import { type Document, LineCounter, parseDocument } from 'yaml';
import { isRecord } from '../inventory/names/json.ts';
import { nearest } from '../text/near-names.ts';

export interface YamlFile {
  readonly root: unknown;
  /** `FILE:LINE: key: why`; of a key that is missing, the line where it would be. */
  fault(path: readonly (string | number)[], why: string): string;
}

/** The file, or the fault of a text that is no YAML. */
export function readYaml(text: string, file: string): YamlFile | string {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, logLevel: 'error' });
  const [broken] = document.errors;
  if (broken) {
    const [why = ''] = broken.message.split(/ at line \d+, column \d+:?|\n/);
    return `${file}:${broken.linePos?.[0].line ?? 1}: this line is no YAML: ${why}; correct it, or put a # before it`;
  }
  return {
    root: document.toJS(),
    fault: (path, why) => `${file}:${lines.linePos(startOf(document, path)).line}: ${keyText(path)}: ${why}`,
  };
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
    const path = (issue.path ?? [])
      .map(({ key }) => key)
      .filter((key) => typeof key === 'string' || typeof key === 'number');
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

const keyText = (path: readonly (string | number)[]): string =>
  path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\./, '') || 'file';

function startOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown = document.getIn(path.slice(0, length), true);
    const range = isRecord(node) ? node.range : undefined;
    const [start]: readonly unknown[] = Array.isArray(range) ? range : [];
    if (typeof start === 'number') return start;
  }
  return 0;
}
