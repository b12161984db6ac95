/** What is known of the inside of the selected row where the Frame on the screen is of a recording. */

import type { Finding } from '../diagnosis/model.ts';
import type { Workload } from '../inventory/workload.ts';
import { SNAPSHOT_FILES } from '../metrics/files.ts';
import { processTimes } from '../metrics/process-usage.ts';
import { processesOf } from '../recording/process-tree.ts';
import { fileText } from '../recording/recorded-files.ts';
import type { RecordedFrame } from '../recording/recording.ts';
import { recordedIn } from '../recording/replay.ts';
import { NOT_RECORDED } from './elsewhere.ts';
import type { RawTexts } from './explain-view.ts';
import type { Inside } from './inside.ts';
import type { ProcessList } from './process-view.ts';
import { selectedWorkload } from './scene.ts';
import type { SelectedReader } from './selected.ts';

/** The last finding about the cgroup with this inode, up to the Frame on the screen. */
type FindingOf = (inode: number) => Finding | undefined;

/** Reads what is asked of a recorded Frame from its recording, and all else through `live`, where there is one. */
export function withRecorded(live: SelectedReader | undefined, findingOf: FindingOf): SelectedReader {
  return {
    readProcesses: async (session, newest) => {
      if (!recordedIn(session.frame)) await live?.readProcesses(session, newest);
    },
    readExplained: async (session) => {
      if (!recordedIn(session.frame)) await live?.readExplained(session);
    },
    look: (session, demands) => {
      if (!recordedIn(session.frame)) live?.look(session, demands);
    },
    of: (session) => {
      const frame = recordedIn(session.frame);
      const selected = selectedWorkload(session);
      if (frame) return recordedOf(frame, selected, findingOf);
      return live?.of(session) ?? { processes: undefined, inside: {}, raw: undefined };
    },
    close: () => live?.close(),
  };
}

function recordedOf(
  frame: RecordedFrame,
  selected: Workload | undefined,
  findingOf: FindingOf,
): ReturnType<SelectedReader['of']> {
  if (!selected) return { processes: undefined, inside: {}, raw: undefined };
  return {
    processes: processesAt(frame, selected),
    inside: insideOf(findingIn(frame, selected) ?? findingOf(selected.inode)),
    raw: rawTextsOf(frame, selected),
  };
}

function processesAt({ moment }: RecordedFrame, { path, inode }: Workload): ProcessList {
  const { processes, processesBefore } = moment;
  const [roots, earlier] = [processes, processesBefore].map((all) => processesOf(all?.list ?? [], path));
  return {
    inode,
    roots: roots ?? [],
    left: 0,
    before: processesBefore && processTimes(earlier ?? [], processesBefore.time),
    now: processTimes(roots ?? [], processes?.time ?? Number.NaN),
    users: new Map(),
    pace: 0,
  };
}

const findingIn = ({ moment }: RecordedFrame, { inode }: Workload): Finding | undefined =>
  moment.findings.findLast(({ workload }) => workload.inode === inode);

function insideOf(finding: Finding | undefined): Inside {
  return {
    network: { answer: { reason: NOT_RECORDED }, rates: new Map() },
    ...(finding && { diagnosis: { seconds: finding.window, finding } }),
  };
}

/** What was recorded of each file, as lines of keys. */
function rawTextsOf({ usage }: RecordedFrame, { inode }: Workload): RawTexts {
  const row = usage.snapshot.rows.findIndex((one) => one.inode === inode);
  const texts = SNAPSHOT_FILES.map(
    ({ file }) => [file, fileText(usage.snapshot, row, file) ?? '(not recorded)'] as const,
  );
  return { inode, texts: new Map(texts) };
}
