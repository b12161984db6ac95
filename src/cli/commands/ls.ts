/** tscg ls: every workload with what it uses, as `docker stats` does for containers. */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Field, field, findField, ROW_FIELDS } from '../../diagnosis/fields.ts';
import { csvHead, csvRow, HOST_COLUMN, rowColumns, rowObject, TIME_COLUMN } from '../../export/rows.ts';
import type { FleetSource } from '../../fleet/source.ts';
import { runtimeOf } from '../../inventory/owner.ts';
import { isListed } from '../../inventory/workload.ts';
import { type Predicate, parseFilter, QueryError } from '../../metrics/query.ts';
import { type Frame, openLiveSource } from '../../metrics/source.ts';
import { jsonText } from '../../text/clean.ts';
import { counted } from '../../text/counted.ts';
import { textOrder } from '../../text/text-order.ts';
import { type GlobalOptions, openHierarchy } from '../context.ts';
import { errorLine, UsageError } from '../errors.ts';
import { endSignal } from '../exit.ts';
import { asksForFleet } from '../fleet-flags.ts';
import type { FleetOptions } from '../fleet-options.ts';
import { hiddenText } from '../hidden-text.ts';
import { pastMomentOption, secondsOption, wholeOption } from '../options.ts';
import { print, warn } from '../output.ts';
import { isOfPast, type PastOptions } from '../shared-options.ts';
import { formatTable, terminalWidth } from '../table.ts';

export interface LsOptions extends FleetOptions, PastOptions {
  filter?: string;
  all?: boolean;
  json?: boolean;
  csv?: boolean;
  sort: string;
  reverse?: boolean;
  columns?: string;
  watch?: boolean;
  once?: boolean;
  delay: string;
  iterations?: string;
}

const DEFAULT_COLUMNS = [
  'verdict',
  'cpu_percent',
  'memory_bytes',
  'memory_limit_bytes',
  'memory_of_limit_percent',
  'cpu_throttled_percent',
  'psi_cpu_some_percent',
  'psi_memory_some_percent',
  'psi_io_some_percent',
  'io_read_bytes_per_second',
  'io_write_bytes_per_second',
  'net_rx_bytes_per_second',
  'net_tx_bytes_per_second',
  'pids',
  'cpu_limit_cpus',
  'memory_oom_kills',
];

export async function ls(options: LsOptions, global: GlobalOptions): Promise<void> {
  const delay = secondsOption('--delay', options.delay);
  const iterations = options.iterations ? wholeOption('--iterations', options.iterations, 1) : Number.POSITIVE_INFINITY;
  const columns = columnsOption(options.columns);
  const compare = orderOption(options.sort, options.reverse ?? false);
  const watch = (options.watch ?? false) && !options.once;
  const isWanted = filterOption(options.filter);
  const rowsOf = (frame: Frame): number[] =>
    frame.workloads
      .flatMap((workload, row) => ((options.all || isListed(workload)) && isWanted(frame, row) ? [row] : []))
      .sort((a, b) => compare(frame, a, b));
  const fleet = await fleetSource(options);
  if (isOfPast(options)) {
    const rendered = (frame: Frame): string => render(frame, rowsOf(frame), columns, options, false);
    if (fleet) return printTable(rendered(await fleetAt(fleet, options)), false);
    const { readPast } = await import('../past.ts');
    return printTable(await readPast(options, rendered), false);
  }

  const source = fleet ?? openLiveSource({ hierarchy: openHierarchy(global), watch });
  const signal = endSignal();
  const tellMissing = createMissingTeller();
  try {
    // A rate needs two Frames; what another machine told has its rates.
    if (!fleet) await source.next();
    for (let count = 0; count < (watch ? iterations : 1); count++) {
      if (!fleet || count > 0) await sleep(delay * 1000, undefined, { signal });
      const frame = await (fleet && watch ? orTold(source.next()) : source.next());
      if (!frame) continue;
      if (fleet) await tellMissing(frame);
      if (count === 0 && frame.hidden) warn(`tscg: ${hiddenText(frame.hidden)}`);
      const rows = rowsOf(frame);
      const inPlace = watch && process.stdout.isTTY && !options.json && !options.csv;
      // 0 on a serial line: its size is not known.
      const height = inPlace && process.stdout.rows > 2 ? process.stdout.rows - 2 : rows.length;
      printTable(render(frame, rows.slice(0, height), columns, options, watch), inPlace);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    source.close();
  }
}

async function fleetAt({ past, close }: FleetSource, { at, from }: LsOptions): Promise<Frame> {
  if (at === undefined || from !== undefined)
    throw new UsageError('--from names a recording of one machine: with --prometheus give --at alone');
  try {
    const frame = await past.seek(pastMomentOption('--at', at));
    await createMissingTeller()(frame);
    return frame;
  } finally {
    close();
  }
}

/** Tells what a Frame of a store lacks, once as long as it is the same. */
function createMissingTeller(): (frame: Frame) => Promise<void> {
  let told: readonly string[] = [];
  return async (frame) => {
    const { fleetIn } = await import('../../fleet/frame.ts');
    const { address = '', leftOut = 0, partial } = fleetIn(frame) ?? {};
    const lines = [
      ...(leftOut > 0 ? [`it has more rows than can be shown: ${counted(leftOut, 'row')} left out`] : []),
      ...(partial === undefined ? [] : [`machines and rows may be missing: ${partial}`]),
    ];
    for (const line of lines) if (!told.includes(line)) warn(`tscg: ${address}: ${line}`);
    told = lines;
  };
}

/** The source of many machines; undefined where this machine is meant. Its code is loaded only where it is used. */
async function fleetSource(options: LsOptions): Promise<FleetSource | undefined> {
  if (!asksForFleet(options)) return undefined;
  const { storeOptions } = await import('../fleet-options.ts');
  const { openFleetSource } = await import('../../fleet/source.ts');
  const { openStoreThread } = await import('../../fleet/store-thread.ts');
  return openFleetSource(openStoreThread(storeOptions(options)));
}

/** A store that does not answer costs a table, not the command. */
async function orTold(frame: Promise<Frame>): Promise<Frame | undefined> {
  try {
    return await frame;
  } catch (error) {
    warn(errorLine('tscg', error));
    return undefined;
  }
}

/** What is printed of one Frame. */
export function render(
  frame: Frame,
  rows: readonly number[],
  columns: readonly Field[],
  options: Pick<LsOptions, 'json' | 'csv' | 'columns' | 'at' | 'from'>,
  watch: boolean,
): string {
  const hasHosts = frame.workloads.some(({ host }) => host !== undefined);
  if (options.json || options.csv) {
    const shown = [
      ...(isOfPast(options) ? [TIME_COLUMN] : []),
      ...(hasHosts ? [HOST_COLUMN] : []),
      ...rowColumns(options.columns ? columns : ROW_FIELDS),
    ];
    if (options.csv) return [csvHead(shown), ...rows.map((row) => csvRow(shown, frame, row))].join('\n');
    // With --watch an array a line for each Frame, so that a reader can follow.
    return jsonText(
      rows.map((row) => rowObject(shown, frame, row)),
      watch ? undefined : 2,
    );
  }
  const hasImages = rows.some((row) => frame.workloads[row]?.image !== undefined);
  return formatTable(
    [
      ...(hasHosts ? [{ title: 'HOST', align: 'left' } as const] : []),
      { title: 'NAME', align: 'left' },
      ...columns.map(({ label }) => ({ title: label, align: 'right' }) as const),
      { title: 'KIND', align: 'left' },
      ...(hasImages ? [{ title: 'IMAGE', align: 'left' } as const] : []),
    ],
    rows.map((row) => {
      const workload = frame.workloads[row];
      return [
        ...(hasHosts ? [workload?.host ?? ''] : []),
        workload?.name ?? '',
        ...columns.map(({ text }) => text(frame.usage, row)),
        workload ? [runtimeOf(workload), workload.kind].filter(Boolean).join(' ') : '',
        workload?.image ?? '',
      ];
    }),
    terminalWidth(),
  );
}

function columnsOption(list: string | undefined): readonly Field[] {
  if (list === undefined) return DEFAULT_COLUMNS.map(field);
  return list.split(',').map((name) => knownField(name.trim(), '--columns'));
}

type Compare = (frame: Frame, a: number, b: number) => number;

/** Largest first for figures, with unavailable ones last either way; names from A to Z. */
function orderOption(name: string, reverse: boolean): Compare {
  const sign = reverse ? -1 : 1;
  const byName: Compare = ({ workloads }, a, b) => textOrder(workloads[a]?.name ?? '', workloads[b]?.name ?? '');
  if (name === 'name') return (...args) => sign * byName(...args);
  const { figures } = knownField(name, '--sort');
  return (frame, a, b) => {
    const values = figures(frame.usage);
    const [first, second] = [values[a] ?? Number.NaN, values[b] ?? Number.NaN];
    const missing = Number(Number.isNaN(first)) - Number(Number.isNaN(second));
    return missing || sign * (second - first || 0) || byName(frame, a, b);
  };
}

function filterOption(text = ''): Predicate {
  try {
    return parseFilter(text);
  } catch (error) {
    if (error instanceof QueryError) throw new UsageError(`--filter: ${error.message}`);
    throw error;
  }
}

function knownField(name: string, flag: string): Field {
  const found = findField(name);
  if (!found) throw new UsageError(`${flag}: no metric "${name}"; tscg metrics lists them`);
  return found;
}

/** In a terminal each table takes the place of the one before, as docker stats does. */
const CLEAR = '\x1b[H\x1b[J';

function printTable(text: string, inPlace: boolean): void {
  print(`${inPlace ? CLEAR : ''}${text}\n`);
}
