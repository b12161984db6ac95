/**
 * What a diagnosis says. A Finding is about one workload (the victim) and one stretch of time; it has a Verdict for each
 * cause that holds, the largest loss of time first, and each Verdict names its Suspects or says why it names nobody.
 */

/** One row a cause. `word` is the verdict column's; `resource` groups the causes of one kernel resource. */
export const CAUSES = [
  { code: 'frozen', word: 'frozen', resource: 'state', help: 'it is frozen (cgroup.freeze)' },
  { code: 'pids', word: 'pids limit', resource: 'state', help: 'forks failed at pids.max' },
  { code: 'own-cpu-quota', word: 'own quota', resource: 'cpu', help: 'throttled by its own cpu.max' },
  { code: 'ancestor-cpu-quota', word: 'quota above', resource: 'cpu', help: "throttled by an ancestor's cpu.max" },
  { code: 'cpu-wait', word: 'cpu wait', resource: 'cpu', help: 'waits for a CPU behind others' },
  { code: 'self-cpu', word: 'own threads', resource: 'cpu', help: 'waits for a CPU behind its own threads' },
  { code: 'steal', word: 'late cpu', resource: 'cpu', help: 'the hypervisor runs the virtual CPUs late' },
  { code: 'own-io-max', word: 'own io.max', resource: 'io', help: 'its disk rate is at an io.max of its own or above' },
  { code: 'disk', word: 'disk', resource: 'io', help: 'waits for a disk that others keep busy' },
  { code: 'own-memory', word: 'own memory', resource: 'memory', help: 'reclaims at its own memory.high or memory.max' },
  { code: 'memory-short', word: 'memory', resource: 'memory', help: 'others fill the memory that it shares' },
  { code: 'swap', word: 'swap', resource: 'memory', help: 'waits for its pages to come back from swap' },
  { code: 'network', word: 'network', resource: 'network', help: 'packets are dropped or sent again' },
  { code: 'fine', word: 'fine', resource: 'state', help: 'nothing holds it up' },
  { code: 'unknown', word: '--', resource: 'state', help: 'a figure is missing' },
] as const;

export type Cause = (typeof CAUSES)[number]['code'];

const BY_CODE: ReadonlyMap<Cause, (typeof CAUSES)[number]> = new Map(CAUSES.map((cause) => [cause.code, cause]));

/** The verdict column's word for a cause. */
export const wordOf = (cause: Cause): string => BY_CODE.get(cause)?.word ?? cause;

/** The units of the figures that a Verdict rests on. */
export const FIGURE_UNITS = ['ms_per_second', 'percent', 'per_second', 'bytes_per_second', 'bytes', 'count'] as const;
export type FigureUnit = (typeof FIGURE_UNITS)[number];

export interface Figure {
  /** snake_case, as `run_delay`. */
  readonly id: string;
  /** NaN: not known. */
  readonly value: number;
  readonly unit: FigureUnit;
  /** Kernel file and key or formula, as `Δ cpu.pressure full total`. */
  readonly source: string;
}

/** What a suspect is: a cgroup; the host's processes outside all cgroups below the root; kernel threads; the container engine. */
export const SUSPECT_KINDS = ['workload', 'host', 'kernel', 'engine'] as const;
export type SuspectKind = (typeof SUSPECT_KINDS)[number];

export interface Suspect {
  readonly what: SuspectKind;
  /** Path of the cgroup; `/` for the host's and the kernel's own threads. */
  readonly path: string;
  readonly name: string;
  /** 0 to 1: its share of the time that the victim lost to this cause. */
  readonly blame: number;
  /** One sentence: what it was seen doing. */
  readonly evidence: string;
  /** 0 to 1: coverage × separation × persistence. Below 0.6 it is said to be possible only. */
  readonly confidence: number;
}

/** Why a Verdict whose cause others may have names nobody. */
export const REFUSAL_KINDS = [
  /** The suspect has no more than its configured weight gives it. */
  'weights decide',
  /** All of them are near their shares. */
  'the machine is full',
  /** The evidence is too weak, or spread over too many. */
  'no suspect',
] as const;
export type Refusal = (typeof REFUSAL_KINDS)[number];

/** The least harmful change that would help. Flags and values are those of `tscg set`. */
export interface Remedy {
  /** Path of the cgroup to change. */
  readonly path: string;
  readonly name: string;
  /** As `{ '--cpu-weight': '400' }`; empty where no limit helps. */
  readonly limits: Readonly<Record<string, string>>;
  /** What it does, in words. */
  readonly words: string;
}

export interface Verdict {
  readonly cause: Cause;
  /** Milliseconds of each second in which work stood still for this cause; NaN where no clock measures it. */
  readonly loss: number;
  readonly sentence: string;
  readonly figures: readonly Figure[];
  /** Named ones only, the most blamed first. */
  readonly suspects: readonly Suspect[];
  readonly refusal?: Refusal;
  readonly remedies: readonly Remedy[];
}

/** Where the evidence comes from: the kernel's files alone, or the eBPF program beside them. */
export const EVIDENCE_SOURCES = ['files', 'ebpf'] as const;
export type EvidenceSource = (typeof EVIDENCE_SOURCES)[number];

export interface Victim {
  readonly path: string;
  readonly inode: number;
  readonly name: string;
}

export interface Finding {
  readonly workload: Victim;
  /** Milliseconds since the epoch at which the look began. */
  readonly when: number;
  /** Seconds looked at; NaN where the first moment of a recording is all that there is. */
  readonly window: number;
  /** Never empty: `fine` or `unknown` alone where no cause holds. */
  readonly verdicts: readonly Verdict[];
  readonly source: EvidenceSource;
  /** What could not be known, a sentence each. */
  readonly missing: readonly string[];
}

/** What fails first, then the largest loss; those that no clock measures after them, in the order of CAUSES. */
export const byLoss = (a: Verdict, b: Verdict): number =>
  weightOf(b) === weightOf(a) ? rankOf(a.cause) - rankOf(b.cause) : weightOf(b) - weightOf(a);

/** Forks that fail have no clock, but work is not done at all. */
const weightOf = ({ cause, loss }: Verdict): number => (cause === 'pids' ? 1000 : Number.isNaN(loss) ? -1 : loss);

/** The row of a cause in CAUSES. */
export const rankOf = (cause: Cause): number => CAUSES.findIndex(({ code }) => code === cause);

/** A loss is in milliseconds of each second; a percent of the time is so many. */
export const MS_PER_PERCENT = 10;
