/** Namespaces as a tree: each under the user namespace that owns it, pid and user namespaces under their parents. Pure. */

import type { Namespace } from '../inventory/namespaces.ts';
import type { NamespaceKind } from '../kernel/namespace-link.ts';

export interface TreeLine {
  readonly namespace: Namespace;
  /** `│  └─ `, empty at the top. */
  readonly branch: string;
}

/**
 * `kind`: only those, beneath the user namespaces that lead to them; pid namespaces then by their parents alone. What is
 * above may not be seen by everybody: then it stands at the top.
 */
export function treeOf(namespaces: readonly Namespace[], kind?: NamespaceKind): TreeLine[] {
  const byInode = new Map(namespaces.map((namespace) => [namespace.inode, namespace]));
  const above = (namespace: Namespace): Namespace | undefined => {
    const parent = byInode.get(namespace.parent ?? -1);
    const owner = byInode.get(namespace.owner ?? -1);
    if (namespace.kind === 'user' || (namespace.kind === 'pid' && kind === 'pid')) return parent;
    return namespace.kind === 'pid' && parent?.owner === namespace.owner ? (parent ?? owner) : owner;
  };
  const shown = new Set<Namespace>();
  for (const namespace of namespaces) {
    if (kind !== undefined && namespace.kind !== kind) continue;
    for (let here: Namespace | undefined = namespace; here && !shown.has(here); here = above(here)) shown.add(here);
  }
  const children = new Map<Namespace | undefined, Namespace[]>();
  for (const namespace of namespaces) {
    if (!shown.has(namespace)) continue;
    const siblings = children.get(above(namespace)) ?? [];
    children.set(above(namespace), [...siblings, namespace]);
  }
  const linesOf = (parent: Namespace | undefined, prefix: string): TreeLine[] => {
    const list = children.get(parent) ?? [];
    return list.flatMap((namespace, index) => {
      const isLast = index === list.length - 1;
      const [branch, below] = parent === undefined ? ['', ''] : isLast ? ['└─ ', '   '] : ['├─ ', '│  '];
      return [{ namespace, branch: prefix + branch }, ...linesOf(namespace, prefix + below)];
    });
  };
  return linesOf(undefined, '');
}
