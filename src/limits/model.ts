/**
 * What passes between the parts of src/limits: what is asked (Request), what would be written and why it may hurt (Plan), and
 * one write of one file, as the Plan shows it, an owner makes it and the journal keeps it (Write).
 */
import type { RuntimeSocket } from '../inventory/sockets.ts';
import type { Workload } from '../inventory/workload.ts';
import type { CgroupFiles } from '../kernel/cgroup-files.ts';
import type { Machine } from '../kernel/machine.ts';
import type { Edit, Limit } from './catalogue/limit.ts';

/** Who can change a limit: the file itself, or the programs that made the cgroup. */
export const OWNER_NAMES = ['cgroupfs', 'systemd', 'docker', 'podman', 'cri', 'incus'] as const;
export type OwnerName = (typeof OWNER_NAMES)[number];

/** A workload that a limit is for; `name` is as the user calls it. */
export type Target = Workload;

/** One write of one file. */
export interface Write {
  readonly name: string;
  readonly path: string;
  readonly inode: number;
  readonly file: string;
  /** The file's text before, without its newline. */
  readonly before: string;
  readonly after: string;
  /** Who makes it. */
  readonly via: OwnerName;
  /** Where the owner is reached: a socket; empty for the file itself. */
  readonly endpoint: string;
  /** What the owner calls it: a container id, a unit; empty for the file itself. */
  readonly subject: string;
  /** Set on the way to the next write, and set back to `before` once that is made. */
  readonly transient?: true;
  /** Kept by the owner over a reboot. */
  readonly persist?: boolean;
  /** The workload does not run: its owner is told for its next start, and nothing can be read back. */
  readonly ended?: true;
}

export interface Risk {
  /** `refuse`: not unless it is forced. */
  readonly level: 'refuse' | 'warn';
  readonly text: string;
  /** What to do instead. */
  readonly remedy?: string;
}

export interface PlannedWrite extends Write {
  /** What the owner calls the new value, where it is not the file: `MemoryMax=50331648`. */
  readonly property?: string;
  readonly notes: readonly string[];
}

export interface Plan {
  readonly writes: readonly PlannedWrite[];
  /** Files that already say what was asked. */
  readonly unchanged: readonly Write[];
  readonly risks: readonly Risk[];
}

/** What was asked of one target: edits in the order of the catalogue, so that a period is set before a quota of it. */
export interface Request {
  readonly target: Target;
  readonly edits: readonly { readonly limit: Limit; readonly edit: Edit }[];
  /** Where it is asked, where that is not the command line: `policy.yaml:3`. */
  readonly from?: string;
}

export interface OwnerOptions {
  /** Sockets of runtimes and buses that exist. */
  readonly sockets: readonly RuntimeSocket[];
  /** Whether somebody does at a socket, whose file outlives who made it; without it everywhere. */
  readonly listens?: (path: string) => boolean;
  /** Whom the user insists on; undefined for the right one. */
  readonly via?: OwnerName;
  /** Kept over a reboot, where the owner can. */
  readonly persist?: boolean;
}

export interface PlanContext {
  readonly files: CgroupFiles;
  readonly machine: Machine;
  /** Paths of the cgroups that this process and pid 1 live in: limiting them may lock the user out. */
  readonly ownPath: string | undefined;
  readonly initPath: string | undefined;
  readonly owners: OwnerOptions;
}
