/** A YAML text, and so one of JSON: its value, and where in the text each part of that value stands. */

import type * as v from 'valibot';
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type ParsedNode,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { errorText } from './error-text.ts';

/** Both count from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlFault extends Position {
  readonly text: string;
}

/** Keys of maps and indices of lists, from the root. */
export type YamlPath = readonly (string | number)[];

/** Where an issue is that a check by valibot found. */
export const pathOfIssue = ({ path }: v.BaseIssue<unknown>): YamlPath =>
  (path ?? []).map(({ key }) => key).filter((key) => typeof key === 'string' || typeof key === 'number');

export interface YamlPlace {
  /** Where the value begins. */
  readonly value: Position;
  /** Where its key begins; an item of a list has none, so where the item does. */
  readonly key: Position;
  /** The value is missing: the positions are those of the map or list that should hold it. */
  readonly isMissing: boolean;
  /** What a text, number or word is in the file, as a number could lose digits; empty for a map and a list. */
  readonly spelled: string;
}

export interface YamlText {
  readonly root: unknown;
  place(path: YamlPath): YamlPlace;
}

/** Aliases may make a small text a huge tree. */
const MOST_ALIASES = 1000;

/** A list is what is wrong with a text that is no YAML. */
export function parseYaml(text: string): YamlText | readonly YamlFault[] {
  const lines = new LineCounter();
  const document: Parsed = parseDocument(text, {
    lineCounter: lines,
    merge: true,
    prettyErrors: false,
    logLevel: 'error',
  });
  const positionOf = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0) {
    return document.errors.map(({ pos, message }) => ({ ...positionOf(pos[0]), text: message.split('\n')[0] ?? '' }));
  }
  let root: unknown;
  try {
    root = document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    return [{ line: 1, column: 1, text: errorText(error) }];
  }
  return {
    root,
    place: (path) => {
      const { offset, keyOffset, node, isMissing } = find(document, path);
      return { value: positionOf(offset), key: positionOf(keyOffset), isMissing, spelled: spelled(node) };
    },
  };
}

type Parsed = Document.Parsed<ParsedNode>;

interface Found {
  /** How many characters come before the value. */
  readonly offset: number;
  readonly keyOffset: number;
  readonly node: Node | undefined;
  readonly isMissing: boolean;
}

function find(document: Parsed, path: YamlPath): Found {
  let node: Node | undefined = document.contents ?? undefined;
  let offset = offsetOf(node) ?? 0;
  let keyOffset = offset;
  for (const step of path) {
    const { key, value } = childOf(document, node, step);
    if (key === undefined && value === undefined) return { offset, keyOffset, node: undefined, isMissing: true };
    keyOffset = offsetOf(key) ?? offsetOf(value) ?? offset;
    offset = offsetOf(value) ?? keyOffset;
    node = value;
  }
  return { offset, keyOffset, node: resolved(document, node), isMissing: false };
}

interface Child {
  readonly key?: Node;
  readonly value?: Node;
}

function childOf(document: Parsed, node: Node | undefined, step: string | number): Child {
  const holder = resolved(document, node);
  if (isMap(holder)) {
    const pair = holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    if (pair === undefined) return mergedChildOf(document, holder, step);
    return {
      ...(isNode(pair.key) && { key: pair.key }),
      ...(isNode(pair.value) && { value: pair.value }),
    };
  }
  const item = isSeq(holder) ? holder.items[Number(step)] : undefined;
  return isNode(item) ? { value: item } : {};
}

/** Of a map that `<<: *other` or `<<: [*one, *other]` lays under it: the first that has it counts. */
function mergedChildOf(document: Parsed, { items }: YAMLMap, step: string | number): Child {
  const merged = items.filter(({ key }) => isScalar(key) && typeof key.value === 'symbol').map(({ value }) => value);
  const sources = merged.filter(isNode).flatMap((node) => {
    const below = resolved(document, node);
    return isSeq(below) ? below.items.filter(isNode) : [node];
  });
  const children = sources.map((source) => childOf(document, source, step));
  return children.find(({ key }) => key !== undefined) ?? {};
}

const resolved = (document: Parsed, node: Node | undefined): Node | undefined =>
  isAlias(node) ? node.resolve(document) : node;

const offsetOf = (node: Node | null | undefined): number | undefined => node?.range?.[0];

function spelled(node: Node | undefined): string {
  if (!isScalar(node)) return '';
  const isPlain = node.type === 'PLAIN' && node.source !== undefined;
  return isPlain && typeof node.value !== 'string' ? (node.source ?? '') : String(node.value);
}
