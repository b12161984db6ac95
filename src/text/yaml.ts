/** Finds the place of a value in a YAML document. */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type ParsedNode, type YAMLMap } from 'yaml';

export type PolicyDocument = Document.Parsed<ParsedNode>;

export interface YamlPlace {
  /** How many characters come before the value. */
  readonly offset: number;
  /** How many come before its key; an item of a list has none, so before the item. */
  readonly keyOffset: number;
  readonly node: Node | undefined;
  /** The value is missing: the offsets are those of the map or list that should hold it. */
  readonly isMissing: boolean;
}

export function findPlace(document: PolicyDocument, path: readonly (string | number)[]): YamlPlace {
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
  return {
    offset,
    keyOffset,
    node: resolved(document, node),
    isMissing: false,
  };
}

interface Child {
  readonly key?: Node;
  readonly value?: Node;
}

function childOf(document: PolicyDocument, node: Node | undefined, step: string | number): Child {
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
function mergedChildOf(document: PolicyDocument, { items }: YAMLMap, step: string | number): Child {
  const merged = items.filter(({ key }) => isScalar(key) && typeof key.value === 'symbol').map(({ value }) => value);
  const sources = merged.filter(isNode).flatMap((node) => {
    const below = resolved(document, node);
    return isSeq(below) ? below.items.filter(isNode) : [node];
  });
  const children = sources.map((source) => childOf(document, source, step));
  return children.find(({ key }) => key !== undefined) ?? {};
}

const resolved = (document: PolicyDocument, node: Node | undefined): Node | undefined =>
  isAlias(node) ? node.resolve(document) : node;

const offsetOf = (node: Node | null | undefined): number | undefined => node?.range?.[0];
