/** Containers that the kubelet's interface made, in both cgroup drivers: names, pod, namespace, and the refusal to limit them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MOUNT, tscg, tscgJson } from '../../boxes.ts';
import { startPod } from './workloads.mjs';

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
    assert.is(status, 1, stderr);
    assert.match(stderr, new RegExp(`kubectl patch pod ${name}-0 -n shop --subresource resize`));
    assert.is(readFileSync(join(MOUNT, running.cgroup, 'memory.max'), 'utf8'), before);

    const forced = tscg('set', `${name}-0/${name}`, '--memory', '48M', '--force');
    assert.is(forced.status, 0, forced.stderr);
    assert.match(forced.stdout, /the kubelet writes its own values back/);
    assert.is(readFileSync(join(MOUNT, running.cgroup, 'memory.max'), 'utf8').trim(), String(48 * 2 ** 20));
  });
}

test.run();
