/**
 * Incus (and LXD), which keep an instance's limits in its configuration and write its cgroup at once:
 *
 *     PATCH /1.0/instances/NAME?project=PROJECT   {"config":{"limits.cpu.allowance":"30ms/100ms","limits.memory":"50331648B","limits.processes":"40"}}
 *
 * An empty value takes the key away. The allowance counts whole milliseconds.
 */

import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { errorText } from '../../text/error-text.ts';
import { type Owner, OwnerError } from './owner.ts';

const USEC_PER_MS = 1000;

const PROPERTIES: Readonly<Record<string, (text: string) => readonly [key: string, value: string]>> = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    return [
      'limits.cpu.allowance',
      quota === NO_LIMIT ? '' : `${Math.round(quota / USEC_PER_MS)}ms/${Math.round(period / USEC_PER_MS)}ms`,
    ];
  },
  'memory.max': (text) => ['limits.memory', text === 'max' ? '' : `${text}B`],
  'pids.max': (text) => ['limits.processes', text === 'max' ? '' : text],
};

const PATIENCE_MS = 15_000;

/** Subjects are `NAME`, or `PROJECT/NAME` outside the default project. */
export const incusOwner = (socket: string): Owner => ({
  name: 'incus',
  sets: (file) => Object.hasOwn(PROPERTIES, file),
  describe: (file, text) => PROPERTIES[file]?.(text).join('='),
  keeps: keepable,
  confirm: async () => {},
  apply: async (writes) => {
    const [{ subject = '' } = {}] = writes;
    const [name = '', project = 'default'] = subject.split('/').reverse();
    const config = Object.fromEntries(writes.flatMap(({ file, after }) => [PROPERTIES[file]?.(after) ?? []]));
    try {
      const { patchJson } = await import('../../inventory/runtimes/unix-http.ts');
      const path = `/1.0/instances/${encodeURIComponent(name)}?project=${encodeURIComponent(project)}`;
      await patchJson(socket, path, { config }, { timeoutMs: PATIENCE_MS });
    } catch (error) {
      throw new OwnerError(`incus config set ${subject}: ${errorText(error)}`, {
        cause: error,
      });
    }
  },
});

/** Whole milliseconds, the quota rounded up; a period that is none becomes the usual one. */
function keepable(file: string, text: string): string {
  if (file !== 'cpu.max') return text;
  const { quota, period } = parseCpuMax(text);
  // Without a quota no key says what the period is.
  if (quota === NO_LIMIT) return 'max 100000';
  const kept = period % USEC_PER_MS === 0 ? period : 100_000;
  return `${Math.ceil(Math.round((quota / period) * kept) / USEC_PER_MS) * USEC_PER_MS} ${kept}`;
}
