/**
 * Podman's API, whose update takes the resources of the OCI runtime specification:
 *
 *     POST /v4.0.0/libpod/containers/ID/update   {"cpu":{"quota":30000,"period":100000},"memory":{"limit":50331648},"pids":{"limit":40}}
 */

import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { type Owner, OwnerError } from './owner.ts';

type Section = Readonly<Record<string, number | string>>;

const orMinusOne = (text: string): number => (text === 'max' ? -1 : parseSingleValue(text));

const PROPERTIES: Readonly<Record<string, (text: string) => { section: string; fields: Section }>> = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    return { section: 'cpu', fields: { quota: quota === NO_LIMIT ? -1 : quota, period } };
  },
  'memory.max': (text) => ({ section: 'memory', fields: { limit: orMinusOne(text) } }),
  'memory.low': (text) => ({ section: 'memory', fields: { reservation: orMinusOne(text) } }),
  'pids.max': (text) => ({ section: 'pids', fields: { limit: orMinusOne(text) } }),
  'cpuset.cpus': (text) => ({ section: 'cpu', fields: { cpus: text } }),
  'cpuset.mems': (text) => ({ section: 'cpu', fields: { mems: text } }),
};

const PATIENCE_MS = 15_000;

export const podmanOwner = (socket: string): Owner => ({
  name: 'podman',
  sets: (file) => file in PROPERTIES,
  describe: (file, text) => {
    const property = PROPERTIES[file]?.(text);
    return (
      property &&
      Object.entries(property.fields)
        .map(([key, value]) => `${property.section}.${key}=${value}`)
        .join(' ')
    );
  },
  keeps: (_, text) => text,
  apply: async (writes) => {
    const [{ subject = '' } = {}] = writes;
    const body: Record<string, Section> = {};
    for (const { file, after } of writes) {
      const property = PROPERTIES[file]?.(after);
      if (property) body[property.section] = { ...body[property.section], ...property.fields };
    }
    try {
      const { postJson } = await import('../../inventory/runtimes/unix-http.ts');
      await postJson(socket, `/v4.0.0/libpod/containers/${subject}/update`, body, { timeoutMs: PATIENCE_MS });
    } catch (error) {
      throw new OwnerError(`podman update ${subject.slice(0, 12)}: ${error instanceof Error ? error.message : error}`);
    }
  },
});
