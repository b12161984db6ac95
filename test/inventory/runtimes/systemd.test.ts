/** systemd and machined over D-Bus: played by the test on a bus of its own, and what is no bus at all. */

import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../../src/inventory/runtimes/api-error.ts';
import { connectBus } from '../../../src/inventory/runtimes/dbus.ts';
import { parseMachine } from '../../../src/inventory/runtimes/machined.ts';
import { openRuntimes, type Runtimes } from '../../../src/inventory/runtimes/runtimes.ts';
import { parseUnit } from '../../../src/inventory/runtimes/systemd.ts';
import { changes, dirtyText } from './engines.ts';
import { type Answer, type FakeBus, fakeBus, hasDaemon, variant } from './fake-bus.ts';
import { fakePlain } from './fake-http.ts';

const SYSTEMD = 'org.freedesktop.systemd1';
const MACHINED = 'org.freedesktop.machine1';
const UNITS = 'a(ssssssouso)';

const unit = (name: string, description: string, state = 'active'): unknown[] => [
  ...[name, description, 'loaded', state, 'running', '', '/org/freedesktop/systemd1/unit/x'],
  0,
  '',
  '/',
];

/** Answers what the patterns ask for. */
function playSystemd(bus: FakeBus, units: unknown[][]): void {
  bus.says.set('Manager.Subscribe', () => ({ signature: '', body: [] }));
  bus.says.set('Manager.ListUnitsByPatterns', ([, patterns]): Answer => {
    const asked = Array.isArray(patterns) ? patterns.map(String) : [];
    const found = units.filter(([name]) =>
      asked.some((one) => (one.startsWith('*') ? String(name).endsWith(one.slice(1)) : one === name)),
    );
    return { signature: UNITS, body: [found] };
  });
  bus.says.set('Properties.Get', ([, name], path) => {
    const values: Record<string, unknown> = {
      Version: '252.39',
      Id: 'nginx.service',
      Description: 'A web server',
      ActiveState: 'active',
      Slice: 'system.slice',
      ControlGroup: '/system.slice/nginx.service',
    };
    const value = values[String(name)];
    return value === undefined || path === '/' ? undefined : { signature: 'v', body: [variant('s', value)] };
  });
}

const open = (
  bus: { socket: string },
  more: { watch?: boolean; uid?: number; onChange?(id: string): void } = {},
): Runtimes => {
  const { uid, ...options } = more;
  return openRuntimes({
    watch: false,
    ...options,
    sockets: () => [{ runtime: 'systemd', path: bus.socket, state: 'usable', ...(uid !== undefined && { uid }) }],
  });
};

const onBus = hasDaemon ? test : test.skip;

onBus('units by name, with description and state', async () => {
  const bus = await fakeBus([SYSTEMD]);
  playSystemd(bus, [
    unit('nginx.service', 'A web server'),
    unit('run-1.scope', 'run-1.scope'),
    unit('evil.service', 'a\u001b[2Jb\u202ec\n'),
    unit('sda.device', 'no cgroup'),
  ]);
  const runtimes = open(bus);
  await runtimes.refresh();
  assert.equal(runtimes.details('nginx.service'), {
    runtime: 'systemd',
    id: 'nginx.service',
    name: 'nginx.service',
    description: 'A web server',
    state: 'active',
  });
  assert.is(runtimes.details('run-1.scope')?.description, undefined);
  assert.is(runtimes.details('evil.service')?.description, 'a[2Jbc↵');
  assert.is(runtimes.details('sda.device'), undefined);
  const [systemd, machined] = runtimes.statuses();
  assert.is(systemd?.detail, 'systemd 252.39');
  assert.is(machined?.state, 'ok');
  runtimes.close();
  await bus.close();
});

onBus('a new unit is known from its signal, a removed one is gone, and nothing is loaded by asking', async () => {
  const bus = await fakeBus([SYSTEMD]);
  const units = [unit('a.service', 'A')];
  playSystemd(bus, units);
  const { onChange, until } = changes();
  const runtimes = open(bus, { watch: true, onChange });
  await until(() => runtimes.details('a.service') !== undefined);
  while (!bus.asked.includes('Manager.Subscribe')) await new Promise((resolve) => setImmediate(resolve));
  units.push(unit('late\\x2d1.scope', 'Late'));
  const manager = `${SYSTEMD}.Manager`;
  for (const name of ['late\\x2d1.scope', 'sda.device', 'gone.service']) {
    bus.signal('/org/freedesktop/systemd1', manager, 'UnitNew', 'so', [name, '/x']);
  }
  await until(() => runtimes.details('late\\x2d1.scope')?.description === 'Late');
  bus.signal('/org/freedesktop/systemd1', manager, 'UnitRemoved', 'so', ['a.service', '/x']);
  await until(() => runtimes.details('a.service') === undefined);
  assert.not(bus.asked.some((call) => /LoadUnit|ListUnitsByNames|GetUnit$/.test(call)));
  runtimes.close();
  await bus.close();
});

onBus('machines with leader and addresses; one that vanishes meanwhile costs itself only', async () => {
  const bus = await fakeBus([SYSTEMD, MACHINED]);
  playSystemd(bus, []);
  const path = '/org/freedesktop/machine1/machine/';
  const machines = [
    ['box', 'container', 'systemd-nspawn', `${path}box`],
    ['qemu-1-web', 'vm', 'libvirt-qemu', `${path}web`],
    ['gone', 'container', 'systemd-nspawn', `${path}gone`],
    ['.host', 'host', '', `${path}host`],
  ];
  bus.says.set('Manager.ListMachines', () => ({ signature: 'a(ssso)', body: [machines] }));
  bus.says.set('Manager.GetMachineAddresses', ([name]) =>
    name === 'box' ? { signature: 'a(iay)', body: [[[2, Buffer.from([10, 0, 0, 7])]]] } : undefined,
  );
  bus.says.set('Properties.GetAll', (_, object) => {
    if (object.endsWith('gone')) return undefined;
    const properties = {
      Leader: variant('u', 747),
      State: variant('s', 'running'),
      RootDirectory: variant('s', '/var/lib/machines/box'),
      Timestamp: variant('t', 1_795_575_347_700_123n),
    };
    return { signature: 'a{sv}', body: [properties] };
  });
  const runtimes = open(bus);
  await runtimes.refresh();
  assert.equal(runtimes.details('box'), {
    runtime: 'nspawn',
    id: 'box',
    name: 'box',
    created: 1_795_575_347_700,
    state: 'running',
    ipAddresses: ['10.0.0.7'],
    rootfs: '/var/lib/machines/box',
    initPid: 747,
  });
  assert.is(runtimes.details('qemu-1-web')?.runtime, 'libvirt');
  assert.is(runtimes.details('gone'), undefined);
  assert.is(runtimes.details('.host'), undefined);
  runtimes.close();
  await bus.close();
});

onBus('a bus without systemd, and a systemd that is silent', async () => {
  const empty = await fakeBus([]);
  const without = open(empty, { uid: process.getuid?.() ?? 0 });
  await without.refresh();
  assert.is(without.statuses()[0]?.state, 'absent');
  without.close();
  await empty.close();

  const silent = await fakeBus([SYSTEMD]);
  silent.says.set('Manager.ListUnitsByPatterns', () => 'silence');
  const runtimes = openRuntimes({
    watch: false,
    timeoutMs: 300,
    sockets: () => [{ runtime: 'systemd', path: silent.socket, state: 'usable' }],
  });
  await runtimes.refresh();
  assert.is(runtimes.statuses()[0]?.state, 'failing');
  assert.match(runtimes.statuses()[0]?.detail ?? '', 'no answer in 300 ms');
  runtimes.close();
  await silent.close();
});

onBus('a bus that ends is connected to again', async () => {
  const first = await fakeBus([SYSTEMD]);
  playSystemd(first, []);
  const connection = await connectBus(first.socket, 2000);
  await first.close();
  assert.instance(await connection.ended, ApiError);
  try {
    await connection.call({ destination: 'a.b', path: '/', interface: 'a.b', member: 'C' });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ApiError);
  }
});

test('what is no bus: silent, rejecting, breaking off, nothing there', async () => {
  const silent = await fakePlain(() => undefined);
  const rejecting = await fakePlain((connection) =>
    connection.once('data', () => connection.write('REJECTED ANONYMOUS\r\n')),
  );
  const breaking = await fakePlain((connection) => connection.once('data', () => connection.end()));
  const noise = await fakePlain((connection) => connection.write('\x00\xff\r\n'.repeat(100)));
  const cases: readonly [string, ApiError['failure'][]][] = [
    [silent.socket, ['no answer']],
    [rejecting.socket, ['not permitted', 'no answer']],
    [breaking.socket, ['not permitted', 'no answer']],
    [noise.socket, ['not permitted', 'no answer']],
    ['/etc/hostname', ['no answer']],
    ['/nowhere/bus', ['absent']],
    ['/run/a,b=c', ['malformed']],
  ];
  for (const [socket, failures] of cases) {
    try {
      await connectBus(socket, 200);
      assert.unreachable(socket);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      assert.ok(failures.includes(error.failure), `${socket}: ${error.failure}`);
    }
  }
  await Promise.all([silent.close(), rejecting.close(), breaking.close(), noise.close()]);
});

test('no control characters get through, whatever is where', () => {
  const poison = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\u001b]0;x\u0007', 'a\u202eb', '\r\n'),
    fc.anything(),
  );
  fc.assert(
    fc.property(poison, poison, (value, other) => {
      const properties = {
        Leader: { value },
        State: { value },
        RootDirectory: { value: other },
        Timestamp: { value: 1n },
      };
      for (const record of [
        parseUnit([value, other, '', value]),
        parseUnit([`${typeof value === 'string' ? value : ''}.service`, other, '', value]),
        parseMachine(value, other, properties, [[2, value]]),
        parseMachine('box', other, value, other),
      ]) {
        assert.is(dirtyText(record), undefined);
      }
    }),
  );
});

test.run();
