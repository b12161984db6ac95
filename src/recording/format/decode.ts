/** Payloads back to moments; pure. Every size is bounded: a recording may come from somebody else. */

import { inflateRawSync } from 'node:zlib';
import * as v from 'valibot';
import type { Workload } from '../../inventory/workload.ts';
import { parseJournal } from '../../limits/applying/journal.ts';
import { COLUMNS, SNAPSHOT_FILES } from '../../metrics/files.ts';
import {
  parentRows,
  type RowFigures,
  type Snapshot,
  type SnapshotRow,
  unknownFigures,
} from '../../metrics/snapshot.ts';
import { createByteReader, FormatError } from './bytes.ts';
import { decodeColumns, type Matrix, type MatrixBefore, oneRow } from './columns.ts';
import { DICTIONARY } from './encode.ts';
import { isZlib } from './file-index.ts';
import { HOST_SCALES, hostOf, NO_HOST } from './host-columns.ts';
import { soundFigures, soundRows } from './impossible.ts';
import {
  FORMAT_VERSION,
  type Moment,
  type RecordedProcess,
  type RecordedProcesses,
  type RecordingHeader,
} from './moment.ts';
import { PROCESS_SCALES, processFrom, type RecordedFacts } from './process-columns.ts';
import { columnScales } from './scales.ts';
import { HeaderShape, TextsShape } from './shapes.ts';
import { afterSteps, type RowStep } from './texts.ts';
import { decodeTimes } from './times.ts';

/** Bytes of a payload, inflated. */
const LARGEST_TEXT = 64 << 20;
const LARGEST_HEADER = 1 << 20;
const MOST_ROWS = 65_536;
/** Figures of one moment: 65,536 rows have five million. */
const MOST_FIGURES = 8_000_000;
/** This program has some 130. */
const MOST_COLUMNS = 4096;

export class RecordingVersionError extends Error {
  override readonly name = 'RecordingVersionError';
}

/** Throws FormatError, RecordingVersionError. */
export function decodeHeader(payload: Buffer): RecordingHeader {
  const value = parsed(inflated(payload, LARGEST_HEADER));
  const result = v.safeParse(HeaderShape, value);
  if (!result.success) throw new FormatError(`the header of the recording is of another shape: ${firstIssue(result)}`);
  const { version } = result.output;
  if (version > FORMAT_VERSION) {
    throw new RecordingVersionError(
      `the recording is of format ${version}, and this version reads formats up to ${FORMAT_VERSION}: a newer one reads it`,
    );
  }
  const columns = result.output.files.reduce((sum, { keys }) => sum + keys.length, 0);
  if (columns > MOST_COLUMNS)
    throw new FormatError(`the recording has ${columns} columns, ${MOST_COLUMNS} at most are read`);
  return result.output;
}

const firstIssue = ({ issues }: { readonly issues?: readonly v.BaseIssue<unknown>[] | undefined }): string =>
  issues?.[0]?.message ?? '';

function inflated(payload: Buffer, most: number, dictionary?: Buffer): Buffer {
  try {
    return inflateRawSync(payload, { maxOutputLength: most, ...(dictionary?.length && { dictionary }) });
  } catch (error) {
    if (isZlib(error) || error instanceof RangeError) throw new FormatError('what is compressed cannot be read');
    throw error;
  }
}

function parsed(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString('utf8'));
  } catch {
    throw new FormatError('a text is no JSON');
  }
}

type FileColumns = Readonly<Record<keyof RowFigures, readonly Float64Array[]>>;

/** What the next delta is of. */
interface Known extends Pick<Moment, 'workloads' | 'processes' | 'processesBefore'> {
  readonly rows: readonly SnapshotRow[];
  readonly parents: Int32Array;
  readonly cpuSet: string;
  /** In the columns of the file, which may be others than those of this program. */
  readonly columns: FileColumns;
  /** A column of one row for each of its figures. */
  readonly host: readonly Float64Array[];
  readonly table: ProcessTable;
  /** The end of the last key frame, with which the deltas after it are deflated. */
  readonly dictionary: Buffer;
}

interface Told {
  readonly moment: Moment;
  /** Whether a figure was told that cannot be: in the moment it is unavailable. */
  readonly hasImpossible: boolean;
}

/** A moment as the file has it. */
export interface Decoded {
  readonly known: Known;
  /** Made when it is first asked for, as most moments are only on the way to another one. */
  told(): Told;
}

export interface Decoder {
  /** Throws FormatError. */
  key(payload: Buffer, time: number): Decoded;
  /** Throws FormatError. */
  delta(payload: Buffer, time: number, before: Decoded): Decoded;
}

export function createDecoder(header: RecordingHeader): Decoder {
  const scales = columnScales(header.files);
  const adopt = adopter(header.files);
  const errorScales = header.files.map(() => 1);

  function decode(raw: Buffer, wall: number, before: Known | undefined): Decoded {
    const reader = createByteReader(raw);
    const texts = textsFrom(reader.bytes(reader.varint()));
    const { rows, workloads, from } = rowsAfter(texts, before);
    const count = rows.length;
    if (count * scales.length > MOST_FIGURES) throw new FormatError('too many rows');
    const monotonic = reader.double();
    if (!(monotonic >= 0 && monotonic <= Number.MAX_SAFE_INTEGER)) throw new FormatError('its clock cannot be');
    const hostBefore = before ? { columns: before.host, rows: 1 } : oneRow(NO_HOST);
    const host = decodeColumns(reader, 1, hostBefore, HOST_SCALES);
    const was = (pick: keyof RowFigures): MatrixBefore<Float64Array> =>
      before ? { columns: before.columns[pick], rows: before.rows.length, from } : { ...NO_ROWS, from };
    const values = decodeColumns(reader, count, was('values'), scales);
    const errors = decodeColumns(reader, count, was('errors'), errorScales);
    const times = decodeTimes(reader, { rows: count, files: header.files.length }, was('times'), monotonic);
    const known = {
      ...{ rows, workloads, host },
      ...processesAfter(texts, reader, before),
      columns: { values, errors, times },
      parents: before?.rows === rows ? before.parents : parentRows(rows),
      cpuSet: texts.cpuSet ?? before?.cpuSet ?? '',
      dictionary: before?.dictionary ?? raw.subarray(-DICTIONARY),
    };
    let told: Told | undefined;
    return {
      known,
      told: () => {
        told ??= toldBy(known, adopt(known.columns, count), texts, { wall, monotonic });
        return told;
      },
    };
  }

  return {
    key: (payload, time) => decode(inflated(payload, LARGEST_TEXT), time, undefined),
    delta: (payload, time, { known }) => decode(inflated(payload, LARGEST_TEXT, known.dictionary), time, known),
  };
}

function toldBy(known: Known, figures: RowFigures, texts: Texts, clocks: Pick<Snapshot, 'wall' | 'monotonic'>): Told {
  const { rows, parents, workloads, processes, processesBefore, cpuSet, table } = known;
  const hostFigures = Float64Array.from(known.host, ([figure = Number.NaN]) => figure);
  const { hidden, cost, ...host } = hostOf(soundFigures(hostFigures), cpuSet);
  const sound = soundRows(figures);
  const moment: Moment = {
    ...{ workloads, hidden, cost, processes, processesBefore },
    snapshot: { ...clocks, host, rows, parents, ...sound },
    events: texts.events ?? [],
    findings: texts.findings ?? [],
    changes: parseJournal((texts.changes ?? []).join('\n')).changes,
  };
  const hasImpossible =
    sound.values.some((column, index) => column !== figures.values[index]) ||
    [hostFigures, ...table.figures].some((column) => soundFigures(column) !== column);
  return { moment, hasImpossible };
}

const NO_ROWS: Matrix<Float64Array> = { columns: [], rows: 0 };

type Texts = v.InferOutput<typeof TextsShape>;

const NOTHING = Buffer.from('{}');

function textsFrom(bytes: Buffer): Texts {
  if (bytes.equals(NOTHING)) return {};
  const result = v.safeParse(TextsShape, parsed(bytes));
  if (!result.success) throw new FormatError(`a text is of another shape: ${firstIssue(result)}`);
  return result.output;
}

interface RowsAfter {
  readonly rows: readonly SnapshotRow[];
  readonly workloads: readonly Workload[];
  /** By row the row of the moment before; undefined where the rows are the same. */
  readonly from: Int32Array | undefined;
}

function rowsAfter(texts: Texts, old: Known | undefined): RowsAfter {
  if (!texts.rows && !old) throw new FormatError('a key frame without rows');
  const stepped = texts.rows && afterSteps<Workload>(old?.workloads ?? [], texts.rows, MOST_ROWS);
  if (texts.rows && !stepped) throw new FormatError('rows of a moment that has no such rows');
  let workloads: readonly Workload[] = stepped?.rows ?? old?.workloads ?? [];
  if (texts.told) {
    const told = [...workloads];
    for (const [row, workload] of texts.told) {
      const known = told[row];
      // It is another object of the same cgroup.
      if (known?.inode !== workload.inode || known.path !== workload.path) throw new FormatError('a name of no row');
      told[row] = workload;
    }
    workloads = told;
  }
  const rows = stepped || !old ? workloads.map(({ path, inode }) => ({ path, inode })) : old.rows;
  return { rows, workloads, from: stepped?.from };
}

interface ProcessTable {
  readonly facts: readonly RecordedFacts[];
  readonly figures: readonly Float64Array[];
}

const NO_PROCESSES: ProcessTable = { facts: [], figures: [] };

function processesAfter(
  texts: Texts,
  reader: ReturnType<typeof createByteReader>,
  old: Known | undefined,
): Pick<Known, 'processes' | 'processesBefore' | 'table'> {
  const known = old?.table ?? NO_PROCESSES;
  if (texts.processes === undefined) {
    return { processes: old?.processes, processesBefore: old?.processesBefore, table: known };
  }
  if (texts.processes === null) return { processes: undefined, processesBefore: undefined, table: NO_PROCESSES };
  const earlier = texts.processesBefore && processesFrom(texts.processesBefore, reader, known);
  const { processes, table } = processesFrom(texts.processes, reader, earlier?.table ?? known);
  return { processes, processesBefore: earlier?.processes ?? old?.processes, table };
}

function processesFrom(
  steps: readonly RowStep<RecordedFacts>[],
  reader: ReturnType<typeof createByteReader>,
  known: ProcessTable,
): { readonly processes: RecordedProcesses; readonly table: ProcessTable } {
  const stepped = afterSteps<RecordedFacts>(known.facts, steps, MOST_ROWS);
  if (!stepped) throw new FormatError('processes of a moment that has no such processes');
  const { rows: facts, from } = stepped;
  const time = reader.double();
  const was = { columns: known.figures, rows: known.facts.length, from };
  const figures = decodeColumns(reader, facts.length, was, PROCESS_SCALES);
  let list: readonly RecordedProcess[] | undefined;
  const processes: RecordedProcesses = {
    time,
    // Most moments are only on the way to another one.
    get list() {
      const sound = figures.map((column) => soundFigures(column));
      list ??= facts.map((one, row) => processFrom(one, sound, row));
      return list;
    },
  };
  return { processes, table: { facts, figures } };
}

/** Columns of the file as those of this program: what the file has not was never read, what only the file has is left out. */
function adopter(files: RecordingHeader['files']): (columns: FileColumns, rows: number) => RowFigures {
  const isOurs =
    files.length === SNAPSHOT_FILES.length &&
    files.every(({ file, keys }, index) => {
      const own = SNAPSHOT_FILES[index];
      return own?.file === file && own.keys.join() === keys.join();
    });
  if (isOurs) return (columns) => ({ ...columns, errors: columns.errors.map((codes) => Uint8Array.from(codes)) });
  const fileOf = files.map(({ file }) => SNAPSHOT_FILES.findIndex((own) => own.file === file));
  const columnOf = files.flatMap(({ file, keys }) => keys.map((key) => COLUMNS.get(`${file}:${key}`) ?? -1));
  return (columns, rows) => {
    const own = unknownFigures(rows);
    columnOf.forEach((index, at) => {
      own.values[index]?.set(columns.values[at] ?? []);
    });
    fileOf.forEach((index, at) => {
      own.errors[index]?.set(columns.errors[at] ?? []);
      own.times[index]?.set(columns.times[at] ?? []);
    });
    return own;
  };
}
