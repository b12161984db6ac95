/**
 * What tscg and tstop tell of workloads under load, beside what the system's own tools and the kernel's files tell: the
 * process tree, the namespaces, the network, the file system, the figures. Six minutes, for its load takes the emulated
 * machine: not of the default suite, `node test/guest/suite.mjs load` runs it.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { at, listOf } from '../../../src/inventory/names/json.ts';
import { TSCG, tscgJson } from '../../boxes.ts';
import { openTstop } from '../../terminal.ts';
import { CPUS, ENTERED, endLoad, MEMORY, NESTED, PIDS, type Running, startLoad } from './load.ts';
import {
  byCommand,
  diskUse,
  figure,
  inspect,
  json,
  KINDS,
  kernelHas,
  namespaceOf,
  namespacesByLsns,
  netDev,
  run,
  text,
} from './tools.ts';
import { rowOf, treeOf } from './tree.ts';

const { web, side, member, machine, service } = await startLoad();
const terminal = openTstop(340, 50);
test.after(async () => {
  terminal.kill();
  endLoad();
});

const SLEEPS = ['sleep 4000', 'sleep 4001', 'sleep 4002', 'sleep 4003'];

const TREES: readonly {
  readonly what: string;
  readonly of: Running;
  readonly inside: () => string;
  readonly commands: readonly string[];
  /** Where the name is not enough. */
  readonly filter?: string;
  /** What must be on the screen, where it is more. */
  readonly awaited?: readonly string[];
}[] = [
  {
    what: 'docker',
    of: web,
    inside: () => run('docker', 'exec', web.name, 'ps', '-o', 'pid,args'),
    commands: [...SLEEPS, ENTERED],
  },
  {
    what: 'a podman pod',
    of: member,
    inside: () => run('podman', 'exec', member.name, 'ps', '-o', 'pid,args'),
    commands: SLEEPS,
  },
  {
    what: 'nspawn',
    of: machine,
    inside: () => run('nsenter', '-t', String(machine.pid), '-p', '-m', 'ps', '-o', 'pid,args'),
    commands: SLEEPS,
    filter: 'machine-load',
  },
  {
    what: 'a service',
    of: service,
    inside: () =>
      run('ps', '-o', 'pid,args', '-p', kernelHas(service.path, service.pid, 'cgroup.procs').replace(/\s+/g, ',')),
    commands: SLEEPS,
    awaited: [...SLEEPS, NESTED],
  },
];

test("tstop's process tree: PIDs inside as ps inside has them, PIDs here, who is whose child, who entered, nested namespaces", async () => {
  for (const { what, of, inside, commands, filter, awaited } of TREES) {
    const screen = await treeOf(terminal, filter ?? of.name, of.pid, awaited ?? commands);
    const seen = byCommand(inside());
    for (const command of commands) {
      const { pid, inner, line } = rowOf(screen, command);
      assert.is(inner || pid, seen.get(command), `${what}: ${line}`);
      assert.is(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trim(), command, what);
    }
    const [first, child, grandchild] = [SLEEPS[0], SLEEPS[3], SLEEPS[2]].map((command = '') => rowOf(screen, command));
    assert.ok(first && child && grandchild && first.indent < child.indent && child.indent < grandchild.indent, screen);
    if (of === web) assert.match(rowOf(screen, ENTERED).line, /entered from outside/);
    if (of === service) {
      const inode = /\d+/.exec(readlinkSync(`/proc/${rowOf(screen, NESTED).pid}/ns/pid`))?.[0];
      assert.match(rowOf(screen, NESTED).line, new RegExp(`^.*init of PID namespace ${inode}`));
      assert.is(rowOf(screen, NESTED).inner, '1');
    }
  }
  terminal.type('q');
  assert.is(await terminal.ended, 0);
});

test('tscg ns: every namespace that lsns lists, with its processes, first PID, user, parent and owner', () => {
  const before = namespacesByLsns();
  const all: unknown = JSON.parse(run(process.execPath, TSCG, 'ns', '--json'));
  const after = namespacesByLsns();
  const ours = new Map(
    listOf(all).map((one) => {
      const parts = ['processes', 'pid', 'uid', 'parent', 'owner'].map((key) => Number(at(one, key) ?? 0));
      return [`${text(one, 'type')} ${text(one, 'ns')}`, parts.join(' ')];
    }),
  );
  const still = [...before].filter(([key, parts]) => after.get(key) === parts);
  assert.ok(still.length >= 15, JSON.stringify(still));
  for (const [key, parts] of still) assert.is(ours.get(key), parts, key);
});

/** Whose each kind is. */
const WHOSE: readonly {
  readonly of: Running;
  readonly whose: string;
  readonly withWhom?: Readonly<Record<string, Running[]>>;
}[] = [
  { of: web, whose: 'own own own shared own host host own', withWhom: { net: [side] } },
  { of: machine, whose: 'own own own host own host host own' },
  { of: service, whose: 'host host own own host host host host' },
];

test('tscg ns NAME: the inodes of its init, whose they are, with whom it shares them, and who owns them', () => {
  for (const { of, whose, withWhom = {} } of WHOSE) {
    const rows = listOf(at(tscgJson('ns', of.name), 'namespaces'));
    const main = KINDS.map((kind) => rows.find((row) => at(row, 'type') === kind));
    assert.equal(
      main.map((row) => at(row, 'ns')),
      KINDS.map((kind) => namespaceOf(of.pid, kind)),
      of.name,
    );
    assert.is(main.map((row) => text(row, 'whose')).join(' '), whose, of.name);
    for (const row of main.filter((one) => at(one, 'whose') !== 'host')) {
      const sharers = (withWhom[text(row, 'type')] ?? []).map(({ name }) => name);
      assert.equal(
        listOf(at(row, 'shared_with')).map((other) => at(other, 'name')),
        sharers,
        of.name,
      );
    }
  }
  const [, nested] = listOf(at(tscgJson('ns', service.name, '--type', 'user'), 'namespaces'));
  assert.equal(at(nested, 'uid_map'), [{ inside: 0, outside: 0, count: 1 }]);
});

test("the containers of a pod share its infra container's network, and each has its own mounts and PIDs", () => {
  const infra = text(json('podman', 'pod', 'inspect', 'load-pod'), 'InfraContainerID');
  for (const row of listOf(at(tscgJson('ns', member.name), 'namespaces'))) {
    const paths = listOf(at(row, 'shared_with')).map((other) => text(other, 'path'));
    const isShared = ['ipc', 'net', 'uts'].includes(text(row, 'type'));
    if (at(row, 'whose') === 'host') continue;
    assert.is(at(row, 'whose'), isShared ? 'shared' : 'own', text(row, 'type'));
    assert.is(paths.length, isShared ? 1 : 0);
    assert.ok(
      paths.every((path) => path.includes(infra)),
      paths.join(),
    );
  }
});

test('tscg get: the mode, addresses and host side of the network as the engine and the kernel have them; counters between two readings', () => {
  const modes = new Map<Running, string>([
    [web, text(inspect('docker', web.name), 'HostConfig', 'NetworkMode')],
    [side, `container:${web.name}`],
    [member, 'pod'],
    [machine, 'host'],
  ]);
  assert.is(text(inspect('docker', side.name), 'HostConfig', 'NetworkMode'), `container:${web.id}`);
  for (const [of, mode] of modes) {
    const before = netDev(of.pid, 'eth0');
    const shown = tscgJson('get', of.name, '--delay', '0.2');
    const after = netDev(of.pid, 'eth0');
    assert.is(at(shown, 'network', 'mode'), mode, JSON.stringify(at(shown, 'network')));
    const eth0 = listOf(at(shown, 'network', 'interfaces')).find((one) => at(one, 'name') === 'eth0');
    if (of === web || of === member) {
      const engine = of === web ? 'docker' : 'podman';
      const [network] = Object.values(at(inspect(engine, of.name), 'NetworkSettings', 'Networks') ?? {});
      const address = `${text(network, 'IPAddress')}/${text(network, 'IPPrefixLen')}`;
      assert.ok(listOf(at(eth0, 'addresses')).includes(address), `${address} ${JSON.stringify(eth0)}`);
      const device = `/sys/class/net/${text(eth0, 'peer', 'name')}`;
      assert.is(readFileSync(`${device}/iflink`, 'utf8').trim(), text(eth0, 'index'));
      assert.is(readFileSync(`${device}/ifindex`, 'utf8').trim(), text(eth0, 'peer', 'index'));
      assert.ok(readlinkSync(`${device}/master`).endsWith(`/${text(eth0, 'peer', 'master')}`));
      for (const [key, least] of Object.entries(before)) {
        const most = Number(Object.entries(after).find(([name]) => name === key)?.[1]);
        const ours = figure(eth0, 'counters', key);
        assert.ok(least < most && least <= ours && ours <= most, `${of.name} ${key}: ${least} ${ours} ${most}`);
      }
    }
  }
});

test('tscg fs: layers in order, what is written, and what is mounted inside as the engine has it; the size as du has it', () => {
  for (const [engine, of] of [
    ['docker', web],
    ['podman', member],
  ] as const) {
    const shown = tscgJson('fs', of.name);
    const told = inspect(engine, of.name);
    const data = at(told, 'GraphDriver', 'Data');
    const layers = {
      UpperDir: at(shown, 'layers', 'upper'),
      LowerDir: listOf(at(shown, 'layers', 'lower')).join(':'),
      WorkDir: at(shown, 'layers', 'work'),
      MergedDir: at(shown, 'root', 'directory'),
    };
    for (const [name, ours] of Object.entries(layers)) assert.is(ours, at(data, name), `${of.name} ${name}`);
    assert.equal(at(shown, 'differences'), [], of.name);
    assert.is(figure(shown, 'size', 'bytes'), diskUse(text(data, 'UpperDir')), of.name);
    for (const mount of listOf(at(told, 'Mounts'))) {
      const ours = listOf(at(shown, 'mounts')).find((one) => at(one, 'target') === at(mount, 'Destination'));
      assert.equal([at(ours, 'source'), at(ours, 'readOnly')], [at(mount, 'Source'), !at(mount, 'RW')], of.name);
    }
    if (of !== web) continue;
    assert.is(figure(shown, 'size', 'whiteouts'), 1, 'the removed file');
    const mounts = listOf(at(shown, 'mounts')).map((mount) => `${text(mount, 'kind')} ${text(mount, 'target')}`);
    assert.equal(mounts.sort(), ['bind /shown', 'tmpfs /quick', 'volume /kept']);
  }
  const folder = tscgJson('fs', machine.name);
  assert.is(at(folder, 'writable'), '/var/lib/machines/load-machine');
  assert.is(figure(folder, 'size', 'bytes'), diskUse('/var/lib/machines/load-machine'));
  assert.is(at(tscgJson('fs', service.name, '--no-size'), 'root', 'kind'), 'host');
});

/** Figures as a file has them, or a key in it. */
const GAUGES: Readonly<Record<string, string>> = {
  memory_current_bytes: 'memory.current',
  memory_anon_bytes: 'memory.stat anon',
  memory_file_bytes: 'memory.stat file',
  memory_kernel_bytes: 'memory.stat kernel',
  memory_peak_bytes: 'memory.peak',
  memory_swap_bytes: 'memory.swap.current',
  memory_oom_kills: 'memory.events oom_kill',
  memory_max_events: 'memory.events max',
  pids: 'pids.current',
  cpu_weight: 'cpu.weight',
  populated: 'cgroup.events populated',
};

/** Counters, how much of one is a unit of the rate, and the workloads in which it goes up steadily. */
const RATES: Readonly<Record<string, readonly [counter: string, unit: number, of: readonly Running[]]>> = {
  cpu_percent: ['cpu.stat usage_usec', 1e4, [web, member, machine, service]],
  psi_cpu_some_percent: ['cpu.pressure total', 1e4, [web, member, machine, service]],
  io_read_bytes_per_second: ['io.stat rbytes', 1, [service]],
  net_rx_bytes_per_second: ['eth0 rxBytes', 1, [web, member]],
  net_tx_packets_per_second: ['eth0 txPackets', 1, [web, member]],
};

test('tscg ls: each figure is what the kernel file says, each rate what its counter grew by', () => {
  const BUSY = [web, member, machine, service];
  const sources = [...Object.values(GAUGES), ...Object.values(RATES).map(([counter]) => counter)];
  const read = () => {
    const values = BUSY.map((of) => [of, sources.map((source) => kernelHas(of.path, of.pid, source))] as const);
    return { at: performance.now(), values: new Map(values) };
  };
  const before = read();
  const rows = listOf(JSON.parse(run(process.execPath, TSCG, 'ls', '--json', '--delay', String(DELAY))));
  const after = read();
  const seconds = (after.at - before.at) / 1000;
  let still = 0;
  for (const of of BUSY) {
    const row = rows.find((one) => at(one, 'path') === of.path);
    const has = (reading: typeof before, source: string) => reading.values.get(of)?.[sources.indexOf(source)] ?? '';
    for (const [id, source] of Object.entries(GAUGES)) {
      const value = has(before, source);
      if (value !== has(after, source)) continue;
      still++;
      assert.is(text(row, id), value, `${of.name} ${id}`);
    }
    for (const [id, [counter, unit, steady]] of Object.entries(RATES)) {
      if (!steady.includes(of)) continue;
      const grown = (Number(has(after, counter)) - Number(has(before, counter))) / unit;
      const rate = figure(row, id);
      const words = `${of.name} ${id}: ${rate}, of ${grown} in ${seconds} s`;
      // Its two samples are within our two readings, at least the delay apart.
      assert.ok(rate > 0 && rate * DELAY <= grown * 1.001, words);
      assert.ok(Math.abs(rate / (grown / seconds) - 1) < STEADY, words);
    }
    assert.is(figure(row, 'cpu_limit_cpus'), CPUS, of.name);
    assert.ok(figure(row, 'cpu_throttled_percent') > 50, `${of.name}: ${text(row, 'cpu_throttled_percent')}`);
    if (of !== machine) assert.is(figure(row, 'memory_limit_bytes'), MEMORY, of.name);
    if (of === web || of === member) assert.is(figure(row, 'pids_limit'), PIDS, of.name);
  }
  assert.ok(still > (BUSY.length * Object.keys(GAUGES).length) / 2, `${still} stood still`);
});

/** Seconds between the two samples. */
const DELAY = 3;
/** How far a steady rate may be from its average over a longer time. */
const STEADY = 0.4;

test.run();
