/**
 * The shapes of the texts in a recording, which may come from somebody else: what has another shape is refused, text is
 * cleaned and cut as it is where it is read from a system.
 */

import * as v from 'valibot';
import {
  CAUSES,
  EVIDENCE_SOURCES,
  FIGURE_UNITS,
  type Finding,
  REFUSAL_KINDS,
  SUSPECT_KINDS,
} from '../../diagnosis/model.ts';
import { RUNTIMES, WORKLOAD_KINDS, type Workload } from '../../inventory/workload.ts';
import { EVENT_KINDS } from '../../metrics/events.ts';
import { clean } from '../../text/clean.ts';
import { isTime } from './frames.ts';
import { CHECK_STATES } from './moment.ts';

const LONGEST_TEXT = 8192;
/** Labels, addresses and the like of one workload. */
const MOST_ITEMS = 512;
const MOST_FINDINGS = 1000;
/** A day: no recorder is told to wait so long. */
const LONGEST_INTERVAL_MS = 86_400_000;

const Text = v.pipe(
  v.string(),
  v.transform((text) => clean(text.slice(0, LONGEST_TEXT))),
);
/** As the file system has it: it is made safe where it is shown, as every path. */
const Path = v.pipe(v.string(), v.startsWith('/'), v.maxLength(LONGEST_TEXT));
const Whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const Texts = v.pipe(v.array(Text), v.maxLength(MOST_ITEMS));
const Labels = v.pipe(
  v.record(Text, Text),
  v.check((labels) => Object.keys(labels).length <= MOST_ITEMS, 'too many labels'),
);
/** JSON has no NaN. What cannot be is unavailable too. */
const Figure = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => (value !== null && value >= 0 && value <= 2 ** 64 ? value : Number.NaN)),
);
/** Milliseconds since the epoch. */
const Time = v.pipe(v.number(), v.check(isTime, 'no time'));

/** A kind that is not known may be one of a later version. */
const Kind = v.fallback(v.picklist(WORKLOAD_KINDS), 'cgroup');
const KnownRuntime = v.picklist(RUNTIMES);

const Details = v.object({
  runtime: KnownRuntime,
  id: Text,
  name: Text,
  description: v.optional(Text),
  image: v.optional(Text),
  labels: v.optional(Labels),
  pod: v.optional(Text),
  podUid: v.optional(Text),
  namespace: v.optional(Text),
  containerName: v.optional(Text),
  composeProject: v.optional(Text),
  composeService: v.optional(Text),
  created: v.fallback(v.optional(Time), undefined),
  state: v.optional(Text),
  restartCount: v.optional(v.number()),
  health: v.optional(Text),
  networkMode: v.optional(Text),
  ipAddresses: v.optional(Texts),
  rootfs: v.optional(Text),
  storageDriver: v.optional(Text),
  upperDir: v.optional(Text),
  lowerDirs: v.optional(Texts),
  initPid: v.optional(Whole),
  cgroupPath: v.optional(Text),
  slice: v.optional(Text),
  uid: v.optional(Whole),
});

const WorkloadShape = v.object({
  kind: Kind,
  runtime: v.optional(KnownRuntime),
  id: v.optional(Text),
  name: Text,
  podUid: v.optional(Text),
  qos: v.optional(v.picklist(['guaranteed', 'burstable', 'besteffort'])),
  uid: v.optional(Whole),
  path: Path,
  inode: Whole,
  image: v.optional(Text),
  pod: v.optional(Text),
  namespace: v.optional(Text),
  labels: v.optional(Labels),
  initPid: v.optional(Whole),
  details: v.optional(Details),
  claim: v.optional(v.object({ name: Text, path: Text })),
}) satisfies v.GenericSchema<unknown, Workload>;

/** What of a process hardly changes; its figures are columns. */
const ProcessShape = v.object({
  pid: Whole,
  innerPid: Whole,
  startTime: Whole,
  comm: Text,
  command: Text,
  path: Path,
  pidNamespace: v.optional(Whole),
  entered: v.boolean(),
  isNestedInit: v.boolean(),
  isKernelThread: v.boolean(),
});

const EventShape = v.object({
  time: Time,
  kind: v.picklist(EVENT_KINDS),
  name: Text,
  path: Text,
  text: Text,
});

/** Of a remedy, as flags of `tscg set`: a command is made of them, which somebody may copy into a shell. */
const Limits = v.record(v.pipe(v.string(), v.regex(/^--[a-z-]{1,64}$/, 'a limit that is no flag')), Text);

const VerdictShape = v.object({
  cause: v.picklist(CAUSES.map(({ code }) => code)),
  loss: Figure,
  sentence: Text,
  figures: v.array(
    v.object({
      id: Text,
      value: Figure,
      unit: v.picklist(FIGURE_UNITS),
      source: Text,
    }),
  ),
  suspects: v.array(
    v.object({
      what: v.picklist(SUSPECT_KINDS),
      path: Text,
      name: Text,
      blame: Figure,
      evidence: Text,
      confidence: Figure,
    }),
  ),
  refusal: v.optional(v.picklist(REFUSAL_KINDS)),
  remedies: v.array(v.object({ path: Text, name: Text, limits: Limits, words: Text })),
});

const FindingShape = v.object({
  workload: v.object({ path: Text, inode: Whole, name: Text }),
  when: Time,
  window: Figure,
  verdicts: v.pipe(v.array(VerdictShape), v.maxLength(MOST_FINDINGS)),
  source: v.picklist(EVIDENCE_SOURCES),
  missing: v.pipe(v.array(Text), v.maxLength(MOST_ITEMS)),
}) satisfies v.GenericSchema<unknown, Finding>;

export const HeaderShape = v.object({
  version: Whole,
  program: Text,
  host: v.object({ name: Text, kernel: Text, boot: Text }),
  interval: v.pipe(v.number(), v.minValue(1), v.maxValue(LONGEST_INTERVAL_MS)),
  started: Time,
  doctor: v.optional(
    v.object({
      time: Time,
      checks: v.pipe(
        v.array(v.object({ about: Text, state: v.picklist(CHECK_STATES), finding: Text, remedy: v.optional(Text) })),
        v.maxLength(MOST_ITEMS),
      ),
    }),
  ),
  redacted: v.boolean(),
  files: v.pipe(
    v.array(v.object({ file: Text, keys: v.pipe(v.array(Text), v.maxLength(MOST_ITEMS)) })),
    v.maxLength(MOST_ITEMS),
  ),
});

/**
 * How a list of rows became another one: `[first, count]` takes that many rows of the list before from there on; anything
 * else is a new row, by its shape.
 */
const rowsShape = <Row extends v.GenericSchema>(row: Row) => v.array(v.union([v.strictTuple([Whole, Whole]), row]));

export const TextsShape = v.object({
  /** Workloads; absent where they are those of before. */
  rows: v.optional(rowsShape(WorkloadShape)),
  /** Rows of which something else is told now; their figures go on. */
  told: v.optional(v.array(v.strictTuple([Whole, WorkloadShape]))),
  cpuSet: v.optional(Text),
  /** Absent where none were read since; null where there are none any more. */
  processes: v.optional(v.nullable(rowsShape(ProcessShape))),
  /** In a key frame, those before them. */
  processesBefore: v.optional(rowsShape(ProcessShape)),
  events: v.optional(v.array(EventShape)),
  findings: v.optional(v.array(FindingShape)),
  /** Lines of a journal. */
  changes: v.optional(v.array(v.string())),
});
