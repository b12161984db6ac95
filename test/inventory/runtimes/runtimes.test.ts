/** All runtimes together: each fails for itself, none takes longer than the time-out, nothing keeps the process alive. */

import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openRuntimes } from '../../../src/inventory/runtimes/runtimes.ts';
import type { RuntimeSocket } from '../../../src/inventory/sockets.ts';
import { changes, type FakeEngine, fakeEngine, object, recorded } from './engines.ts';
import { fakePlain, freshSocket } from './fake-http.ts';

const usable = (path: string, runtime: RuntimeSocket['runtime'] = 'docker'): RuntimeSocket => ({
  runtime,
  path,
  state: 'usable',
});
const docker = (socket?: string): Promise<FakeEngine> => fakeEngine(recorded('docker-20.10.json'), socket);
const JOINED = '85428bd081bc31dbb25206002ec125c37f8e0c55753b97e323a872e40786a270';
const WEB = '70fb978249f4786e71c64b50d1ef1e8e6422b26f812d6d51b5f14229d3b950ab';

test('one that hangs, one that is dead and one that speaks nonsense cost themselves only', async () => {
  const good = await docker();
  // D-Bus begins with a NUL, docker with a request line.
  const waiting: number[] = [];
  let isTogether = false;
  const hanging = await fakePlain((connection) => {
    connection.once('data', ([first = 0]) => {
      waiting.push(first);
      isTogether ||= waiting.includes(0) && waiting.some((other) => other !== 0);
      connection.once('close', () => waiting.splice(waiting.indexOf(first), 1));
    });
  });
  const noise = await fakePlain((connection) => connection.end('noise'));
  const runtimes = openRuntimes({
    watch: false,
    timeoutMs: 300,
    sockets: () => [
      usable(hanging.socket),
      usable(good.socket),
      usable('/etc/hostname'),
      usable(noise.socket, 'podman'),
      usable(hanging.socket, 'systemd'),
      { runtime: 'podman', path: '/run/podman/podman.sock', state: 'not permitted' },
    ],
  });
  await runtimes.refresh();
  assert.ok(isTogether, 'those that hang are waited for at the same time');
  assert.is(runtimes.details(WEB)?.name, 'web');
  const states = new Map(runtimes.statuses().map(({ runtime, endpoint, state }) => [`${runtime} ${endpoint}`, state]));
  assert.is(states.get(`docker ${good.socket}`), 'ok');
  assert.is(states.get(`docker ${hanging.socket}`), 'failing');
  assert.is(states.get('docker /etc/hostname'), 'failing');
  assert.is(states.get(`podman ${noise.socket}`), 'failing');
  assert.is(states.get(`systemd ${hanging.socket}`), 'failing');
  assert.is(states.get('podman /run/podman/podman.sock'), 'not permitted');
  assert.is(states.get('incus '), 'absent');
  for (const { state, remedy, detail } of runtimes.statuses()) {
    assert.ok(detail.length > 0);
    if (state === 'not permitted') assert.match(remedy ?? '', process.geteuid?.() === 0 ? 'on the host' : 'usermod');
  }
  runtimes.close();
  await Promise.all([good.close(), hanging.close(), noise.close()]);
});

test('one that failed is left alone, and what was known stays known', async () => {
  const fake = await docker();
  const runtimes = openRuntimes({ watch: false, sockets: () => [usable(fake.socket)] });
  await runtimes.refresh();
  const asked = fake.asked.length;
  fake.says.version = 'nonsense';
  fake.says.list = [{ nonsense: true }];
  await runtimes.refresh();
  assert.is(runtimes.details(WEB), undefined, 'the list is what counts');
  assert.ok(fake.asked.length > asked);
  runtimes.close();
  await fake.close();
});

test('two refreshes at once are one', async () => {
  const fake = await docker();
  const runtimes = openRuntimes({ watch: false, sockets: () => [usable(fake.socket)] });
  await Promise.all([runtimes.refresh(), runtimes.refresh()]);
  assert.is(fake.asked.filter((path) => path === '/version').length, 1);
  runtimes.close();
  await fake.close();
});

test('a daemon that comes, goes, and comes back at the same path', async () => {
  const path = freshSocket();
  let found: RuntimeSocket[] = [];
  const runtimes = openRuntimes({ watch: false, sockets: () => found });
  await runtimes.refresh();
  assert.is(runtimes.statuses().find(({ runtime }) => runtime === 'docker')?.state, 'absent');
  const first = await docker(path);
  found = [usable(path)];
  await runtimes.refresh();
  assert.is(runtimes.details(WEB)?.name, 'web');
  await first.close();
  found = [];
  await runtimes.refresh();
  assert.is(runtimes.details(WEB), undefined);
  rmSync(path, { force: true });
  const second = await docker(path);
  found = [usable(path)];
  await runtimes.refresh();
  assert.is(runtimes.details(WEB)?.name, 'web');
  runtimes.close();
  await second.close();
});

test('changes are told by id, once each', async () => {
  const fake = await docker();
  const told: string[] = [];
  const { onChange, until } = changes();
  const runtimes = openRuntimes({
    watch: true,
    sockets: () => [usable(fake.socket)],
    onChange(id) {
      told.push(id);
      onChange(id);
    },
  });
  await fake.events.opened(1);
  await until(() => [WEB, JOINED].every((id) => runtimes.details(id)?.initPid !== undefined));
  /** The list once, the document once. */
  assert.equal(told.toSorted(), [JOINED, WEB, JOINED, WEB].toSorted());
  await runtimes.refresh();
  await runtimes.refresh();
  assert.is(told.length, 4);
  runtimes.close();
  await fake.close();
});

test('a runtime that starts later is noticed where it starts a container', async () => {
  const found: RuntimeSocket[] = [];
  const { onChange, until } = changes();
  const runtimes = openRuntimes({ watch: true, sockets: () => found, onChange });
  const fake = await docker();
  found.push(usable(fake.socket));
  assert.is(runtimes.details(WEB), undefined);
  await until(() => runtimes.details(WEB)?.name === 'web');
  runtimes.close();
  await fake.close();
});

test('the system’s runtimes go before a user’s', async () => {
  const system = await docker();
  const user = await docker();
  user.says.list = user.says.list.map((entry) => ({ ...entry, Names: ['/forged'] }));
  user.says.inspect = { [WEB]: { ...object(user.says.inspect[WEB]), Name: '/forged' } };
  const runtimes = openRuntimes({
    watch: false,
    sockets: () => [{ ...usable(user.socket), uid: 1000 }, usable(system.socket)],
  });
  await runtimes.refresh();
  assert.is(runtimes.details(WEB)?.name, 'web');
  assert.is(runtimes.details(WEB, 1001)?.name, 'web');
  assert.is(runtimes.details(WEB, 1000)?.name, 'forged');
  runtimes.close();
  await Promise.all([system.close(), user.close()]);
});

test("another user's bus, which lets in nobody else, is not knocked at", async () => {
  const bus = await fakePlain(() => assert.unreachable());
  const other = (process.getuid?.() ?? 0) + 1;
  const runtimes = openRuntimes({ watch: false, sockets: () => [{ ...usable(bus.socket, 'systemd'), uid: other }] });
  await runtimes.refresh();
  assert.equal(
    runtimes.statuses().filter(({ state }) => state !== 'absent'),
    [],
  );
  runtimes.close();
  await bus.close();
});

test('a process that only watches ends by itself', async () => {
  const fake = await docker();
  const hanging = await fakePlain(() => undefined);
  const module = fileURLToPath(new URL('../../../src/inventory/runtimes/runtimes.ts', import.meta.url));
  const code = `
    const { openRuntimes } = await import(${JSON.stringify(module)});
    const sockets = ${JSON.stringify([usable(fake.socket), usable(hanging.socket, 'systemd')])};
    const runtimes = openRuntimes({ watch: true, timeoutMs: 500, sockets: () => sockets });
    await runtimes.refresh();
    console.log(runtimes.details('${WEB}')?.name);`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', code],
    {
      timeout: 120_000,
    },
  );
  assert.is(stdout.trim(), 'web');
  await Promise.all([fake.close(), hanging.close()]);
});

test.run();
