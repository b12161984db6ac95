/** Network namespaces of a test's own, joined to this one by veths and a bridge; all of it is gone when the test ends. */

import { execFileSync, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Box } from './boxes.ts';
import { eventually } from './scratch-cgroup.ts';

export interface World {
  /** Unique on this machine, at most 15 characters. */
  readonly name: (suffix: string) => string;
  ip(...args: string[]): string;
  /** A namespace with lo up. */
  addNamespace(suffix: string): string;
  /** A process in that namespace, in the cgroup; resolves when it is there. */
  enter(box: Box, namespace: string): Promise<number>;
}

/** Why there can be none, or undefined. */
export const noWorld: string | undefined = reason();

function reason(): string | undefined {
  const name = `tscg${process.pid}probe`;
  for (const args of [
    ['netns', 'add', name],
    ['-n', name, 'link', 'add', 'probe0', 'type', 'bridge'],
    ['-n', name, 'link', 'add', 'probe1', 'type', 'veth'],
  ]) {
    const { error, status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
    if (error || status !== 0) {
      spawnSync('ip', ['netns', 'del', name]);
      return `ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`;
    }
  }
  spawnSync('ip', ['netns', 'del', name]);
  return undefined;
}

export async function withWorld(use: (world: World) => Promise<void>): Promise<void> {
  const ip = (...args: string[]): string => execFileSync('ip', args, { encoding: 'utf8' });
  const name = (suffix: string): string => `t${process.pid}${suffix}`.slice(-15);
  const namespaces: string[] = [];
  try {
    await use({
      name,
      ip,
      addNamespace: (suffix) => {
        const made = name(suffix);
        ip('netns', 'add', made);
        namespaces.push(made);
        ip('-n', made, 'link', 'set', 'lo', 'up');
        return made;
      },
      enter: async (box, namespace) => {
        const { pid = 0 } = await box.run(`exec ip netns exec ${namespace} sleep 1000`);
        const { ino } = statSync(`/run/netns/${namespace}`);
        await eventually(() => statSync(`/proc/${pid}/ns/net`).ino === ino, `${pid} is in ${namespace}`);
        return pid;
      },
    });
  } finally {
    for (const namespace of namespaces) spawnSync('ip', ['netns', 'del', namespace]);
    const left = ip('-o', 'link').matchAll(new RegExp(`^\\d+: (t${process.pid}[^:@]*)`, 'gm'));
    for (const [, link = ''] of left) spawnSync('ip', ['link', 'del', link]);
  }
}
