/**
 * Containers that the kubelet's interface made, in both cgroup drivers: names, pod, namespace, the refusal to limit them,
 * and with --force the way through that interface, whose own description then agrees.
 */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { at } from '../../../src/inventory/names/json.ts';
import { MOUNT, tscg, tscgJson } from '../../boxes.ts';
import { startPod } from './workloads.mjs';

/** What containerd itself keeps of the container. */
function described(id = ''): { cpu: unknown; memory: unknown } {
  const info: unknown = JSON.parse(
    execFileSync('ctr', ['-n', 'k8s.io', 'containers', 'info', id], { encoding: 'utf8' }),
  );
  const resources = at(info, 'Spec', 'linux', 'resources');
  return { cpu: at(resources, 'cpu', 'quota'), memory: at(resources, 'memory', 'limit') };
}

for (const driver of ['systemd', 'cgroupfs'] as const) {
  test(`${driver} driver: pod/container by name, with pod, namespace and image; a limit is refused with what lasts`, async () => {
    const name = `app-${driver}`;
    const running = await startPod(name, { driver, namespace: 'shop', pod: `${name}-0` });
    const shown = tscgJson('get', `${name}-0/${name}`, '--delay', '0.2');
    assert.is(shown.kind, 'container', JSON.stringify(shown));
    assert.is(shown.pod, `${name}-0`);
    assert.is(shown.namespace, 'shop');
    assert.match(String(shown.image), /busybox/);
    assert.ok(running.cgroup.startsWith(String(shown.path)), `${running.cgroup} is not in ${shown.path}`);

    const before = readFileSync(join(MOUNT, running.cgroup, 'memory.max'), 'utf8');
    const { status, stderr } = tscg('set', `${name}-0/${name}`, '--memory', '48M');
    assert.is(status, 2, stderr);
    assert.match(stderr, new RegExp(`kubectl patch pod ${name}-0 -n shop --subresource resize`));
    assert.is(readFileSync(join(MOUNT, running.cgroup, 'memory.max'), 'utf8'), before);

    const read = (file: string): string => readFileSync(join(MOUNT, running.cgroup, file), 'utf8').trim();
    const limits = ['--cpu', '30%', '--memory', '48M', '--pids', '40'];
    const forced = tscg('set', `${name}-0/${name}`, ...limits, '--force');
    assert.is(forced.status, 0, forced.stderr);
    assert.match(forced.stdout, /the kubelet writes its own values back/);
    assert.match(forced.stdout, /through cri [0-9a-f]{12}: memory_limit_in_bytes=50331648/);
    const wanted = ['30000 100000', String(48 * 2 ** 20), '40'];
    const now = (): string[] => ['cpu.max', 'memory.max', 'pids.max'].map(read);
    assert.equal(now(), wanted);
    assert.equal(described(running.id), { cpu: 30000, memory: 48 * 2 ** 20 });
    execFileSync('systemctl', ['daemon-reload']);
    assert.equal(now(), wanted);
    const undone = tscg('undo');
    assert.is(undone.status, 0, undone.stderr);
    assert.is(read('memory.max'), before.trim());
  });
}

test.run();
