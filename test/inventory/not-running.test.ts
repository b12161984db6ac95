import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { notRunning, unseenText } from '../../src/inventory/not-running.ts';
import { fakeBus, hasDaemon, variant } from './runtimes/fake-bus.ts';
import { fakeHttp, json } from './runtimes/fake-http.ts';

test('a container that is stopped or restarts is told as such; who does not know it, or hangs up, says nothing', async () => {
  const states: Readonly<Record<string, string>> = { web: 'exited', loop: 'restarting', busy: 'running' };
  const docker = await fakeHttp(({ url = '' }, response) => {
    const [, name = ''] = /^\/containers\/(\w+)\/json$/.exec(url) ?? [];
    const Status = states[name];
    json(response, Status ? { State: { Status } } : { message: 'No such container' }, Status ? 200 : 404);
  });
  const podman = await fakeHttp((_, response) => response.destroy());
  const sockets = [
    { runtime: 'podman', path: podman.socket, state: 'usable' },
    { runtime: 'docker', path: docker.socket, state: 'usable' },
  ] as const;
  try {
    const text =
      '"web" is a docker container that does not run (exited), so it has no cgroup; docker update limits its';
    assert.is(await notRunning('web', sockets), `${text} next start`);
    assert.match((await notRunning('loop', sockets)) ?? '', /does not run \(restarting\)/);
    for (const name of ['busy', 'wab', '../web', '', 'a b'])
      assert.is(await notRunning(name, sockets), undefined, name);
    assert.is(await notRunning('web', [{ ...sockets[1], state: 'not permitted' }]), undefined);
  } finally {
    await Promise.all([docker.close(), podman.close()]);
  }
});

test('where the API of an engine is closed to the user its names are unseen, and what opens it is said', () => {
  const closed = { runtime: 'docker', path: '/run/docker.sock', state: 'not permitted' } as const;
  const text = unseenText('we\x1bb', [closed]) ?? '';
  assert.match(text, /^no container, unit or cgroup is called "web", as far as can be seen: the API of docker at /);
  assert.match(text, /is closed to this user, .*; the id of a container works without/);
  if (process.geteuid?.() !== 0) assert.match(text, /run it with sudo, or join the socket's group: usermod -aG/);
  else assert.not.match(text, /sudo/);
  for (const other of [
    { ...closed, state: 'usable' },
    { ...closed, uid: 1001 },
    { ...closed, runtime: 'systemd' },
  ] as const)
    assert.is(unseenText('web', [other]), undefined);
});

if (hasDaemon) {
  test('a unit in which nothing runs; one that nobody has is none', async () => {
    const bus = await fakeBus(['org.freedesktop.systemd1']);
    bus.says.set('Manager.LoadUnit', ([name]) => ({
      signature: 'o',
      body: [name === 'web.service' ? '/web' : '/none'],
    }));
    bus.says.set('Properties.Get', ([, name], path) => {
      const value = name === 'ActiveState' ? 'inactive' : path === '/web' ? 'loaded' : 'not-found';
      return { signature: 'v', body: [variant('s', value)] };
    });
    const sockets = [{ runtime: 'systemd', path: bus.socket, state: 'usable' }] as const;
    try {
      const text = 'is the unit web.service, in which nothing runs (inactive), so it has no cgroup; systemctl';
      for (const name of ['web', 'web.service'])
        assert.is(await notRunning(name, sockets), `"${name}" ${text} set-property web.service limits its next start`);
      assert.is(await notRunning('wab', sockets), undefined);
    } finally {
      await bus.close();
    }
  });
}

test.run();
