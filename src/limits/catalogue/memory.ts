/** Limits of the memory controller: bytes, kept as whole pages. */

import { parseFlatKeyed } from '../../kernel/flat-keyed.ts';
import { formatSingleValue, parseSingleValue } from '../../kernel/single-value.ts';
import type { LimitKind } from '../../metrics/reading.ts';
import { bytesText } from '../../text/bytes.ts';
import type { Limit, LimitFlag, RiskCheck } from '../model.ts';
import {
  homeOf,
  parseBytes,
  type SmallestBinding,
  sizeOrNone,
  switchLimit,
  usedIn,
  warning,
  wholePages,
} from './limit.ts';
import { BadValueError, parseSize } from './units.ts';
import { swapOfTotal } from './weights.ts';

/** A memory.* file that takes bytes or `max`. */
function sizeLimit(
  file: string,
  flags: readonly (Omit<LimitFlag, 'parse' | 'value'> & { parse?: LimitFlag['parse'] })[],
  more: Partial<Limit> = {},
): Limit {
  return {
    ...homeOf(file),
    flags: flags.map((flag) => ({ value: '<size>', parse: parseBytes, ...flag })),
    unset: 'max',
    binds: { by: 'smallest', value: parseSingleValue, text: bytesText },
    ...more,
    rounded: (text, { pageSize }) => wholePages(text, pageSize),
    describe: sizeOrNone,
  };
}

/** Docker's --memory-swap. */
const parseTotal: LimitFlag['parse'] = (text) => {
  const total = parseSize(text);
  return {
    note:
      total === 0
        ? '--memory-swap 0 does not change swap, as in docker; give --swap 0 for none'
        : `--memory-swap is memory and swap together, as in docker: memory.swap.max is ${bytesText(total)} less memory.max`,
    after: (before, peek) => {
      const memory = parseSingleValue(peek?.('memory.max'));
      const swap = swapOfTotal(memory, total);
      if (swap === undefined) return before;
      if (typeof swap === 'number' && !Number.isNaN(swap)) return formatSingleValue(swap);
      const reason =
        typeof swap === 'object' ? swap.reason : 'it is memory and swap together, and memory.max cannot be read';
      throw new BadValueError(`--memory-swap ${text}: ${reason}`);
    },
  };
};

/** Warns that memory.high below what is in use reclaims at once. */
const reclaimsNow: RiskCheck = ({ path, name, after }, { read }) => {
  const [limit, usage] = [parseSingleValue(after), parseSingleValue(read(path, 'memory.current'))];
  if (!(limit < usage)) return undefined;
  return warning(
    `${name} uses ${bytesText(usage)}: ${bytesText(usage - limit)} will be reclaimed now, and it is slowed while above ${bytesText(limit)}`,
  );
};

/** Without the page cache that goes first, as the metric memory_bytes counts it. */
const memoryUsed: SmallestBinding['used'] = (paths, read) =>
  paths.map((path) => {
    const inactive = parseFlatKeyed(read(path, 'memory.stat') ?? '').get('inactive_file') ?? Number.NaN;
    return parseSingleValue(read(path, 'memory.current')) - inactive;
  });

/** A limit whose smallest value over the ancestors is a metric. */
const effective = (id: string, kind: LimitKind, used: SmallestBinding['used']): Partial<Limit> => ({
  binds: { by: 'smallest', value: parseSingleValue, text: bytesText, used, metric: { id, kind } },
  hasColumn: true,
});

const PROTECTION: Partial<Limit> = {
  unset: '0',
  binds: { by: 'protection', value: parseSingleValue, text: bytesText },
};

const SWAP_COUNTED = "swap accounting (swapaccount=1 on the kernel's command line)";

export const MEMORY_LIMITS: readonly Limit[] = [
  sizeLimit(
    'memory.max',
    [
      {
        long: '--memory',
        short: '-m',
        help: 'most memory, killed above it: 512M, 1.5G, 25% of the machine, max',
        isFirst: true,
      },
    ],
    {
      ...effective('memory_limit_bytes', 'memory', memoryUsed),
      gently: { usage: 'memory.current', through: 'memory.high' },
    },
  ),
  sizeLimit(
    'memory.high',
    [{ long: '--memory-high', help: 'memory above which it is slowed and reclaimed, never killed', isFirst: true }],
    { risks: [reclaimsNow], hasColumn: true },
  ),
  sizeLimit(
    'memory.low',
    [
      { long: '--memory-low', help: 'memory kept from reclaim while others have some' },
      { long: '--memory-reservation', help: 'the same as docker has it' },
    ],
    PROTECTION,
  ),
  sizeLimit('memory.min', [{ long: '--memory-min', help: 'memory never reclaimed' }], PROTECTION),
  sizeLimit(
    'memory.swap.max',
    [
      { long: '--swap', help: 'most swap, memory not counted; 0 for none' },
      {
        long: '--memory-swap',
        help: 'most memory and swap together, as docker has it; -1 for no limit',
        parse: parseTotal,
        describe: (text, peek) => bytesText(parseSingleValue(text) + parseSingleValue(peek('memory.max'))),
      },
    ],
    { ...effective('memory_swap_limit_bytes', 'swap', usedIn('memory.swap.current')), needs: SWAP_COUNTED },
  ),
  sizeLimit(
    'memory.swap.high',
    [{ long: '--swap-high', help: 'swap above which it is slowed until something kills it or frees memory' }],
    { needs: SWAP_COUNTED },
  ),
  sizeLimit('memory.zswap.max', [{ long: '--zswap', help: 'most compressed memory in zswap; 0 for none' }], {
    needs: 'CONFIG_ZSWAP',
  }),
  {
    ...switchLimit('memory.zswap.writeback', {
      long: '--zswap-writeback',
      help: '0: zswap never writes to the swap device',
      unset: '1',
      on: 'zswap may write to the swap device',
      off: 'zswap never writes to the swap device',
    }),
    needs: 'CONFIG_ZSWAP',
  },
  switchLimit('memory.oom.group', {
    long: '--oom-group',
    help: '1: a kill for lack of memory takes all its processes together',
    unset: '0',
    on: 'all its processes are killed together',
    off: 'one process is killed',
  }),
];
