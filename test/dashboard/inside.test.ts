/** The views of the inside of a row: every line fills its width, whatever text comes from within. */

import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { devicePieces, networkPieces } from '../../src/dashboard/container-inside.ts';
import { filesystemView } from '../../src/dashboard/filesystem-view.ts';
import { networkView } from '../../src/dashboard/network-view.ts';
import { type Line, renderLine } from '../../src/dashboard/style.ts';
import { themeOf } from '../../src/dashboard/themes.ts';
import type { Workload } from '../../src/inventory/workload.ts';
import { cellWidth } from '../../src/text/cells.ts';
import { DEVICES, FILESYSTEM, NETWORK } from './insides.ts';

const HOSTILE = ['x\x1b[2J\x1b]0;owned\x07', '\u202egnp', '數據'.repeat(60), '👩‍👩‍👧‍👦'.repeat(50), 'a\nb'];

const WEB: Workload = { path: '/web', inode: 3, name: 'web', kind: 'container' };

const textOf = (line: Line, width: number): string =>
  renderLine(line, width, themeOf('monochrome', false)).replaceAll(/\x1b\[\d*m/g, '');

/** All text of an object made hostile. */
function hostile<T>(value: T, text: string): T {
  return JSON.parse(JSON.stringify(value), (_, found: unknown) => (typeof found === 'string' ? text : found)) as T;
}

function assertSafe(lines: readonly Line[], width: number): void {
  for (const line of lines) {
    const text = textOf(line, width);
    assert.is(cellWidth(text), width, JSON.stringify(text));
    assert.not.match(text, /[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
  }
}

test('names of interfaces, bridges and sharers stay text', () => {
  for (const text of HOSTILE) {
    for (const width of [20, 40, 80, 133]) {
      const look = { ...NETWORK, answer: hostile(NETWORK.answer, text) };
      assertSafe(networkView({ ...WEB, name: text, path: text }, look, width), width);
    }
  }
});

test('paths of layers and mounts stay text', () => {
  for (const text of HOSTILE) {
    for (const width of [20, 40, 80, 133]) {
      const look = { ...FILESYSTEM, files: { ...hostile(FILESYSTEM.files, text), root: FILESYSTEM.files.root } };
      assertSafe(filesystemView({ ...WEB, name: text, path: text }, look, width, 20), width);
    }
  }
});

const texts = (lines: readonly Line[]): string[] =>
  lines.map((line) =>
    line
      .map(([text]) => text)
      .join('')
      .trim(),
  );

test('the container screen: a volume is counted with its disk, a limit names whose it is', () => {
  assert.equal(texts(devicePieces(DEVICES.list, '/system.slice/db')), [
    'sda 8:0  read 1.25MB/s  write 4.10kB/s  reads 305/s  writes 1.0/s  most read 10.0MB/s from /system.slice  most writes 120/s, its own',
    'dm-0 253:0  read 1.25MB/s  write 4.10kB/s  reads 305/s  writes 1.0/s  on sda: counted there, once',
  ]);
});

test('the container screen: the network in a few lines; the host has none of its own; the runtime tells where nothing else does', () => {
  assert.equal(texts(networkPieces(NETWORK, undefined)), [
    'bridge  runtime says shop_default  172.17.0.2/16  fe80::42:acff:fe11:2/64',
    'eth0  veth, up  → veth1a2b3c4 (7, up) on docker0',
    "eth1  macvlan, down  → -- it leads to a network namespace that is not the host's",
    'shared with db   (its figures are theirs too: a sum counts them once)',
  ]);
  const { answer } = NETWORK;
  assert.ok(!('reason' in answer));
  const host = { ...NETWORK, answer: { ...answer, mode: 'host', said: null, sharedWith: [] } };
  assert.equal(texts(networkPieces(host, undefined)), ['host']);
  const details = {
    runtime: 'docker',
    id: 'd',
    name: 'd',
    networkMode: 'bridge',
    ipAddresses: ['172.17.0.2'],
  } as const;
  const none = { answer: { reason: 'it has no process' }, rates: new Map() };
  assert.equal(texts(networkPieces(none, details)), ['bridge 172.17.0.2  it has no process']);
  assert.equal(texts(networkPieces(undefined, undefined)), ['--  reading …']);
});

test('names in the lines of the container screen stay text', () => {
  for (const text of HOSTILE) {
    const look = { ...NETWORK, answer: hostile(NETWORK.answer, text) };
    const devices = DEVICES.list.map((device) => ({ ...device, name: text, below: [text] }));
    assertSafe([...networkPieces(look, undefined), ...devicePieces(devices, text)], 60);
  }
});

test('layers are folded so that the mounts are on the screen, at any height', () => {
  for (let height = 1; height < 40; height++) {
    const texts = filesystemView(WEB, FILESYSTEM, 80, height).map((line) => textOf(line, 80));
    const lower = texts.filter((text) => text.startsWith('lower'));
    const left = Number(/… and (\d+) more/.exec(texts.join('\n'))?.[1] ?? 0);
    assert.is(lower.length + left, 12, `${height} lines`);
    assert.ok(texts.length <= Math.max(14, height));
    assert.match(texts.at(-1) ?? '', /^\/etc\/conf +ro +bind/);
  }
});

test('what it wrote: measuring, measured, grown, failed, and not to be measured', () => {
  const { files } = FILESYSTEM;
  const size = { bytes: 1024, files: 2, directories: 1, whiteouts: 0, unread: 0 };
  const measured = { ...size, time: 1, took: 1 };
  const writtenOf = (look: Parameters<typeof filesystemView>[1]): string =>
    filesystemView(WEB, look, 100, 30)
      .map((line) => textOf(line, 100).trimEnd())
      .find((text) => text.startsWith('written'))
      ?.slice('written'.length)
      .trim() ?? '';
  const { writable: _, ...unwritable } = files;
  for (const [look, text] of [
    [{ files, written: undefined }, 'measuring …'],
    [{ files, written: { growth: Number.NaN, soFar: size } }, 'measuring: 1.00KiB in 2 files so far …'],
    [{ files, written: { growth: Number.NaN, last: measured } }, '1.00KiB in 2 files'],
    [{ files, written: { growth: Number.NaN, last: measured, age: 61_000 } }, '1.00KiB in 2 files, 61 s ago'],
    [{ files, written: { growth: 2048, last: measured } }, '1.00KiB in 2 files, grows 2.00KiB/s'],
    [{ files, written: { growth: Number.NaN, reason: 'measure /u: EACCES' } }, '--   measure /u: EACCES'],
    [
      { files: { ...unwritable, hidden: true as const }, written: undefined },
      '--   in another mount namespace, where it cannot be measured from here',
    ],
  ] as const) {
    assert.is(writtenOf(look), text);
  }
});

test('before it is read, without a row, and where there is no network to read', () => {
  const first = (lines: readonly Line[]): string => textOf(lines[0] ?? [], 40).trim();
  assert.is(first(networkView(undefined, NETWORK, 40)), 'no row selected');
  assert.is(first(networkView(WEB, undefined, 40)), 'web  reading …  /web');
  const none = networkView(WEB, { answer: { reason: 'it has no process' }, rates: new Map() }, 60);
  assert.is(textOf(none[1] ?? [], 60).trim(), 'mode         --   it has no process');
});

test('the loopback comes last, and figures that do not fit whole are left out', () => {
  const texts = networkView(WEB, NETWORK, 53).map((line) => textOf(line, 53).trimEnd());
  const heads = texts.find((text) => text.includes('BYTES/s')) ?? '';
  assert.is(heads.trim().split(/ +/).length, 5);
  const order = texts.flatMap((text) => /^(lo|eth\d) {2}/.exec(text)?.[1] ?? []);
  assert.equal(order, ['eth0', 'eth1', 'lo']);
  const ofEth1 = texts.slice(texts.findIndex((text) => text.startsWith('eth1')));
  assert.match(ofEth1.find((text) => /^ +rx/.test(text)) ?? '', /rx( +--){5}$/);
});

test.run();
