/** The face of every client of a runtime's API (one file each in this folder); ./endpoint.ts runs them. */

import type { WorkloadDetails } from '../workload.ts';

export interface ClientContext {
  /** Path of the socket, or of the folder. */
  readonly endpoint: string;
  /** Owner of the socket where it is a user's. */
  readonly uid?: number;
  /** For each request. */
  readonly timeoutMs: number;
  readonly store: Store;
}

/** What one endpoint told, by id. */
export interface Store {
  get(id: string): WorkloadDetails | undefined;
  set(details: WorkloadDetails): void;
  delete(id: string): void;
  /** Forgets all but these. */
  retain(ids: ReadonlySet<string>): void;
}

export interface Refreshed {
  /** Name and version of what answered, for `tscg doctor`. */
  readonly version?: string;
  /** Workloads whose details did not come in time: ask again soon. */
  readonly pending: number;
}

export interface RuntimeClient {
  /**
   * Brings the store up to date. `isFollowed`: changes since the last time were told by `follow`, so only what is new is
   * asked for. Throws ApiError; one workload that is malformed or hangs costs that one only.
   */
  refresh(options: { readonly signal: AbortSignal; readonly isFollowed: boolean }): Promise<Refreshed>;
  /** Keeps the store current from now on; always ends by throwing ApiError. Absent where the API tells nothing. */
  follow?(options: FollowOptions): Promise<never>;
  close(): void;
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** From now on nothing is missed. */
  onOpen(): void;
  /** Something changed that only a refresh can tell. */
  onStale(): void;
}

export type CreateClient = (context: ClientContext) => Promise<RuntimeClient>;
