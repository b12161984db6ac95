/** Where in a YAML document something stands. */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node, type ParsedNode } from 'yaml';

export type PolicyDocument = Document.Parsed<ParsedNode>;

export interface Place {
  /** Characters before it. */
  readonly offset: number;
  /** The same of its key; of itself in a list. */
  readonly keyOffset: number;
  readonly node: Node | undefined;
  /** Nothing is there: the offsets are those of what should hold it. */
  readonly isMissing: boolean;
}

export function findPlace(document: PolicyDocument, path: readonly (string | number)[]): Place {
  let node: Node | undefined = document.contents ?? undefined;
  let offset = offsetOf(node) ?? 0;
  let keyOffset = offset;
  for (const step of path) {
    const holder: Node | undefined = isAlias(node) ? node.resolve(document) : (node ?? undefined);
    const { key, value } = childOf(holder, step);
    if (key === undefined && value === undefined) return { offset, keyOffset, node: undefined, isMissing: true };
    keyOffset = offsetOf(key) ?? offsetOf(value) ?? offset;
    offset = offsetOf(value) ?? keyOffset;
    node = value;
  }
  return {
    offset,
    keyOffset,
    node: isAlias(node) ? node.resolve(document) : (node ?? undefined),
    isMissing: false,
  };
}

function childOf(holder: Node | undefined, step: string | number): { key?: Node; value?: Node } {
  if (isMap(holder)) {
    const pair = holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
    return {
      ...(isNode(pair?.key) && { key: pair.key }),
      ...(isNode(pair?.value) && { value: pair.value }),
    };
  }
  const item = isSeq(holder) ? holder.items[Number(step)] : undefined;
  return isNode(item) ? { value: item } : {};
}

const offsetOf = (node: Node | null | undefined): number | undefined => node?.range?.[0];
