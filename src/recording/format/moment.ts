/** What is recorded of one instant. */

import type { Finding } from '../../diagnosis/model.ts';
import type { ProcessNode } from '../../inventory/processes.ts';
import type { Workload } from '../../inventory/workload.ts';
import type { Change } from '../../limits/applying/journal.ts';
import type { LogEvent } from '../../metrics/events.ts';
import type { Snapshot } from '../../metrics/snapshot.ts';
import type { FrameCost } from '../../metrics/source.ts';

export interface Moment {
  readonly snapshot: Snapshot;
  /** What each row of the Snapshot is. */
  readonly workloads: readonly Workload[];
  /** Cgroups that are left out because their paths are no UTF-8. */
  readonly hidden: number;
  readonly cost: FrameCost;
  /** The last ones that were read; the object of the moment before where none were read since. */
  readonly processes: RecordedProcesses | undefined;
  /** The processes that were read before those, so that they have rates. */
  readonly processesBefore: RecordedProcesses | undefined;
  /** What happened since the moment before. */
  readonly events: readonly LogEvent[];
  readonly findings: readonly Finding[];
  /** The changes that were begun or ended since the moment before, as they are now. */
  readonly changes: readonly Change[];
}

export interface RecordedProcesses {
  /** CLOCK_MONOTONIC milliseconds when they were read. */
  readonly time: number;
  /** By pid. */
  readonly list: readonly RecordedProcess[];
}

export type RecordedProcess = Omit<ProcessNode, 'children'>;

/** A line of `tscg doctor`. */
export interface DoctorCheck {
  readonly about: string;
  /** `note`: nothing is wrong, but something is absent that a user might miss. */
  readonly state: (typeof CHECK_STATES)[number];
  readonly finding: string;
  readonly remedy?: string | undefined;
}

export const CHECK_STATES = ['ok', 'note', 'warning', 'error'] as const;

/** What a file begins with: whose figures follow. */
export interface RecordingHeader {
  readonly version: number;
  /** As `tscg 0.1.0`. */
  readonly program: string;
  readonly host: {
    readonly name: string;
    readonly kernel: string;
    /** Figures of two boots are not compared. */
    readonly boot: string;
  };
  /** Milliseconds between two moments. */
  readonly interval: number;
  /** Milliseconds since the epoch. */
  readonly started: number;
  /** The machine, its kernel and its runtimes, where an incident was made of what was recorded there. */
  readonly doctor?: { readonly time: number; readonly checks: readonly DoctorCheck[] } | undefined;
  /** Whether names, arguments, labels and images were replaced. */
  readonly redacted: boolean;
  /** Interface files and their keys, in the order of the columns. */
  readonly files: readonly { readonly file: string; readonly keys: readonly string[] }[];
}

/** The format that is written. Reading takes every version up to it. */
export const FORMAT_VERSION = 1;
