/**
 * What a workload is, as text: the fields of JSON and CSV beside the figures, the labels of exported series, what a filter
 * compares. A fact has the same name in all of them.
 */

import { ownerOf, runtimeOf } from './owner.ts';
import { composeProjectOf, composeServiceOf, containerNameOf, type Workload } from './workload.ts';

/** Undefined or empty for what is not known. */
type Fact = (workload: Workload) => string | undefined;

export const FACTS = {
  path: ({ path }) => path,
  name: ({ name }) => name,
  kind: ({ kind }) => kind,
  owner: ownerOf,
  image: ({ image }) => image,
  namespace: ({ namespace }) => namespace,
  pod: ({ pod }) => pod,
  container: containerNameOf,
  runtime: runtimeOf,
  container_id: ({ kind, id }) => (kind === 'container' ? id : undefined),
  compose_project: composeProjectOf,
  compose_service: composeServiceOf,
} as const satisfies Readonly<Record<string, Fact>>;

export type FactName = keyof typeof FACTS;
