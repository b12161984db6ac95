/** Limits of the controllers that count things: pids, hugetlb, misc, rdma, dmem. */

import { readdirSync } from 'node:fs';
import { hugetlbName, parseHugetlbName } from '../../kernel/hugetlb.ts';
import { formatSingleValue, parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { bytesText } from '../../text/bytes.ts';
import { counted } from '../../text/counted.ts';
import type { Edit, Limit, LimitFlag, RiskCheck } from '../model.ts';
import { become, homeOf, parseNumber, sizeOrNone, trimmed, usedIn, warning, wholePages } from './limit.ts';
import { changedLines, joinedLines, linesByKey, sameLines, splitPair } from './lines.ts';
import { BadValueError, isNone, parseSize, parseWhole } from './units.ts';

/** PID_MAX_LIMIT of a 64-bit kernel. */
const MOST_PIDS = 4_194_304;

/** pids.max at or below the number of tasks kills nobody, but every fork fails. */
const noFork: RiskCheck = ({ path, name, after }, { read }) => {
  const [limit, tasks] = [parseSingleValue(after), parseSingleValue(read(path, 'pids.current'))];
  if (limit === 0) return warning(`nothing can be started in ${name}: with a pids.max of 0 every fork fails`);
  if (!(limit <= tasks)) return undefined;
  const until = limit === 1 ? 'none is left' : `fewer than ${limit} are left`;
  return warning(`${name} has ${counted(tasks, 'task')}: every fork fails until ${until}`);
};

const pids: Limit = {
  ...homeOf('pids.max'),
  binds: {
    by: 'smallest',
    value: parseSingleValue,
    text: (value) => counted(value, 'task'),
    used: usedIn('pids.current'),
    metric: { id: 'pids_limit', kind: 'pids' },
  },
  risks: [noFork],
  hasColumn: true,
  flags: [
    {
      long: '--pids',
      value: '<number>',
      help: 'most processes and threads: 100, max',
      parse: parseNumber(0, MOST_PIDS, true),
      isFirst: true,
    },
    {
      long: '--pids-limit',
      value: '<number>',
      help: 'the same as docker has it; -1 for no limit',
      parse: (text) => {
        if (/^0+$/.test(text))
          throw new BadValueError('0 is no limit in docker; give -1 for no limit, or --pids 0 for no new task');
        return become(formatSingleValue(parseWhole(text, 1, MOST_PIDS, true)));
      },
    },
  ],
  unset: 'max',
  rounded: trimmed,
  describe: (text) => (text.trim() === 'max' ? 'no limit' : `${text.trim()} tasks`),
};

/** Below what is in use the kernel refuses (EBUSY). */
const hugePagesInUse: RiskCheck = ({ path, file, after }, { read }) => {
  const used = parseSingleValue(read(path, file.replace(/max$/, 'current')));
  if (!(parseSingleValue(after) < used)) return undefined;
  return {
    level: 'refuse',
    text: `${path} has ${bytesText(used)} of huge pages in use: the kernel takes no limit below that (EBUSY)`,
    remedy: 'stop what uses them first',
  };
};

/** One row a page size: the kernel has one file for each. */
export function hugetlbLimit(pageSize: number): Limit {
  const file = hugetlbName(pageSize, 'max');
  const size = parseHugetlbName(file)?.size ?? String(pageSize);
  // A new cgroup of Linux 6.18 has the largest number in place of max, and max once that is written.
  const isUnlimited = (text: string): boolean => text.trim() === 'max' || Number(text) >= 2 ** 63 - 2 * pageSize;
  return {
    ...homeOf(file),
    needs: 'huge pages of that size (see /sys/kernel/mm/hugepages)',
    risks: [hugePagesInUse],
    flags: [
      {
        long: `--hugetlb-${size}`,
        value: '<size>',
        help: `most memory in huge pages of ${size}: whole pages, max`,
        parse: (text, { memoryTotal }) => {
          const bytes = parseSize(text, memoryTotal);
          const kept = wholePages(formatSingleValue(bytes), pageSize);
          const note = `rounded down to whole huge pages: ${sizeOrNone(kept)}`;
          return become(kept, kept === formatSingleValue(bytes) ? undefined : note);
        },
      },
    ],
    unset: 'max',
    rounded: (text) => wholePages(text, pageSize),
    same: (text, written) => isUnlimited(text) && isUnlimited(written),
    describe: (text) => (isUnlimited(text) ? 'no limit' : sizeOrNone(text)),
  };
}

/** Bytes of each kind of huge page that this machine has; those of a usual PC where it cannot tell. */
function hugePageSizes(): number[] {
  try {
    const sizes = readdirSync('/sys/kernel/mm/hugepages').map(
      (name) => Number(/^hugepages-(\d+)kB$/.exec(name)?.[1]) * 1024,
    );
    const known = sizes.filter((size) => size > 0).sort((a, b) => a - b);
    if (known.length > 0) return known;
  } catch {
    // Not mounted, or no huge pages in this kernel.
  }
  return [2 ** 21, 2 ** 30];
}

/** Sets the line of one resource. The kernel shows a line for each that the machine has; no other can be set. */
function setLine(key: string, file: string, line: (old: string) => string): Edit {
  return {
    after: (before) => {
      const lines = linesByKey(before);
      const old = lines.get(key);
      if (old === undefined) {
        const known = [...lines.keys()];
        throw new BadValueError(
          known.length === 0
            ? `"${key}": this machine has nothing that ${file} counts`
            : `"${key}" is not in ${file}; this machine has ${known.join(', ')}`,
        );
      }
      return joinedLines(lines.set(key, line(old)));
    },
  };
}

function keyedLimit(
  file: 'misc.max' | 'dmem.max' | 'rdma.max',
  none: string,
  flag: Omit<LimitFlag, 'repeatable'>,
): Limit {
  return {
    ...homeOf(file),
    flags: [{ ...flag, repeatable: true }],
    unset: '',
    rounded: trimmed,
    same: sameLines,
    commands: (before, after) => changedLines(before, after, (key) => `${key} ${none}`),
    describe: (text) => [...linesByKey(text).values()].join('; ') || 'nothing of it here',
  };
}

const RDMA_KEYS = ['hca_handle', 'hca_object'];

/** `mlx5_0:hca_handle=2,hca_object=2000` */
function parseRdma(text: string): Edit {
  const [device, value] = splitPair(text, 'mlx5_0:hca_handle=2,hca_object=2000');
  const entries = value.split(/[\s,]+/).map((word): [string, string] => {
    const [key = '', count = '', ...rest] = word.split('=');
    if (!RDMA_KEYS.includes(key) || rest.length > 0)
      throw new BadValueError(`"${word}" is not one of ${RDMA_KEYS.map((known) => `${known}=NUMBER`).join(', ')}`);
    return [key, formatSingleValue(parseWhole(count, 0, 2 ** 31 - 1, true))];
  });
  return setLine(device, 'rdma.max', (old) => {
    const words = new Map(
      [...old.split(' ').slice(1), ...entries.map((entry) => entry.join('='))].map((word) => [
        word.split('=')[0],
        word,
      ]),
    );
    return [device, ...words.values()].join(' ');
  });
}

export const OTHER_LIMITS: readonly Limit[] = [
  pids,
  ...hugePageSizes().map(hugetlbLimit),
  keyedLimit('misc.max', 'max', {
    long: '--misc',
    value: '<resource:number>',
    help: 'most of a resource that the machine has few of: sev:10, sev_es:max (tscg get lists them)',
    parse: (text) => {
      const [key, value] = splitPair(text, 'sev:10');
      const count = parseWhole(value, 0, Number.MAX_SAFE_INTEGER, true);
      return setLine(key, 'misc.max', () => `${key} ${formatSingleValue(count)}`);
    },
  }),
  keyedLimit('rdma.max', 'hca_handle=max hca_object=max', {
    long: '--rdma',
    value: '<adapter:keys>',
    help: 'most handles and objects of an RDMA device: mlx5_0:hca_handle=2,hca_object=2000',
    parse: parseRdma,
  }),
  keyedLimit('dmem.max', 'max', {
    long: '--dmem',
    value: '<region:size>',
    help: 'most memory of a device, as of a GPU: drm/0000:03:00.0/vram0:1G',
    parse: (text) => {
      const [key, value] = splitPair(text, 'drm/0000:03:00.0/vram0:1G');
      const bytes = isNone(value) ? NO_LIMIT : parseSize(value);
      return setLine(key, 'dmem.max', () => `${key} ${formatSingleValue(bytes)}`);
    },
  }),
];
