import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMeminfo } from '../../src/kernel/meminfo.ts';
import { INITIAL_NAMESPACES, parseNamespaceLink } from '../../src/kernel/namespace-link.ts';
import { parseNetDev } from '../../src/kernel/net-dev.ts';
import { parseCmdline, parsePidStat, parsePidStatus, parseSchedstat } from '../../src/kernel/proc-pid.ts';
import { busyTicks, parseProcStat, totalTicks } from '../../src/kernel/proc-stat.ts';

const AFTER_NAME =
  'S 1 185 180 34816 190 4194560 310 0 2 0 1234 567 0 0 20 -5 3 0 4211 2625536 231 18446744073709551615 ' +
  '1 1 0 0 0 0 0 4096 0 0 0 0 17 6 0 0 0 0 0 1 2 3 140721 5 6 7 0';

test('stat of a process', () => {
  assert.equal(parsePidStat(`185 (sleep) ${AFTER_NAME}\n`), {
    pid: 185,
    comm: 'sleep',
    state: 'S',
    ppid: 1,
    pgrp: 185,
    session: 180,
    tty_nr: 34816,
    tpgid: 190,
    flags: 4194560,
    utime: 1234,
    stime: 567,
    priority: 20,
    nice: -5,
    num_threads: 3,
    starttime: 4211,
    vsize: 2625536,
    rss: 231,
    processor: 6,
    arg_start: 140721,
    arg_end: 5,
  });
});

test('a process names itself as it likes', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 15 }), (comm) => {
      const stat = parsePidStat(`185 (${comm}) ${AFTER_NAME}\n`);
      assert.is(stat?.comm, comm);
      assert.is(stat?.starttime, 4211);
    }),
    { examples: [['a) R 7 (b'], ['(('], ['))'], ['x\ny'], ['']] },
  );
});

test('a text that is no stat line is nothing', () => {
  for (const text of ['', '\n', '185', '185 (sleep', ') (', 'x (y) S 1', '185 (sleep)']) {
    assert.is(parsePidStat(text), undefined, text);
  }
  assert.ok(Number.isNaN(parsePidStat('185 (sleep) S 1')?.starttime), 'fields that are missing are unavailable');
});

test('status of a process in a PID namespace, keys in any order', () => {
  const status = parsePidStatus(
    'NSpid:\t185\t12\t1\nNSpgid:\t0\t1\t1\nName:\tsleep\nState:\tS (sleeping)\nTgid:\t185\nPid:\t185\nPPid:\t0\n' +
      'Uid:\t1000\t0\t0\t0\nGid:\t100\t100\t100\t100\nThreads:\t3\nVmRSS:\t    1680 kB\nKthread:\t0\nNew:\tkey\n',
  );
  assert.equal(status, {
    Name: 'sleep',
    PPid: 0,
    Tgid: 185,
    Uid: [1000, 0, 0, 0],
    NSpid: [185, 12, 1],
  });
});

test('status: names are unescaped, what is missing is absent', () => {
  assert.is(parsePidStatus('Name:\ta\\nb\\\\n: c\n').Name, 'a\nb\\n: c');
  const incomplete = parsePidStatus('Name:\tkthreadd\nPid:\t2');
  assert.ok(Number.isNaN(incomplete.PPid));
  assert.equal(incomplete.NSpid, []);
  assert.is(parsePidStatus('Tgid:\t2\nPPid:\t1').PPid, 1);
});

test('schedstat and cmdline', () => {
  assert.equal(parseSchedstat('9012345 1200345 87\n'), { run_ns: 9012345, wait_ns: 1200345, slices: 87 });
  assert.ok(Number.isNaN(parseSchedstat('').wait_ns));
  assert.equal(parseCmdline('sh\0-c\0\0echo a\n\0'), ['sh', '-c', '', 'echo a\n']);
  assert.equal(parseCmdline('nginx: master process\0\0\0\0'), ['nginx: master process']);
  assert.equal(parseCmdline(''), []);
});

test('stat of the host', () => {
  const stat = parseProcStat(
    'cpu  100 10 50 800 20 1 2 3 4 5\ncpu0 60 5 25 400 10 1 1 2 4 5\ncpu2 40 5 25 400 10 0 1 1 0 0\n' +
      'intr 1 2 3\nctxt 2871935\nbtime 1764032340\nprocesses 21034\nprocs_running 2\nprocs_blocked 1\n',
  );
  assert.equal([...stat.cpus.keys()], [0, 2], 'cpu1 is offline');
  assert.is(stat.cpu.steal, 3);
  assert.is(busyTicks(stat.cpu), 166);
  assert.is(totalTicks(stat.cpu), 986, 'guest time is within user and nice');
  assert.is(stat.btime, 1764032340);
  assert.ok(Number.isNaN(parseProcStat('').cpu.user));
});

test('meminfo in bytes, huge pages in pages', () => {
  const meminfo = 'MemTotal:        4026376 kB\nHugePages_Total:       3\nActive(anon):  12 kB\n';
  assert.is(parseMeminfo(meminfo, 'MemTotal'), 4026376 * 1024);
  assert.is(parseMeminfo(meminfo, 'HugePages_Total'), 3);
  assert.is(parseMeminfo(meminfo, 'Active(anon)'), 12288);
  for (const key of ['MemAvailable', 'Mem', 'Total', '']) assert.ok(Number.isNaN(parseMeminfo(meminfo, key)), key);
  assert.is(parseMeminfo('MemTotal: 1 kB', 'MemTotal'), 1024, 'cut short');
});

test('net/dev: figures may touch the name, and a name may hold a colon', () => {
  const interfaces = parseNetDev(
    'Inter-|   Receive                                                |  Transmit\n' +
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls\n' +
      '    lo:  10 1 0 0 0 0 0 0 10 1 0 0 0 0 0 0\n' +
      '  eth0:18446744073 2 3 4 0 0 0 0 50 6 7 8 0 0 0 0\n' +
      'eth0:1: 1 2 3 4 0 0 0 0 5 6 7 8 0 0 0 0\n',
  );
  assert.equal([...interfaces.keys()], ['lo', 'eth0', 'eth0:1']);
  assert.equal(interfaces.get('eth0'), {
    rxBytes: 18446744073,
    rxPackets: 2,
    rxErrors: 3,
    rxDrop: 4,
    txBytes: 50,
    txPackets: 6,
    txErrors: 7,
    txDrop: 8,
  });
});

test('namespace links', () => {
  assert.equal(parseNamespaceLink('pid:[4026531836]'), { type: 'pid', inode: 4026531836 });
  assert.is(parseNamespaceLink('socket:[12]'), undefined);
  assert.is(parseNamespaceLink('/dev/null'), undefined);
  assert.is(INITIAL_NAMESPACES.pid, 4026531836);
  assert.is(INITIAL_NAMESPACES.cgroup, 4026531835);
});

test.run();
