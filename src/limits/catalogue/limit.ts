/** Parts that several rows of the limit catalogue share. */

import { parentOf } from '../../kernel/cgroup-path.ts';
import { DOMAIN_CONTROLLERS } from '../../kernel/controllers.ts';
import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { interfaceFile } from '../../kernel/interface-files.ts';
import { formatSingleValue, parseSingleValue } from '../../kernel/single-value.ts';
import { bytesText } from '../../text/bytes.ts';
import type { Binding, Edit, Limit, LimitFlag, Risk, RiskCheck } from '../model.ts';
import { BadValueError, parseSize, parseWhole } from './units.ts';

export const trimmed = (text: string): string => text.trim();

/** An edit that does not depend on what is there. */
export const become = (text: string, note?: string): Edit => ({ after: () => text, ...(note ? { note } : {}) });

export const sizeOrNone = (text: string): string => (text.trim() === 'max' ? 'no limit' : bytesText(Number(text)));

/** A size rounded down to whole pages, as a page counter keeps it; in whole numbers, for it may be beyond 2^53. */
export const wholePages = (text: string, pageSize: number): string => {
  if (!/^\d+$/.test(text.trim())) return text.trim();
  const bytes = BigInt(text.trim());
  return String(bytes - (bytes % BigInt(pageSize)));
};

const YES = new Set(['1', 'yes', 'true', 'on']);
const NO = new Set(['0', 'no', 'false', 'off']);

/** A file that is 0 or 1. */
export function switchLimit(
  file: string,
  { unset, on, off, ...flag }: Omit<LimitFlag, 'parse' | 'value'> & { unset: '0' | '1'; on: string; off: string },
): Limit {
  return {
    ...homeOf(file),
    flags: [
      {
        ...flag,
        value: '<0|1>',
        parse: (text) => {
          const word = text.toLowerCase();
          if (!YES.has(word) && !NO.has(word)) throw new BadValueError(`"${text}" is not a switch; give 1 or 0`);
          return become(YES.has(word) ? '1' : '0');
        },
      },
    ],
    unset,
    rounded: trimmed,
    describe: (text) => (text.trim() === '1' ? on : off),
  };
}

/** `max` or bytes: the parser of a flag. */
export const parseBytes: LimitFlag['parse'] = (text, { memoryTotal }) =>
  become(formatSingleValue(parseSize(text, memoryTotal)));

/** A whole number in a range, or `max` where `none` allows it: the parser of a flag. */
export const parseNumber =
  (least: number, most: number, none = false): LimitFlag['parse'] =>
  (text) =>
    become(formatSingleValue(parseWhole(text, least, most, none)));

/** The heading in help of each controller's limits. */
const GROUPS = {
  cpu: 'CPU',
  cpuset: 'CPU',
  memory: 'Memory',
  io: 'IO',
  pids: 'Tasks',
  hugetlb: 'Other resources',
  misc: 'Other resources',
  rdma: 'Other resources',
  dmem: 'Other resources',
} as const satisfies Readonly<Record<Limit['controller'], string>>;

/** The fields of a row that follow from its file's controller, which `INTERFACE_FILES` names. */
export function homeOf(file: string): Pick<Limit, 'file' | 'controller' | 'group' | 'isOfProcesses'> {
  const controller = interfaceFile(file)?.controller;
  if (controller === undefined || controller === 'cgroup') throw new RangeError(`${file} is no limit`);
  return { file, controller, group: GROUPS[controller], isOfProcesses: DOMAIN_CONTROLLERS.has(controller) };
}

export const warning = (text: string, remedy?: string): Risk => ({
  level: 'warn',
  text,
  ...(remedy ? { remedy } : {}),
});

/** Whether nobody set anything: a file may also list what there is, with no limit on any of it. */
export const isUnset = (text: string, limit: Pick<Limit, 'unset' | 'same' | 'isUnset'>): boolean =>
  [limit.unset.trim(), ''].includes(text.trim()) ||
  (settingsIn(text).length === 0 && /\s/.test(text.trim())) ||
  (limit.same?.(text, limit.unset) ?? false) ||
  (limit.isUnset?.(text) ?? false);

/** `8:0 rbps=1048576 wbps=max` as the settings that it holds; `8:0 100` and `default 100` as themselves. */
export function settingsIn(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [key = '', ...values] = line.split(/\s+/);
      return values.filter((value) => value !== 'max' && !value.endsWith('=max')).map((value) => `${key} ${value}`);
    });
}

/** What counts against a limit, where a file of the cgroup says it. */
export const usedIn =
  (file: string): SmallestBinding['used'] =>
  (paths, read) =>
    paths.map((path) => parseSingleValue(read(path, file)));

export type SmallestBinding = Extract<Binding, { by: 'smallest' }>;

/** A weight counts only against siblings. */
export const withoutSiblings: RiskCheck = ({ path }, { read }) => {
  const parent = parentOf(path);
  // Processes of the root compete with its children too.
  if (parent === '/') return undefined;
  const [own, all] = [path, parent].map((of) => parseFlatKeyed(read(of, 'cgroup.stat') ?? '').get('nr_descendants'));
  if (own === undefined || all === undefined || all - own > 1) return undefined;
  return warning(`${path} has no siblings: a weight has no effect until something else runs in ${parent}`);
};
