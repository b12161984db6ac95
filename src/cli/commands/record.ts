/** tscg record: appends what runs, and what it uses, to files in a folder, until it is ended. */

import { isTrouble } from '../../diagnosis/finding-log.ts';
import type { Finding } from '../../diagnosis/model.ts';
import { openTroubleWatch } from '../../diagnosis/trouble-watch.ts';
import { codeOf } from '../../kernel/error-code.ts';
import type { Hierarchy } from '../../kernel/hierarchy.ts';
import { loadNative } from '../../kernel/native.ts';
import { createWaitsKeeper } from '../../kernel/waits-bpf.ts';
import { openJournal, stateDirectory } from '../../limits/applying/journal.ts';
import { parseSize } from '../../limits/catalogue/units.ts';
import type { LogEvent } from '../../metrics/events.ts';
import { openLiveSource } from '../../metrics/source.ts';
import { headerOfMachine, type RecordedLooks, type RecorderOptions, runRecorder } from '../../recording/recorder.ts';
import {
  openRecordingStore,
  type RecordingStore,
  type RecordingStoreOptions,
  type StoreNews,
} from '../../recording/store.ts';
import { bytesText } from '../../text/bytes.ts';
import { clean } from '../../text/clean.ts';
import { errorText } from '../../text/error-text.ts';
import { openAlerts } from '../alerts.ts';
import { type GlobalOptions, openHierarchy, PROC } from '../context.ts';
import { UsageError } from '../errors.ts';
import { ageOption, intervalOption } from '../options.ts';
import { warn } from '../output.ts';
import { recordingDirectory } from '../past.ts';
import { VERSION } from '../program.ts';
import { setV8Flags } from '../v8-flags.ts';

export interface RecordOptions {
  to?: string;
  interval: string;
  keepFor: string;
  keepSize: string;
  minFree: string;
  /** False with --no-looks. */
  looks: boolean;
}

const LEAST_INTERVAL_MS = 100;
const LEAST_KEPT_MS = 60_000;
/** A file of so much has some minutes of a small machine. */
const LEAST_KEPT_BYTES = 1 << 20;
const LONGEST_KEPT_MS = 365 * 86_400_000;

export async function record(options: RecordOptions, global: GlobalOptions): Promise<void> {
  const interval = intervalOption(options.interval, LEAST_INTERVAL_MS);
  const bounds = {
    keepFor: ageOption('--keep-for', options.keepFor, LEAST_KEPT_MS, LONGEST_KEPT_MS),
    keepSize: sizeOption('--keep-size', options.keepSize, LEAST_KEPT_BYTES),
    minFree: sizeOption('--min-free', options.minFree, 0),
  };
  if (bounds.minFree === Number.POSITIVE_INFINITY)
    throw new UsageError(`--min-free: ${options.minFree} leaves no room for a recording; give a size as 1G, or 0`);
  if (options.to === '') throw new UsageError(`--to: the name is empty; without --to it is ${recordingDirectory()}`);
  // Nothing is drawn and nobody is answered while it reads.
  loadNative().native?.workOnThisThread();
  setV8Flags('seldomOptimized');
  const alerts = openAlerts(true);
  const hierarchy = openHierarchy(global);
  const directory = options.to ?? recordingDirectory();
  const { started: _, ...header } = headerOfMachine(PROC, `tscg ${VERSION}`, interval);
  const store = storeIn({ directory, bounds, header });
  const stop = new AbortController();
  const end = (): void => stop.abort();
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  const source = openLiveSource({ hierarchy, proc: PROC, watch: true });
  const looks = options.looks ? openRecordedLooks(hierarchy) : undefined;
  warn(`tscg record: a moment every ${interval / 1000} s to ${directory}; Ctrl-C ends it`);
  try {
    await runRecorder({
      ...{ source, store, interval, proc: PROC, mount: hierarchy.mount },
      journal: openJournal(stateDirectory()),
      onNews: tellNews,
      looks,
      alerts: { ...alerts, after: (frame) => logged(alerts.after(frame)) },
      onTrouble: tellOnce(),
      signal: stop.signal,
    });
  } finally {
    looks?.close();
    alerts.close();
    source.close();
    store.close();
  }
}

/** On standard error, which a service has in the journal. */
function logged(events: readonly LogEvent[]): readonly LogEvent[] {
  for (const { name, text } of events) warn(`tscg record: alert: ${clean(name)}: ${clean(text)}`);
  return events;
}

/**
 * The share of one CPU for looks. A recorder always runs, so that its looks must cost next to nothing. One look covers all
 * workloads that suffer, and about one a minute is within this share.
 */
const LOOK_SHARE = 0.005;

/** What is found between two moments goes into the next one. */
function openRecordedLooks(hierarchy: Hierarchy): RecordedLooks & { close(): void } {
  let findings: Finding[] = [];
  let events: LogEvent[] = [];
  const waits = createWaitsKeeper();
  const watch = openTroubleWatch({
    ...{ hierarchy, proc: PROC, share: LOOK_SHARE, openWaits: waits.open },
    onEvent: (event) => void events.push(event),
    onFindings: (found) => void findings.push(...found.filter(isTrouble)),
  });
  return {
    afterFrame: watch.afterFrame,
    close: () => {
      watch.close();
      waits.close();
    },
    take: () => {
      const taken = { findings, events };
      [findings, events] = [[], []];
      return taken;
    },
  };
}

/** Opens the files of the recorder. Throws an Error that says why the folder cannot hold them. */
function storeIn(options: RecordingStoreOptions): RecordingStore {
  try {
    return openRecordingStore(options);
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const place = clean(options.directory);
    throw new Error(`${place} cannot hold a recording: ${errorText(error)}; give another folder with --to`);
  }
}

function tellNews({ anew, stopped, recovered }: StoreNews): void {
  if (anew !== undefined) warn(`tscg record: ${clean(anew)} was removed or moved away: a new recording begins there`);
  if (stopped !== undefined) warn(`tscg record: not recording: ${stopped}; it is tried again every 10 s`);
  if (recovered) warn('tscg record: recording again');
}

/** The same trouble every second is one line. */
function tellOnce(): RecorderOptions['onTrouble'] {
  const told = new Map<string, string>();
  return (what, error) => {
    const text = errorText(error);
    if (told.get(what) !== text) warn(`tscg record: ${what}: ${clean(text)}`);
    told.set(what, text);
  };
}

function sizeOption(flag: string, text: string, least: number): number {
  let bytes: number;
  try {
    bytes = parseSize(text);
  } catch (error) {
    throw new UsageError(`${flag}: ${errorText(error)}`);
  }
  if (bytes < least)
    throw new UsageError(`${flag}: ${text} is less than ${bytesText(least)}, the least that is of use`);
  return bytes;
}
