import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readMachine, USER_HZ } from '../../src/kernel/machine.ts';
import { machineName } from '../../src/kernel/machine-name.ts';

const getconf = (name: string): number => Number(execFileSync('getconf', [name], { encoding: 'utf8' }));

test('the name of this machine is what TSCG_HOST says, else its host name', () => {
  assert.is(machineName({ TSCG_HOST: ' node-1\x1b ' }), 'node-1');
  for (const env of [{}, { TSCG_HOST: '' }, { TSCG_HOST: ' ' }]) assert.is(machineName(env), hostname());
});

test('this machine', () => {
  const machine = readMachine();
  assert.is(machine.pageSize, getconf('PAGESIZE'));
  assert.is(USER_HZ, getconf('CLK_TCK'));
  assert.is(machine.cpus, cpus().length);
  assert.is(machine.memoryTotal % 1024, 0);
  assert.ok(machine.memoryTotal > 2 ** 26);
  assert.is(machine.bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim());
});

test('without sysfs the CPUs are counted in /proc/stat, and another root is another machine', () => {
  const proc = fileURLToPath(new URL('../fixtures/debian-6.12/proc', import.meta.url));
  const captured = readMachine(proc, '/nowhere');
  assert.is(captured.cpus, readFileSync(`${proc}/stat`, 'utf8').match(/^cpu\d/gm)?.length);
  assert.is.not(captured.bootId, readMachine().bootId);
  assert.match(captured.bootId, /^btime \d+$/);
});

test('without anything all is unavailable', () => {
  const nothing = readMachine('/nowhere', '/nowhere');
  assert.ok(Number.isNaN(nothing.memoryTotal));
  assert.is(nothing.pageSize, 4096);
});

test.run();
