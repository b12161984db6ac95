/**
 * Docker's Engine API, which writes the container's stored configuration first and then the cgroup:
 *
 *     POST /containers/ID/update   {"CpuQuota":30000,"CpuPeriod":100000,"Memory":50331648,"MemorySwap":…,"PidsLimit":40}
 *
 * Fields that are 0 or missing stay as they are, so "no limit" has to be spelled.
 */

import { ApiError } from '../../inventory/runtimes/api-error.ts';
import { type CgroupFiles, textIfThere } from '../../kernel/cgroup-files.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT, NO_LIMIT_FROM } from '../../kernel/value.ts';
import { errorText } from '../../text/error-text.ts';
import { BadValueError } from '../catalogue/units.ts';
import type { Write } from '../model.ts';
import { confirmContainer } from './engine.ts';
import { type Fields, type FieldsByFile, fieldsOf, ownerOfFields } from './fields.ts';
import { ENGINE_PATIENCE_MS, type Owner, OwnerError } from './owner.ts';

/** A running container's limit goes away only by the number that the kernel shows as `max`. */
const bytes = (text: string): number => Math.min(NO_LIMIT_FROM, parseSingleValue(text));

const PROPERTIES: FieldsByFile = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    return { CpuQuota: quota === NO_LIMIT ? -1 : quota, CpuPeriod: period };
  },
  'memory.max': (text) => ({ Memory: bytes(text) }),
  'memory.low': (text) => ({ MemoryReservation: bytes(text) }),
  'pids.max': (text) => ({ PidsLimit: text === 'max' ? -1 : parseSingleValue(text) }),
  'cpuset.cpus': (text) => ({ CpusetCpus: text }),
  'cpuset.mems': (text) => ({ CpusetMems: text }),
};

/** Less memory is refused by the daemon, and only once the memory in use has come down for it. */
const LEAST_MEMORY = 6 * 1024 * 1024;

function takes(file: string, text: string): string {
  if (file === 'memory.max' && parseSingleValue(text) < LEAST_MEMORY)
    throw new BadValueError(
      'docker takes no memory limit below 6 MiB: give more, or write the file itself with --via cgroupfs',
    );
  return text;
}

/** What no value of its field says: 0 leaves it as it is, -1 would protect all, and less than 6 MiB is refused. */
const isUnspoken = (file: string, text: string): boolean => file === 'memory.low' && text === '0';

const FIELDS = ownerOfFields(PROPERTIES);

export const dockerOwner = (socket: string, files: CgroupFiles, proc = '/proc'): Owner => ({
  name: 'docker',
  ...FIELDS,
  keeps: takes,
  describe: (file, text) =>
    isUnspoken(file, text)
      ? `${file}=${text} in the file itself, which docker cannot say: its MemoryReservation is back after a restart of the container, or a daemon-reload of systemd`
      : FIELDS.describe(file, text),
  confirm: async ([write]) => {
    if (write) await confirmContainer({ engine: 'docker', socket, prefix: '' }, write, { proc, root: files.root });
  },
  apply: async (writes) => {
    const told = writes.filter(({ file, after }) => !isUnspoken(file, after));
    const memory = told.find(({ file }) => file === 'memory.max');
    const swap = memory && textIfThere(files, memory.path, SWAP);
    if (told.length > 0) await update(socket, told, swap === undefined ? undefined : parseSingleValue(swap));
    // Beside no memory limit it has no word for a limit of swap: then it takes that away.
    if (memory && swap !== undefined && textIfThere(files, memory.path, SWAP) !== swap)
      files.write(memory.path, memory.inode, SWAP, swap);
    for (const { path, inode, file, after, ended } of writes)
      if (isUnspoken(file, after) && !ended) files.write(path, inode, file, after);
  },
});

const SWAP = 'memory.swap.max';

/** `swap`: bytes of it that are allowed now; undefined where only docker's own configuration says. */
async function update(socket: string, writes: readonly Write[], swap: number | undefined): Promise<void> {
  const [{ subject = '' } = {}] = writes;
  const patience = { timeoutMs: ENGINE_PATIENCE_MS };
  try {
    const { getJson, postJson } = await import('../../inventory/runtimes/unix-http.ts');
    const post = (config: HostConfig): Promise<unknown> =>
      postJson(socket, `/containers/${subject}/update`, updateOf(writes, config), patience);
    const asConfigured = async (): Promise<unknown> => {
      const config = hostConfigOf(await getJson(socket, `/containers/${subject}/json`, patience));
      return post({ ...config, swap: swap ?? config.swap });
    };
    // Its configuration matters to memory; else only where it was started with --cpus: that is refused before anything is
    // changed.
    if (swap === undefined && writes.some(({ file }) => file === 'memory.max')) await asConfigured();
    else
      await post({ NanoCpus: 0, swap: swap ?? NO_LIMIT }).catch((error) =>
        isRefusal(error) ? asConfigured() : Promise.reject(error),
      );
  } catch (error) {
    throw new OwnerError(`docker update ${subject.slice(0, 12)}: ${errorText(error)}`, {
      cause: error,
    });
  }
}

interface HostConfig {
  readonly NanoCpus: number;
  /** Bytes of swap beside its memory. */
  readonly swap: number;
}

const isRefusal = (error: unknown): boolean => error instanceof ApiError && error.failure === 'refused';

function hostConfigOf(inspected: unknown): HostConfig {
  const config = field(inspected, 'HostConfig');
  const figure = (key: string): number => {
    const value = field(config, key);
    return typeof value === 'number' ? value : 0;
  };
  const both = figure('MemorySwap');
  return { NanoCpus: figure('NanoCpus'), swap: both > 0 ? Math.max(0, both - figure('Memory')) : NO_LIMIT };
}

const field = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(key) : undefined;

/** The body of the update, with what docker demands beside the limits that were asked for. */
export function updateOf(writes: readonly Write[], { NanoCpus, swap }: HostConfig): Fields {
  let fields = fieldsOf(PROPERTIES, writes);
  const { CpuQuota, CpuPeriod, ...others } = fields;
  // A container started with --cpus takes only that again: a period, or a quota above 0, beside it is a conflict.
  if (NanoCpus > 0 && typeof CpuQuota === 'number' && typeof CpuPeriod === 'number') {
    fields = { ...others, ...(CpuQuota > 0 ? { NanoCpus: Math.round((CpuQuota / CpuPeriod) * 1e9) } : { CpuQuota }) };
  }
  // MemorySwap is memory and swap together and may not be below memory: the swap beside it is kept.
  const memory = fields.Memory;
  if (typeof memory !== 'number') return fields;
  return {
    ...fields,
    MemorySwap: memory === NO_LIMIT_FROM || swap === NO_LIMIT ? -1 : Math.min(NO_LIMIT_FROM, memory + swap),
  };
}
