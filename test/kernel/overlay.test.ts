import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mountAt, mountedPath, parseMountinfo } from '../../src/kernel/mountinfo.ts';
import { parseOverlay } from '../../src/kernel/overlay.ts';
import { temporaryFolder } from '../temporary-folder.ts';

for (const [options, layers] of [
  ['rw,lowerdir=/a:/b,upperdir=/u,workdir=/w', { lower: ['/a', '/b'], data: [], upper: '/u', work: '/w' }],
  ['ro,lowerdir=/a:/b,redirect_dir=on', { lower: ['/a', '/b'], data: [] }],
  ['rw,lowerdir=l/AB:l/CD,upperdir=H/diff', { lower: ['l/AB', 'l/CD'], data: [], upper: 'H/diff' }],
  [String.raw`rw,lowerdir=/a\134:b:/c\0401,upperdir=/u\040p`, { lower: ['/a:b', '/c 1'], data: [], upper: '/u p' }],
  [String.raw`rw,lowerdir=/a\072b:/c::/data:/more`, { lower: ['/a:b', '/c'], data: ['/data', '/more'] }],
  [String.raw`rw,lowerdir=/a\134\0541,upperdir=/u\054v`, { lower: ['/a,1'], data: [], upper: '/u,v' }],
  ['rw,lowerdir+=/a,lowerdir+=/b:c,datadir+=/d', { lower: ['/a', '/b:c'], data: ['/d'] }],
] as const) {
  test(`layers of ${options}`, () => assert.equal(parseOverlay(options.split(',')), layers));
}

test('options of no overlay name no layer', () => {
  assert.is(parseOverlay(['rw', 'errors=continue']), undefined);
  assert.is(parseOverlay(['rw', 'lowerdir=']), undefined);
});

/** As the kernel shows what was mounted with `\` before colons and commas (seq_show_option in fs/overlayfs/params.c). */
const shown = (path: string): string =>
  path
    .replace(/[\\:,]/g, String.raw`\$&`)
    .replace(/[, \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

test('any path is read as it was mounted', () => {
  const path = fc.string({ unit: fc.constantFrom('a', '/', ':', ',', ' ', '\\', '\n', 'é') }).map((text) => `/${text}`);
  fc.assert(
    fc.property(fc.array(path, { minLength: 1 }), path, (lower, upper) => {
      const options = `rw,lowerdir=${lower.map(shown).join(':')},upperdir=${shown(upper)}`;
      assert.equal(parseOverlay(options.split(',')), { lower, data: [], upper });
    }),
  );
});

const MOUNTS = parseMountinfo(
  [
    '27 1 254:0 / / rw - ext4 /dev/vda rw',
    '30 27 254:1 /@srv /srv rw - btrfs /dev/vdb rw,subvol=/@srv',
    '31 27 254:1 / /mnt/all rw - btrfs /dev/vdb rw,subvol=/',
    '32 30 0:50 / /srv/over rw - tmpfs tmpfs rw',
    '33 32 0:51 / /srv/over rw - tmpfs again rw',
  ].join('\n'),
);

test('the mount on which a path lies', () => {
  assert.is(mountAt(MOUNTS, '/etc/passwd')?.source, '/dev/vda');
  assert.is(mountAt(MOUNTS, '/srv/data')?.source, '/dev/vdb');
  assert.is(mountAt(MOUNTS, '/srv/over/a')?.source, 'again');
  assert.is(mountAt(MOUNTS, '/srv2')?.source, '/dev/vda');
});

test('where a directory of a file system is seen', () => {
  assert.is(mountedPath(MOUNTS, { device: '254:0', root: '/var/lib/x' }), '/var/lib/x');
  assert.is(mountedPath(MOUNTS, { device: '254:1', root: '/@srv' }), '/srv');
  assert.is(mountedPath(MOUNTS, { device: '254:1', root: '/@srv/a' }), '/srv/a');
  assert.is(mountedPath(MOUNTS, { device: '254:1', root: '/@home' }), '/mnt/all/@home');
  assert.is(mountedPath(MOUNTS, { device: '9:9', root: '/' }), undefined);
});

test("the kernel's own words for a real overlay with names that need escapes", () => {
  const folder = temporaryFolder();
  const script = `cd "$1" && mount -t tmpfs tmpfs . && cd "$1" && mkdir 'lo:w' 'l,2' 'u p,r' work merged &&
    mount -t overlay overlay -o 'lowerdir=lo\\:w:l\\,2,upperdir=u p\\,r,workdir=work' merged && cat /proc/self/mountinfo`;
  try {
    const text = execFileSync('unshare', ['-m', 'sh', '-c', script, 'sh', folder], { encoding: 'utf8', stdio: 'pipe' });
    const mount = parseMountinfo(text).find(({ mountPoint }) => mountPoint === join(folder, 'merged'));
    assert.equal(parseOverlay(mount?.superOptions ?? []), {
      lower: ['lo:w', 'l,2'],
      data: [],
      upper: 'u p,r',
      work: 'work',
    });
  } catch (error) {
    const why = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    if (!/permitted|denied|unknown filesystem|wrong fs type/.test(why)) throw error;
    console.log(`SKIP a real overlay: ${why}`);
  }
});

test.run();
