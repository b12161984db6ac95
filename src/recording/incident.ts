/** One file of what was recorded around a moment, to send to somebody: with names, arguments, labels and images, or without. */

import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Workload } from '../inventory/workload.ts';
import type { Change } from '../limits/applying/journal.ts';
import { createEncoder, ownHeader } from './format/encode.ts';
import type { DoctorCheck, Moment, RecordedProcesses, RecordingHeader } from './format/moment.ts';
import { framesBetween, type Recording } from './recording.ts';

export interface IncidentOptions {
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** The journal of that time: it is in the first moment. */
  readonly changes: readonly Change[];
  /** What `tscg doctor` finds now, where that is the machine that was recorded. */
  readonly doctor?: readonly DoctorCheck[];
  readonly isRedacted: boolean;
}

export interface Incident {
  readonly bytes: Buffer;
  readonly moments: number;
}

export function incidentOf(recording: Recording, options: IncidentOptions): Incident {
  const { from, to, changes, isRedacted } = options;
  const redact = isRedacted ? redactor() : undefined;
  const parts: Buffer[] = [];
  let encoder: ReturnType<typeof createEncoder> | undefined;
  let moments = 0;
  let last: RecordingHeader | undefined;
  for (const { header, moment } of framesBetween(recording, from, to)) {
    const { wall } = moment.snapshot;
    // The facts of the machine, of now, are in the first header.
    if (!encoder) encoder = createEncoder({ ...headerOf(header, wall, redact), ...doctorOf(header, options, redact) });
    else if (!isAlike(header, last)) encoder.begin(headerOf(header, wall, redact));
    last = header;
    const whole = moments === 0 ? { ...moment, changes } : moment;
    parts.push(encoder.add(redact ? redact.moment(whole) : whole));
    moments++;
  }
  return { bytes: Buffer.concat([...parts, ...(encoder ? [encoder.end()] : [])]), moments };
}

/** Whether both are of one boot of one machine, and of a recorder that did not change. */
const isAlike = ({ program, host, interval }: RecordingHeader, other: RecordingHeader | undefined): boolean =>
  isDeepStrictEqual(
    { program, host, interval },
    { program: other?.program, host: other?.host, interval: other?.interval },
  );

/** With the columns of this program, which writes the moments anew. */
const headerOf = (
  { program, host, interval, redacted }: RecordingHeader,
  started: number,
  redact: Redactor | undefined,
): RecordingHeader =>
  ownHeader({
    ...{ program, interval, started },
    // The id of a boot is in the logs of the machine, and nowhere else.
    host: redact ? { ...host, name: redact.name(host.name), boot: redact.name(host.boot) } : host,
    redacted: redacted || redact !== undefined,
  });

/** What the doctor finds, else what it found where that is an incident itself. */
function doctorOf(
  { doctor: found }: RecordingHeader,
  { doctor: checks }: IncidentOptions,
  redact: Redactor | undefined,
): Pick<RecordingHeader, 'doctor'> {
  const doctor = checks ? { time: Date.now(), checks } : found;
  if (!doctor) return {};
  return { doctor: redact ? { ...doctor, checks: doctor.checks.map(withoutPaths) } : doctor };
}

/**
 * What a check names of others is the path of a cgroup. That may have blanks and colons in it, so that nobody can tell where it
 * ends: all that follows is left out with it. Only paths of the system end at these.
 */
const withoutPaths = ({ finding, remedy, ...check }: DoctorCheck): DoctorCheck => {
  const bare = (text: string): string =>
    text.replaceAll(/\/(?:run|var|etc|proc|dev)\/[^\s,;:)]*/g, '/…').replace(/\/(?!\u2026).*/s, '/…');
  return { ...check, finding: bare(finding), ...(remedy && { remedy: bare(remedy) }) };
};

interface Redactor {
  name(text: string): string;
  moment(moment: Moment): Moment;
}

/** The same text has the same stand-in in one file, and another one in the next: nobody can try names against it. */
function redactor(): Redactor {
  const salt = randomBytes(16);
  const known = new Map<string, string>();
  const workloads = new Map<Workload, Workload>();
  const lists = new Map<readonly Workload[], readonly Workload[]>();
  const processes = new WeakMap<RecordedProcesses, RecordedProcesses>();
  const rows = new WeakMap<object, Moment['snapshot']['rows']>();

  function name(text: string): string {
    if (text === '') return text;
    const found = known.get(text) ?? `x${createHash('sha256').update(salt).update(text).digest('hex').slice(0, 8)}`;
    known.set(text, found);
    return found;
  }

  /** Each part of a path by itself, so that the tree stays; what tells its kind stays too. */
  const path = (text: string): string =>
    text
      .split('/')
      .map((part) => {
        if (part === '') return part;
        const [, stem = part, suffix = ''] = /^(.*?)(\.(?:slice|service|scope))?$/.exec(part) ?? [];
        return `${name(stem)}${suffix}`;
      })
      .join('/');

  function workload(one: Workload): Workload {
    const done = workloads.get(one);
    if (done) return done;
    const { kind, runtime, inode, uid, qos, initPid } = one;
    const made: Workload = {
      ...{ kind, inode, path: path(one.path), name: name(one.name) },
      ...(runtime && { runtime }),
      ...(uid !== undefined && { uid }),
      ...(qos && { qos }),
      ...(initPid !== undefined && { initPid }),
      ...(one.id && { id: name(one.id) }),
      ...(one.image && { image: name(one.image) }),
      ...(one.pod && { pod: name(one.pod) }),
      ...(one.namespace && { namespace: name(one.namespace) }),
    };
    workloads.set(one, made);
    return made;
  }

  function listOf(list: readonly Workload[]): readonly Workload[] {
    const made = lists.get(list) ?? list.map(workload);
    lists.set(list, made);
    return made;
  }

  function processesOf(of: RecordedProcesses | undefined): RecordedProcesses | undefined {
    const known = of && processes.get(of);
    if (!of || known) return known;
    const list = of.list.map((one) => ({
      ...one,
      ...{ comm: name(one.comm), command: name(one.command), cgroup: path(one.cgroup) },
    }));
    const made = { time: of.time, list };
    processes.set(of, made);
    return made;
  }

  const rowsOf = (moment: Moment): Moment['snapshot']['rows'] => {
    const old = moment.snapshot.rows;
    const made = rows.get(old) ?? old.map((row) => ({ path: path(row.path), inode: row.inode }));
    rows.set(old, made);
    return made;
  };

  return {
    name,
    moment: (moment) => ({
      ...moment,
      snapshot: { ...moment.snapshot, rows: rowsOf(moment) },
      workloads: listOf(moment.workloads),
      processes: processesOf(moment.processes),
      processesBefore: processesOf(moment.processesBefore),
      // Their texts name others: what kind of thing happened to whom stays.
      events: moment.events.map((event) => ({
        ...event,
        ...{ name: name(event.name), path: path(event.path), text: '(redacted)' },
      })),
      findings: [],
      changes: [],
    }),
  };
}
