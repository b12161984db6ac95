/** What tstop remembers: the `tstop:` part of `~/.config/tscg/config.yaml`. The rest of that file is left as it is. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { isRecord } from '../inventory/names/json.ts';
import { codeOf } from '../kernel/error-code.ts';
import { foreignHand } from '../kernel/foreign-hand.ts';
import { readRegularFileSync } from '../kernel/regular-file.ts';
import { findMetric } from '../metrics/catalogue.ts';
import { errorText } from '../text/error-text.ts';
import { CPU_SCALES, MEMORY_DEFINITIONS, type Scales } from './columns.ts';
import { rangeStart } from './dashboards.ts';
import { ALARMS, type Alarm } from './state.ts';
import { THEMES } from './themes.ts';

export interface Settings {
  /** Slots of columns in their order, by name of the screen; without, those that fit best or that the dashboard names. */
  readonly columns?: Readonly<Record<string, readonly string[]>>;
  /** Metric of the memory definition. */
  readonly memory?: string;
  /** What 100 % of CPU is. */
  readonly cpu?: string;
  readonly theme?: string;
  readonly alarm?: Alarm;
  readonly mouse?: boolean;
  readonly ascii?: boolean;
}

export const configDirectory = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env.XDG_CONFIG_HOME || join(homedir(), '.config'), 'tscg');

const SECTION = 'tstop';
/** Bytes. */
const LARGEST = 1 << 20;

/** What can be used of it; the faults name file, line and key. */
export function loadSettings(directory: string): { settings: Settings; faults: string[] } {
  const file = join(directory, 'config.yaml');
  let text: string;
  try {
    text = readRegularFileSync(file, LARGEST);
  } catch (error) {
    return { settings: {}, faults: codeOf(error) === 'ENOENT' ? [] : [errorText(error)] };
  }
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, logLevel: 'error' });
  const [broken] = document.errors;
  if (broken)
    return { settings: {}, faults: [`${file}:${broken.linePos?.[0].line ?? 1}: ${broken.message.split('\n')[0]}`] };
  const root: unknown = document.toJS();
  const section: unknown = isRecord(root) ? root[SECTION] : undefined;
  if (!isRecord(section)) return { settings: {}, faults: [] };
  const faults: string[] = [];
  let settings: Settings = {};
  for (const [key, value] of Object.entries(section)) {
    const read = settingOf(key, value);
    if (typeof read === 'string') {
      const start = rangeStart(document.getIn([SECTION, key], true));
      faults.push(`${file}:${counter.linePos(start ?? 0).line}: ${SECTION}.${key}: ${read}`);
    } else settings = { ...settings, ...read };
  }
  return { settings, faults };
}

/** The setting, or why it cannot be used. */
function settingOf(key: string, value: unknown): Settings | string {
  switch (key) {
    case 'columns': {
      // A list by itself is the first screen's.
      const lists = isRecord(value) ? value : { overview: value };
      const columns: Record<string, readonly string[]> = {};
      for (const [name, list] of Object.entries(lists)) {
        const read = columnList(list);
        if (typeof read === 'string') return `${name}: ${read}`;
        columns[name] = read;
      }
      return { columns };
    }
    case 'memory':
      return MEMORY_DEFINITIONS.some(({ metric }) => metric === value)
        ? { memory: String(value) }
        : `not one of ${MEMORY_DEFINITIONS.map(({ metric }) => metric).join(', ')}`;
    case 'cpu':
      return CPU_SCALES.some(({ scale }) => scale === value)
        ? { cpu: String(value) }
        : `not one of ${CPU_SCALES.map(({ scale }) => scale).join(', ')}`;
    case 'theme':
      if (typeof value !== 'string' || !(value in THEMES)) return `not one of ${Object.keys(THEMES).join(', ')}`;
      return { theme: value };
    case 'alarm': {
      const alarm = ALARMS.find((name) => name === value);
      return alarm === undefined ? `not one of ${ALARMS.join(', ')}` : { alarm };
    }
    case 'mouse':
    case 'ascii':
      return typeof value === 'boolean' ? { [key]: value } : 'not true or false';
    default:
      return 'no such setting; one of columns, memory, cpu, theme, alarm, mouse, ascii';
  }
}

/** Ids of metrics, or why there are none. */
function columnList(value: unknown): readonly string[] | string {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const unknown = list.find((id) => typeof id !== 'string' || !findMetric(id));
  if (list.length === 0 || unknown !== undefined) return `no metric "${String(unknown ?? value)}"`;
  return list.flatMap((id) => (typeof id === 'string' ? (findMetric(id)?.id ?? []) : []));
}

/** The indices of the two switches. */
export const scalesOf = ({ memory, cpu }: Settings): Scales => ({
  memory: Math.max(
    0,
    MEMORY_DEFINITIONS.findIndex(({ metric }) => metric === memory),
  ),
  cpu: Math.max(
    0,
    CPU_SCALES.findIndex(({ scale }) => scale === cpu),
  ),
});

/**
 * Writes one setting, undefined to forget it; comments and everything else in the file stay. Throws what the disk says,
 * and where somebody else could lead the write elsewhere (root with the HOME of a user).
 */
export function saveSetting(directory: string, key: keyof Settings, value: Settings[keyof Settings]): void {
  const file = join(directory, 'config.yaml');
  const hand = foreignHand(directory);
  if (hand)
    throw new Error(
      `${hand.path} ${hand.how}: start tstop with the HOME of its own user: HOME="$(getent passwd "$(id -u)" | cut -d: -f6)" tstop`,
    );
  let text = '';
  try {
    text = readRegularFileSync(file, LARGEST);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new Error(`${file} is not YAML, so it is left as it is`);
  if (value === undefined) document.deleteIn([SECTION, key]);
  else document.setIn([SECTION, key], value);
  mkdirSync(dirname(file), { recursive: true });
  // A reader sees the old file or the new one, never half of it.
  writeFileSync(`${file}.${process.pid}`, document.toString());
  renameSync(`${file}.${process.pid}`, file);
}

/** No locale set is most often a container or ssh with a UTF-8 terminal. */
export function isUtf8(env: NodeJS.ProcessEnv = process.env): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return locale === '' || /utf-?8/i.test(locale);
}
