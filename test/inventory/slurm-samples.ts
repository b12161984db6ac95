/** Paths of Slurm's jobs and steps, with what each is. The numbers are rows of the collection. */

import type { Identity } from '../../src/inventory/workload.ts';

export const SLURM_SAMPLES: readonly (readonly [what: string, path: string, identity: Identity])[] = [
  [
    '58 Slurm task',
    '/system.slice/slurmstepd.scope/job_1234/step_0/user/task_0',
    { kind: 'inner', runtime: 'slurm', id: '1234', podUid: '1234' },
  ],
  [
    '58 Slurm step',
    '/system.slice/slurmstepd.scope/job_1234/step_batch',
    { kind: 'container', runtime: 'slurm', id: '1234', name: '1234.batch', podUid: '1234' },
  ],
  [
    '58 Slurm job on a node of its own',
    '/system.slice/node1_slurmstepd.scope/job_1234',
    { kind: 'pod', runtime: 'slurm', id: '1234', podUid: '1234' },
  ],
  [
    '58 slurmstepd itself',
    '/system.slice/slurmstepd.scope/job_1234/step_0/slurm',
    { kind: 'monitor', runtime: 'slurm', podUid: '1234' },
  ],
  [
    '104 Slurm 26 job',
    '/system.slice/slurmstepd.scope/s5K1KKYAYG5D00',
    { kind: 'pod', runtime: 'slurm', id: 's5K1KKYAYG5D00', podUid: 's5K1KKYAYG5D00' },
  ],
  [
    '104 Slurm 26 step',
    '/system.slice/slurmstepd.scope/s5K1KKYAYG5D00/step_batch',
    {
      kind: 'container',
      runtime: 'slurm',
      id: 's5K1KKYAYG5D00',
      name: 's5K1KKYAYG5D00.batch',
      podUid: 's5K1KKYAYG5D00',
    },
  ],
  [
    '104 Slurm 26 task',
    '/system.slice/slurmstepd.scope/s5K1KKYAYG5D00/step_0/user/task_0',
    { kind: 'inner', runtime: 'slurm', id: 's5K1KKYAYG5D00', podUid: 's5K1KKYAYG5D00' },
  ],
  [
    '104 Slurm 26 helpers',
    '/system.slice/slurmstepd.scope/s5K1KKYAYG5D00/step_0/slurm',
    { kind: 'monitor', runtime: 'slurm', podUid: 's5K1KKYAYG5D00' },
  ],
  [
    '105 Slurm step of a worker in a scope of its own',
    '/system.slice/slurm-worker-1_slurmstepd.scope/job_4749/step_0',
    { kind: 'container', runtime: 'slurm', id: '4749', name: '4749.0', podUid: '4749' },
  ],
];
