/**
 * Incus (and LXD), which keep an instance's limits in its configuration and write its cgroup at once:
 *
 *     PATCH /1.0/instances/NAME?project=PROJECT   {"config":{"limits.cpu.allowance":"30ms/100ms","limits.memory":"50331648B","limits.processes":"40"}}
 *
 * An empty value takes the key away. The allowance counts whole milliseconds.
 */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { errorText } from '../../text/error-text.ts';
import type { Write } from '../model.ts';
import { confirmInit, type ProcessPlaces } from './init-process.ts';
import { askOwner, ENGINE_PATIENCE_MS, type Owner, OwnerError } from './owner.ts';

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

/** Subjects are `NAME`, or `PROJECT/NAME` outside the default project. */
export const incusOwner = (socket: string, files: CgroupFiles, proc = '/proc'): Owner => ({
  name: 'incus',
  sets: (file) => Object.hasOwn(PROPERTIES, file),
  describe: (file, text) => PROPERTIES[file]?.(text).join('='),
  keeps: keepable,
  confirm: async ([write]) => {
    if (write) await confirmInstance(socket, write, { proc, root: files.root });
  },
  apply: async (writes) => {
    const [{ subject = '' } = {}] = writes;
    const config = Object.fromEntries(writes.flatMap(({ file, after }) => [PROPERTIES[file]?.(after) ?? []]));
    try {
      const { patchJson } = await import('../../inventory/runtimes/unix-http.ts');
      await patchJson(socket, instancePath(subject), { config }, { timeoutMs: ENGINE_PATIENCE_MS });
    } catch (error) {
      throw new OwnerError(`incus config set ${subject}: ${errorText(error)}`, {
        cause: error,
      });
    }
  },
});

/** `/1.0/instances/web?project=default`, or `…/web/state?…`. */
function instancePath(subject: string, below = ''): string {
  const [name = '', project = 'default'] = subject.split('/').reverse();
  return `/1.0/instances/${encodeURIComponent(name)}${below}?project=${encodeURIComponent(project)}`;
}

/**
 * Reads `{"metadata":{"status":"Running","pid":1234}}`. The cgroup of the instance is called `lxc.payload.PROJECT_NAME`. Throws
 * NotOwnerError, OwnerError.
 */
async function confirmInstance(socket: string, write: Write, places: ProcessPlaces): Promise<void> {
  const what = `the Incus instance ${write.subject}`;
  const answer = await askOwner(what, async () => {
    const { getJson } = await import('../../inventory/runtimes/unix-http.ts');
    return getJson(socket, instancePath(write.subject, '/state'), { timeoutMs: ENGINE_PATIENCE_MS });
  });
  const { incusState } = await import('../../inventory/runtimes/incus.ts');
  confirmInit({ what, id: write.subject.replace('/', '_'), pid: incusState(answer).initPid }, write, places);
}

/** Whole milliseconds, the quota rounded up; a period that is none becomes the usual one. */
function keepable(file: string, text: string): string {
  if (file !== 'cpu.max') return text;
  const { quota, period } = parseCpuMax(text);
  // Without a quota no key says what the period is.
  if (quota === NO_LIMIT) return 'max 100000';
  const kept = period % USEC_PER_MS === 0 ? period : 100_000;
  return `${Math.ceil(Math.round((quota / period) * kept) / USEC_PER_MS) * USEC_PER_MS} ${kept}`;
}
