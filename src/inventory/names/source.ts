/** The face of everything that knows names: files of the runtimes (this folder), and their APIs. */

import type { Identity, Workload } from '../workload.ts';

/** What one source knows of a workload. All text is cleaned; what it does not know is absent. */
export type Names = Partial<Pick<Workload, 'name' | 'image' | 'pod' | 'namespace' | 'labels' | 'initPid' | 'details'>>;

export interface NameSource {
  /** For `tscg doctor`: `docker files`. */
  readonly name: string;
  /** Whether it may know this one. Containers without a runtime (a bare id) are anyone's. */
  matches(identity: Identity): boolean;
  /** Undefined where it does not know it. What is missing or malformed costs the name only: it does not reject. */
  lookup(identity: Identity, path: string): Promise<Names | undefined>;
  /** For sources that are told of changes: calls back with the id whose names may be new. Gives the function that ends it. */
  events?(onChange: (id: string) => void): () => void;
}

/** `pod/container`, as `kubectl` and `crictl` users think of them. */
export const podName = (pod: string, container: string): string => `${pod}/${container}`;

/** A container of one of these runtimes, or of nobody known. */
export const isContainerOf = (identity: Identity, ...runtimes: readonly Identity['runtime'][]): boolean =>
  identity.kind === 'container' && (identity.runtime === undefined || runtimes.includes(identity.runtime));
