/**
 * The Kubernetes container runtime interface of containerd and CRI-O, which keeps the value in the container's own
 * description and then updates the cgroup. The kubelet is not told, and writes its own values back.
 *
 *     UpdateContainerResources {container_id, linux: {cpu_quota, cpu_period, memory_limit_in_bytes, cpuset_cpus, cpuset_mems}}
 *
 * What is 0 or missing stays as it is, so "no limit" is -1.
 */

import type { CgroupFiles } from '../../kernel/cgroup-files.ts';
import { parseCpuMax } from '../../kernel/cpu-max.ts';
import { parseSingleValue } from '../../kernel/single-value.ts';
import { NO_LIMIT } from '../../kernel/value.ts';
import { errorText } from '../../text/error-text.ts';
import type { Write } from '../model.ts';
import { type FieldsByFile, fieldsOf, ownerOfFields } from './fields.ts';
import { confirmInit, type ProcessPlaces } from './init-process.ts';
import { askOwner, ENGINE_PATIENCE_MS, type Owner, OwnerError } from './owner.ts';

const PROPERTIES: FieldsByFile = {
  'cpu.max': (text) => {
    const { quota, period } = parseCpuMax(text);
    return { cpu_quota: quota === NO_LIMIT ? -1 : quota, cpu_period: period };
  },
  'memory.max': (text) => ({ memory_limit_in_bytes: text === 'max' ? -1 : parseSingleValue(text) }),
  'cpuset.cpus': (text) => ({ cpuset_cpus: text }),
  'cpuset.mems': (text) => ({ cpuset_mems: text }),
};

export const criOwner = (socket: string, files: CgroupFiles, proc = '/proc'): Owner => ({
  name: 'cri',
  ...ownerOfFields(PROPERTIES),
  confirm: async ([write]) => {
    if (write) await confirmInCri(socket, write, { proc, root: files.root });
  },
  apply: async (writes) => {
    const [{ subject = '' } = {}] = writes;
    const linux = fieldsOf(PROPERTIES, writes);
    try {
      const { callCri } = await import('../../inventory/runtimes/cri.ts');
      await callCri(socket, 'UpdateContainerResources', { container_id: subject, linux }, ENGINE_PATIENCE_MS);
    } catch (error) {
      const text = errorText(error);
      throw new OwnerError(`crictl update ${subject.slice(0, 12)}: ${text} (past it: --via cgroupfs)`);
    }
  },
});

/** `{status: {state: 'CONTAINER_RUNNING'}, info: {info: '{"pid":1234}'}}`. Throws NotOwnerError, OwnerError. */
async function confirmInCri(socket: string, write: Write, places: ProcessPlaces): Promise<void> {
  const what = `the container ${write.subject.slice(0, 12)} of the CRI`;
  const response = await askOwner(what, async () => {
    const { callCri } = await import('../../inventory/runtimes/cri.ts');
    const request = { container_id: write.subject, verbose: true };
    return callCri(socket, 'ContainerStatus', request, ENGINE_PATIENCE_MS);
  });
  const { criContainerStatus } = await import('../../inventory/runtimes/cri-parse.ts');
  confirmInit({ what, id: write.subject, pid: criContainerStatus(response).initPid }, write, places);
}
