/**
 * Moments to the bytes of a file; pure. A header is followed by a key frame, both twice: all hangs on them. A key frame
 * stands by itself, every other moment is a delta of the moment before it, deflated with the key frame as dictionary. After
 * every PARITY_EVERY deltas, and before each key frame, a parity frame mends any one of them.
 */

import { deflateRawSync } from 'node:zlib';
import type { Workload } from '../../inventory/workload.ts';
import { SNAPSHOT_FILES } from '../../metrics/files.ts';
import { matchRows, type RowFigures } from '../../metrics/snapshot.ts';
import { createByteWriter } from './bytes.ts';
import { encodeColumns, type Matrix, type MatrixBefore, oneRow } from './columns.ts';
import { indexPayload } from './file-index.ts';
import { encodeFrame, type FrameMark, MARKS, type PlacedFrame } from './frames.ts';
import { HOST_SCALES, hostFigures, NO_HOST } from './host-columns.ts';
import {
  FORMAT_VERSION,
  type Moment,
  type RecordedProcess,
  type RecordedProcesses,
  type RecordingHeader,
} from './moment.ts';
import { parityOf } from './parity.ts';
import { factsOf, PROCESS_SCALES, placesAmong, processFigures } from './process-columns.ts';
import { columnScales } from './scales.ts';
import { stepsTo } from './texts.ts';
import { encodeTimes } from './times.ts';

/** Moments from one key frame to the next. */
const KEY_EVERY = 120;
const PARITY_EVERY = 16;
/** Bytes of a key frame that a delta may refer to: the largest window of deflate. */
export const DICTIONARY = 32_768;
/**
 * A small window and small tables for deflate. Those that it has by default take a quarter of a megabyte, which is cleared for
 * each moment. What repeats is close by, so that the frames of 200 containers become no larger.
 */
const DEFLATE = { windowBits: 12, memLevel: 6 };

export interface Encoder {
  /** Bytes to append for the next moment, in one write. */
  add(moment: Moment): Buffer;
  /** The moments that follow have this header: they are of another boot, or another recorder took them. */
  begin(header: RecordingHeader): void;
  /** Bytes to append when the file is closed: the last parity, and the index. */
  end(): Buffer;
  /** Bytes so far. */
  length(): number;
}

interface Before {
  readonly moment: Moment;
  readonly host: Matrix;
  readonly processes: ProcessTable;
}

const NO_ROWS: Matrix = { columns: [], rows: 0 };
const SCALES = columnScales(SNAPSHOT_FILES);
const ERROR_SCALES: readonly number[] = SNAPSHOT_FILES.map(() => 1);

export const ownHeader = (header: Omit<RecordingHeader, 'version' | 'files'>): RecordingHeader => ({
  version: FORMAT_VERSION,
  ...header,
  files: SNAPSHOT_FILES.map(({ file, keys }) => ({ file, keys })),
});

export function createEncoder(header: RecordingHeader, keyEvery = KEY_EVERY): Encoder {
  const writer = createByteWriter();
  const placed: PlacedFrame[] = [];
  let before: Before | undefined;
  let dictionary = Buffer.alloc(0);
  let number = 0;
  let length = 0;
  let sinceParity: Buffer[] = [];
  let last = header.started;
  /** The header of the next moment, where it is not that of the moment before. */
  let next: RecordingHeader | undefined = header;

  function place(kind: PlacedFrame['kind'], marks: number, of: number, time: number, payload: Buffer): Buffer {
    const frame = encodeFrame({ kind, marks, number: of, time }, payload);
    placed.push({ kind, marks, number: of, time, offset: length, length: frame.length });
    length += frame.length;
    return frame;
  }

  function parity(): Buffer[] {
    if (sinceParity.length === 0) return [];
    const payload = parityOf(sinceParity);
    sinceParity = [];
    return [place('parity', 0, number - 1, last, payload)];
  }

  function headers(): Buffer[] {
    if (!next) return [];
    const { started } = next;
    const payload = deflateRawSync(Buffer.from(JSON.stringify(next)));
    next = undefined;
    return [place('header', 0, number, started, payload), place('header', 0, number, started, payload)];
  }

  return {
    add(moment) {
      const { wall } = moment.snapshot;
      const isKey = next !== undefined || number % keyEvery === 0;
      const parts = isKey ? [...parity(), ...headers()] : [];
      const { raw, now } = payloadOf(writer, isKey ? undefined : before, moment);
      const marks = marksOf(moment);
      if (isKey) {
        const payload = deflateRawSync(raw, DEFLATE);
        parts.push(place('key', marks, number, wall, payload), place('key', marks, number, wall, payload));
        dictionary = Buffer.from(raw.subarray(-DICTIONARY));
      } else {
        const frame = place('delta', marks, number, wall, deflateRawSync(raw, { dictionary, ...DEFLATE }));
        parts.push(frame);
        sinceParity.push(frame);
      }
      number++;
      last = wall;
      before = now;
      if (sinceParity.length >= PARITY_EVERY) parts.push(...parity());
      return Buffer.concat(parts);
    },
    begin(header) {
      next = header;
    },
    end() {
      const parts = parity();
      parts.push(place('index', 0, number, last, indexPayload(placed)));
      return Buffer.concat(parts);
    },
    length: () => length,
  };
}

function marksOf({ events, findings, changes }: Moment): number {
  const bit = (mark: FrameMark, isSet: boolean): number => (isSet ? MARKS[mark] : 0);
  return (
    bit('event', events.length > 0) |
    bit(
      'oom',
      events.some(({ kind }) => kind === 'oom'),
    ) |
    bit('finding', findings.length > 0) |
    bit('change', changes.length > 0)
  );
}

type Writer = ReturnType<typeof createByteWriter>;

/** Length of the texts, texts, figures: see docs/recording-format.md. The bytes are valid until the next call. */
function payloadOf(writer: Writer, before: Before | undefined, moment: Moment): { raw: Buffer; now: Before } {
  const { snapshot } = moment;
  const rows = snapshot.rows.length;
  const old = before?.moment;
  const isSameRows = old !== undefined && old.snapshot.rows === snapshot.rows;
  const from = isSameRows ? undefined : matchRows(snapshot.rows, old?.snapshot.rows ?? []);
  // A key frame has the processes of before too: the rates of a process are between two readings.
  const lists = listsOf(old, moment);
  const tables = lists.map(tableOf);
  const known = before?.processes ?? NO_PROCESSES;
  const steps = tables.map((table, index) => stepsOf(table, tables[index - 1] ?? known));
  const texts = {
    ...(from && { rows: stepsTo(from, (row) => moment.workloads[row]) }),
    ...toldOf(old?.workloads, moment.workloads, from),
    ...(old?.snapshot.host.cpuSet === snapshot.host.cpuSet ? {} : { cpuSet: snapshot.host.cpuSet }),
    ...(steps.length > 1 && { processesBefore: steps[0]?.steps }),
    ...(steps.length > 0 && { processes: steps.at(-1)?.steps }),
    ...(old?.processes && !moment.processes && { processes: null }),
    ...(moment.events.length > 0 && { events: moment.events }),
    ...(moment.findings.length > 0 && { findings: moment.findings }),
    ...(moment.changes.length > 0 && {
      changes: moment.changes.map((change) => JSON.stringify({ type: 'begin', ...change })),
    }),
  };
  writer.clear();
  const text = Buffer.from(JSON.stringify(texts));
  writer.varint(text.length);
  writer.bytes(text);
  writer.double(snapshot.monotonic);
  const host = oneRow(hostFigures(moment));
  encodeColumns(writer, host, before?.host ?? oneRow(NO_HOST), HOST_SCALES);
  const was = (pick: keyof RowFigures): MatrixBefore =>
    old ? { columns: old.snapshot[pick], rows: old.snapshot.rows.length, from } : { ...NO_ROWS, from };
  encodeColumns(writer, { columns: snapshot.values, rows }, was('values'), SCALES);
  encodeColumns(writer, { columns: snapshot.errors, rows }, was('errors'), ERROR_SCALES);
  encodeTimes(writer, { columns: snapshot.times, rows }, was('times'), snapshot.monotonic);
  tables.forEach((table, index) => {
    const { columns, rows } = tables[index - 1] ?? known;
    writer.double(table.time);
    encodeColumns(writer, table, { columns, rows, from: steps[index]?.from }, PROCESS_SCALES);
  });
  return {
    raw: writer.taken(),
    now: { moment, host, processes: tables.at(-1) ?? (moment.processes ? known : NO_PROCESSES) },
  };
}

/** Processes as rows of figures. */
interface ProcessTable {
  readonly time: number;
  readonly list: readonly RecordedProcess[];
  readonly columns: readonly Float64Array[];
  readonly rows: number;
}

const NO_PROCESSES: ProcessTable = { time: Number.NaN, list: [], columns: [], rows: 0 };

function listsOf(old: Moment | undefined, { processes, processesBefore }: Moment): RecordedProcesses[] {
  if (!processes || old?.processes === processes) return [];
  return old || !processesBefore ? [processes] : [processesBefore, processes];
}

const tableOf = ({ time, list }: RecordedProcesses): ProcessTable => ({
  time,
  list,
  columns: processFigures(list),
  rows: list.length,
});

function stepsOf({ list }: ProcessTable, before: ProcessTable) {
  const from = placesAmong(before.list, list);
  return { from, steps: stepsTo(from, (row) => list[row] && factsOf(list[row])) };
}

/** Rows that go on and of which something else is told now: a name, an image. */
function toldOf(
  before: readonly Workload[] | undefined,
  now: readonly Workload[],
  from: Int32Array | undefined,
): { readonly told?: readonly (readonly [number, Workload])[] } {
  if (!before || before === now) return {};
  const told = now.flatMap((workload, row): [number, Workload][] => {
    const old = before[from ? (from[row] ?? -1) : row];
    const isSame = old === undefined || old === workload || JSON.stringify(old) === JSON.stringify(workload);
    return isSame ? [] : [[row, workload]];
  });
  return told.length > 0 ? { told } : {};
}
