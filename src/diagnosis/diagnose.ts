/** A Finding for each victim of a CloseLook: every cause that holds, the largest loss first; pure. */

import { counted } from '../text/counted.ts';
import { changeOf, endsOf, figure } from './look/change.ts';
import { cpuVerdicts } from './look/cpu.ts';
import { diskVerdicts } from './look/disk.ts';
import { memoryVerdicts } from './look/memory.ts';
import type { CloseLook } from './look/model.ts';
import { networkVerdicts } from './look/network.ts';
import { missingOf } from './missing.ts';
import { byLoss, type Finding, type Verdict, type Victim } from './model.ts';
import { advice } from './remedy.ts';

export const diagnose = (look: CloseLook): Finding[] => look.victims.map((victim) => findingOf(look, victim));

function findingOf(look: CloseLook, victim: Victim): Finding {
  const { path } = victim;
  const found = [
    ...stateVerdicts(look, path),
    ...cpuVerdicts(look, path),
    ...diskVerdicts(look, path),
    ...memoryVerdicts(look, path),
    ...networkVerdicts(look, path),
  ].sort(byLoss);
  const { missing, needed } = missingOf(look, path);
  const [first] = found;
  // While it is frozen nothing else holds it up.
  const verdicts = first?.cause === 'frozen' ? [first] : found;
  return {
    workload: victim,
    when: look.when,
    window: look.seconds,
    verdicts: verdicts.length > 0 ? verdicts : [needed ? unknown(needed) : fine(look, path)],
    source: look.traced ? 'ebpf' : 'files',
    missing: [...missing, ...look.missing],
  };
}

const plain = (cause: 'fine' | 'unknown', sentence: string): Verdict => ({
  cause,
  loss: Number.NaN,
  sentence,
  figures: [],
  suspects: [],
  remedies: [],
});

function fine({ seconds, groups }: CloseLook, path: string): Verdict {
  const [was, is] = endsOf(groups.get(path), 'cgroup.events:populated');
  const sentence =
    is !== 0
      ? `nothing held it up in the ${seconds.toFixed(0)} s that were looked at`
      : was === 0
        ? 'no process is in it, so that nothing could be held up'
        : 'nothing held it up until its last process ended, while it was looked at';
  return plain('fine', sentence);
}

const unknown = (why: string): Verdict => plain('unknown', `what is known is fine, but ${why}`);

function stateVerdicts(look: CloseLook, path: string): Verdict[] {
  const group = look.groups.get(path);
  const verdicts: Verdict[] = [];
  if (group?.last('cgroup.events:frozen') === 1) {
    verdicts.push({
      cause: 'frozen',
      loss: 1000,
      sentence: 'it is frozen: none of its processes runs until it is thawed',
      figures: [figure('frozen', 1, 'count', 'cgroup.events frozen')],
      suspects: [],
      remedies: [advice({ path, name: group.name }, `thaw it: tscg thaw ${group.name}`)],
    });
  }
  const failed = changeOf(group, 'pids.events:max');
  if (failed > 0) {
    const limit = group?.last('pids.max:value') ?? Number.NaN;
    verdicts.push({
      cause: 'pids',
      loss: Number.NaN,
      sentence: `${counted(failed, 'fork')} failed at its limit of ${Number.isFinite(limit) ? `${limit} tasks` : 'tasks'}`,
      figures: [figure('pids_events', failed / look.seconds, 'per_second', 'Δ pids.events max')],
      suspects: [],
      remedies: [
        {
          path,
          name: group?.name ?? path,
          limits: Number.isFinite(limit) ? { '--pids': String(Math.max(limit * 2, 16)) } : {},
          words: 'raise its limit of tasks, or find out why it forks so much',
        },
      ],
    });
  }
  return verdicts;
}
