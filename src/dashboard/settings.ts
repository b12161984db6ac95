/** `~/.config/tscg/config.yaml`: what tstop remembers, in its `tstop:` part, and the rules of alerts. */

import { renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { parseDocument } from 'yaml';
import { type AlertRule, parseAlertRule } from '../diagnosis/alerts/rule.ts';
import { isRecord } from '../inventory/names/json.ts';
import { codeOf } from '../kernel/error-code.ts';
import { foreignHand } from '../kernel/foreign-hand.ts';
import { makeDirectory } from '../kernel/make-directory.ts';
import { readRegularFileSync } from '../kernel/regular-file.ts';
import { userFolder } from '../kernel/user-folder.ts';
import { errorText } from '../text/error-text.ts';
import { CPU_SCALES, MEMORY_DEFINITIONS, type Scales } from './columns.ts';
import { ALERTS, CONFIG, SETTINGS } from './shape.ts';
import type { Alarm } from './state.ts';
import { readYaml, shapeFaults, type YamlFile } from './yaml-file.ts';

export interface Settings {
  /** Slots of columns in their order, by name of the screen; without, those that fit best or that the dashboard names. */
  readonly columns?: Readonly<Record<string, readonly string[]>> | undefined;
  /** Metric of the memory definition. */
  readonly memory?: string | undefined;
  /** What 100 % of CPU is. */
  readonly cpu?: string | undefined;
  readonly theme?: string | undefined;
  readonly alarm?: Alarm | undefined;
  readonly mouse?: boolean | undefined;
  readonly ascii?: boolean | undefined;
}

export const configDirectory = (env: NodeJS.ProcessEnv = process.env): string =>
  join(userFolder(env.XDG_CONFIG_HOME, '.config', env), 'tscg');

const SECTION = 'tstop';
/** The largest file that is read, in bytes. */
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
  const yaml = readYaml(text, file);
  if (typeof yaml === 'string') return { settings: {}, faults: [yaml] };
  const unfit = unfitKey(yaml);
  const section = isRecord(yaml.root) ? yaml.root[SECTION] : undefined;
  if (section === undefined || section === null) return { settings: {}, faults: unfit };
  const whole = v.safeParse(SETTINGS, section);
  const faults = whole.success ? [] : shapeFaults(whole.issues, yaml, [SECTION]);
  // What is wrong is left out; the rest is good.
  const bad = new Set(faults.map(({ key }) => key));
  const good = isRecord(section) ? Object.entries(section).filter(([key]) => !bad.has(key)) : [];
  const { columns, ...others } = v.parse(SETTINGS, Object.fromEntries(good));
  const lists = Array.isArray(columns) ? { overview: columns } : columns;
  return {
    settings: { ...others, ...(lists ? { columns: lists } : {}) },
    faults: [...unfit, ...faults.map(({ text }) => text)],
  };
}

/** What is wrong with the file beside its parts: it is no map, or has a key that is none, as `alert` for `alerts`. */
function unfitKey(yaml: YamlFile): string[] {
  const root = yaml.root ?? {};
  if (!isRecord(root)) return [yaml.fault([], 'not a map of tstop and alerts')];
  const { issues = [] } = v.safeParse(CONFIG, root);
  const ofFile = issues.filter(({ path, expected }) => path?.length === 1 && expected === 'never');
  return shapeFaults(ofFile, yaml).map(({ text }) => text);
}

/** The `alerts:` part is wrong: `FILE:LINE: key: why`. */
export class AlertRulesError extends Error {
  override readonly name = 'AlertRulesError';
}

/** None where there is no file. Throws AlertRulesError: a rule that is left out would be missed in the night. */
export function loadAlertRules(directory: string): readonly AlertRule[] {
  const file = join(directory, 'config.yaml');
  let text: string;
  try {
    text = readRegularFileSync(file, LARGEST);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw new AlertRulesError(errorText(error));
  }
  const yaml = readYaml(text, file);
  if (typeof yaml === 'string') throw new AlertRulesError(yaml);
  const [unfit] = unfitKey(yaml);
  if (unfit !== undefined) throw new AlertRulesError(unfit);
  const section = isRecord(yaml.root) ? (yaml.root.alerts ?? []) : [];
  const parsed = v.safeParse(ALERTS, section);
  if (!parsed.success) throw new AlertRulesError(shapeFaults(parsed.issues, yaml, ['alerts'])[0]?.text ?? file);
  const hand = parsed.output.some(({ run }) => run !== undefined) ? foreignHand(file) : undefined;
  if (hand)
    throw new AlertRulesError(
      `${file}: ${hand.path} ${hand.how}: whoever can change it decides what the alerts run; let root and you alone own and write it`,
    );
  return parsed.output.map(({ when, run }) => parseAlertRule(when, run));
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
  if (document.errors.length > 0) throw new Error(`${file} is not YAML, so it is left as it is; correct it first`);
  if (value === undefined) document.deleteIn([SECTION, key]);
  else document.setIn([SECTION, key], value);
  makeDirectory(dirname(file), 0o777);
  // A reader sees the old file or the new one, never half of it.
  writeFileSync(`${file}.${process.pid}`, document.toString());
  renameSync(`${file}.${process.pid}`, file);
}

/** No locale set is most often a container or ssh with a UTF-8 terminal. */
export function isUtf8(env: NodeJS.ProcessEnv = process.env): boolean {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || '';
  return locale === '' || /utf-?8/i.test(locale);
}
