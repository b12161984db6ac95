/**
 * What passes between the parts of src/limits: what is asked (Request), what would be written and why it may hurt (Plan), and
 * one write of one file, as the Plan shows it, an owner makes it and the journal keeps it (Write).
 */

import type { RuntimeSocket } from '../inventory/sockets.ts';
import type { Workload } from '../inventory/workload.ts';
import type { CgroupFiles } from '../kernel/cgroup-files.ts';
import type { InterfaceFile } from '../kernel/interface-files.ts';
import type { Machine } from '../kernel/machine.ts';
import type { LimitKind } from '../metrics/reading.ts';

/** Who can change a limit: the file itself, or the programs that made the cgroup. */
export const OWNER_NAMES = ['cgroupfs', 'systemd', 'docker', 'podman', 'cri', 'incus'] as const;
export type OwnerName = (typeof OWNER_NAMES)[number];

/** A workload that a limit is for; `name` is as the user calls it. */
export type Target = Workload;

/** A disk that the kernel takes a limit for. */
export interface WholeDisk {
  /** `MAJ:MIN` */
  readonly device: string;
  /** `sda` */
  readonly name: string;
}

/** The disks that a user means by one word. */
export interface Disks {
  readonly disks: readonly WholeDisk[];
  /** How they were found, where the user named something else. */
  readonly note?: string;
}

/** The disks of this machine. */
export interface Devices {
  /** Throws BadValueError. */
  readonly disksOf: (text: string) => Disks;
}

/** A cgroup that something is done to. Its inode says which it is, whoever has the path by then. */
export interface NamedCgroup {
  readonly name: string;
  readonly path: string;
  readonly inode: number;
}

/** One write of one file. */
export interface Write extends NamedCgroup {
  readonly file: string;
  /** The file's text before, without its newline. */
  readonly before: string;
  readonly after: string;
  /** Who makes it. */
  readonly via: OwnerName;
  /** Where the owner is reached: a socket; empty for the file itself. */
  readonly endpoint: string;
  /** The container id or the unit by which the owner knows the cgroup; empty for the file itself. */
  readonly subject: string;
  /** Set on the way to the next write, and set back to `before` once that is made. */
  readonly transient?: true;
  /** The owner keeps the value over a reboot. */
  readonly persist?: boolean;
  /** The workload is not running: its owner applies the value at the next start, and no file can be read back. */
  readonly ended?: true;
}

export interface Risk {
  /** `refuse`: only --force carries the Plan out. */
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
  /** Whether a program listens at a socket: its file outlives the program. Without this function every socket counts. */
  readonly listens?: (path: string) => boolean;
  /**
   * What an owner said that was asked whether the cgroup is its own, and it is not: `systemd's web.service has the cgroup
   * /system.slice/web.service, not /box/web.service`.
   */
  readonly disowned?: (path: string, via: OwnerName) => string | undefined;
  /** The owner that the user asks for with --via; undefined for the one that the cgroup has. */
  readonly via?: OwnerName;
  /** The owner is to keep the value over a reboot, where it can. */
  readonly persist?: boolean;
}

export interface PlanContext {
  readonly files: CgroupFiles;
  readonly machine: Machine;
  /** Paths of the cgroups that this process and pid 1 live in: limiting them may lock the user out. */
  readonly ownPath: string | undefined;
  readonly initPath: string | undefined;
  readonly owners: OwnerOptions;
  /** CPUs that cgroups use now, by path; NaN where unknown. It may take a moment: asked where an ancestor has a quota. */
  readonly cpusInUse?: (paths: readonly string[]) => readonly number[];
}

/** Text of another file of the same cgroup, as it will be when the change is made; undefined where there is none. */
export type Peek = (file: string) => string | undefined;

/** What a flag asks of its file: the text to write, given what the file says now. */
export interface Edit {
  /** Throws BadValueError where the value does not fit what is there. */
  readonly after: (before: string, peek?: Peek) => string;
  /** What was understood, where the value could be read in another way. */
  readonly note?: string;
  /** The file that means the same where this one is missing, or (`preferred`) wherever there is that file. */
  readonly instead?: { readonly file: string; readonly edit: Edit; readonly preferred?: true };
}

export interface LimitFlag {
  /** As typed: `--memory`. */
  readonly long: string;
  readonly short?: string;
  /** Shown in help: `<size>`. */
  readonly value: string;
  readonly help: string;
  /** The field is among the first of tstop's form. */
  readonly isFirst?: true;
  /** The flag may be given several times, each time for another device or resource. */
  readonly repeatable?: true;
  /** The part of the file's text that it sets; without it the whole text. Two flags of one part exclude each other. */
  readonly part?: string;
  /** Throws BadValueError. `devices`: this machine's where it is not given. */
  readonly parse: (text: string, machine: Machine, devices?: Devices) => Edit;
  /** What the file says, in what this flag takes; the limit's `describe` where it is not given. */
  readonly describe?: (text: string, peek: Peek) => string;
}

/** Another file that a write changes too. `text` can be written there first, with the same result. */
export interface Dragged {
  readonly file: string;
  readonly text: string;
  /** Why, for the Plan. */
  readonly note: string;
}

/** What holds of a limit beside the text of the cgroup's own file. */
export type Binding =
  /** The smallest over the cgroup and its ancestors. */
  | {
      readonly by: 'smallest';
      /** The text as a number: a larger one allows more. */
      readonly value: (text: string) => number;
      /** Such a number as an operator reads it. */
      readonly text: (value: number) => string;
      /** What counts against it in each of the cgroups now; NaN where that is unknown. */
      readonly used?: (
        paths: readonly string[],
        read: RiskView['read'],
        context: Pick<PlanContext, 'cpusInUse'>,
      ) => readonly number[];
      /** The metric that shows the smallest of them. */
      readonly metric?: { readonly id: string; readonly kind: LimitKind };
    }
  /** Memory that is kept for the cgroup: no more than each ancestor keeps for its own subtree. */
  | { readonly by: 'protection'; readonly value: (text: string) => number; readonly text: (value: number) => string }
  /** The kernel says what is left of it, in another file. */
  | { readonly by: 'effective-file'; readonly file: string };

/** What a risk is judged by: any file of any cgroup as it will be, and the machine. */
export interface RiskView {
  readonly read: (path: string, file: string) => string | undefined;
  readonly machine: Machine;
}

/** Judges a write; undefined where it does what an operator expects. */
export type RiskCheck = (write: Write, view: RiskView) => Risk | undefined;

export interface Limit {
  /** The kernel's file. */
  readonly file: string;
  readonly controller: Exclude<InterfaceFile['controller'], 'cgroup'>;
  /** The controller counts whole processes: a threaded cgroup has no such file. */
  readonly isOfProcesses: boolean;
  /** Group heading in help. */
  readonly group: string;
  /** What a kernel needs to have the file, beside its controller: `CONFIG_ZSWAP`. */
  readonly needs?: string;
  readonly flags: readonly LimitFlag[];
  /** The file whose value it shows in another unit: only one of the two can be set at a time. */
  readonly viewOf?: string;
  /** The text that a new cgroup has. A file that is missing because its controller is not enabled means the same. */
  readonly unset: string;
  /** Whether a text other than `unset` means that nobody set the limit. */
  readonly isUnset?: (text: string) => boolean;
  /** Without it the cgroup's own text is all that counts. */
  readonly binds?: Binding;
  /** Checks of what may go wrong with a write of the file. */
  readonly risks?: readonly RiskCheck[];
  /** Below what `usage` says the kernel kills: it is lowered only once `through`, which kills nobody, has brought that down. */
  readonly gently?: { readonly usage: string; readonly through: string };
  /** tstop has it in a column beside what it limits; its list of other limits leaves it out. */
  readonly hasColumn?: true;
  /** Throws BadValueError where the text as a whole is outside what the kernel takes. */
  readonly check?: (text: string) => void;
  /** Throws BadValueError where the text does not go with the cgroup's other files as they will be. */
  readonly fits?: (text: string, peek: Peek) => void;
  /** How the kernel shows what was written (page size), for the comparison after a write. */
  readonly rounded: (text: string, machine: Machine) => string;
  /** Whether two texts mean the same, where the kernel orders or completes its lines as it likes. */
  readonly same?: (text: string, written: string) => boolean;
  /** What each write(2) is given to get from one text to the other; the text itself where this is not defined. */
  readonly commands?: (before: string, after: string) => string[];
  /** Whether the write has to come before those of the cgroup's other files. */
  readonly early?: (before: string, after: string) => boolean;
  /** What the kernel makes of another file of the cgroup: a write of the Plan before this one, so that undo restores it after. */
  readonly drags?: (before: string, after: string, peek: Peek) => Dragged | undefined;
  /** What can be written in place of an old text that the kernel no longer takes. `parent` reads the parent's files. */
  readonly restorable?: (text: string, parent: Peek) => string;
  /** Text as an operator reads it: `50 % of one CPU`. */
  readonly describe: (text: string) => string;
}
