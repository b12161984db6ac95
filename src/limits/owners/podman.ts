/**
 * Podman's API, whose update takes the resources of the OCI runtime specification:
 *
 *     POST /v4.0.0/libpod/containers/ID/update   {"cpu":{"quota":30000,"period":100000},"memory":{"limit":50331648},"pids":{"limit":40}}
 */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { errorText } from '../../text/error-text.ts';
import { confirmContainer } from './engine.ts';
import { type Fields, type FieldsByFile, fieldsOf, ownerOfFields } from './fields.ts';
import { ENGINE_PATIENCE_MS, type Owner, OwnerError } from './owner.ts';

const orMinusOne = (text: string): number => (text === 'max' ? -1 : parseSingleValue(text));

/** By `section.field`. */
const PROPERTIES: FieldsByFile = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    return { 'cpu.quota': quota === NO_LIMIT ? -1 : quota, 'cpu.period': period };
  },
  'memory.max': (text) => ({ 'memory.limit': orMinusOne(text) }),
  'memory.low': (text) => ({ 'memory.reservation': orMinusOne(text) }),
  'pids.max': (text) => ({ 'pids.limit': orMinusOne(text) }),
  'cpuset.cpus': (text) => ({ 'cpu.cpus': text }),
  'cpuset.mems': (text) => ({ 'cpu.mems': text }),
};

/** Its paths have no form without a version; every podman since 4 answers to this one. */
export const PODMAN_PREFIX = '/v4.0.0/libpod';

export const podmanOwner = (socket: string, files: CgroupFiles, proc = '/proc'): Owner => ({
  name: 'podman',
  ...ownerOfFields(PROPERTIES),
  confirm: async ([write]) => {
    const engine = { engine: 'podman', socket, prefix: PODMAN_PREFIX } as const;
    if (write) await confirmContainer(engine, write, { proc, root: files.root });
  },
  apply: async (writes) => {
    const [{ subject = '' } = {}] = writes;
    const body: Record<string, Fields> = {};
    for (const [key, value] of Object.entries(fieldsOf(PROPERTIES, writes))) {
      const [section = '', field = ''] = key.split('.');
      body[section] = { ...body[section], [field]: value };
    }
    try {
      const { postJson } = await import('../../inventory/runtimes/unix-http.ts');
      await postJson(socket, `${PODMAN_PREFIX}/containers/${subject}/update`, body, { timeoutMs: ENGINE_PATIENCE_MS });
    } catch (error) {
      throw new OwnerError(`podman update ${subject.slice(0, 12)}: ${errorText(error)}`, {
        cause: error,
      });
    }
  },
});
