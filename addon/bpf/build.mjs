/**
 * npm run build:bpf: compiles waits.bpf.c to the object that is committed beside it, without debug sections, and notes of
 * which source it was built. For developers: needs clang, bpftool and libbpf's headers (apt-get install clang bpftool
 * libbpf-dev). Whoever installs tscg gets the object as it is: it fits any kernel that has the members it names.
 */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const source = join(here, 'waits.bpf.c');
const object = join(here, 'waits.bpf.o');
const scratch = mkdtempSync(join(tmpdir(), 'tscg-bpf-'));
try {
  const full = join(scratch, 'waits.o');
  const multiarch = join('/usr/include', execFileSync('clang', ['-print-target-triple'], { encoding: 'utf8' }).trim());
  const debian = multiarch.replace('-pc-', '-');
  execFileSync(
    'clang',
    [
      ...['-target', 'bpf', '-mcpu=v3', '-O2', '-g', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter'],
      ...[multiarch, debian].filter((path) => existsSync(path)).flatMap((path) => ['-I', path]),
      ...['-c', source, '-o', full],
    ],
    { stdio: 'inherit' },
  );
  execFileSync('bpftool', ['gen', 'object', object, full], { stdio: 'inherit' });
  writeFileSync(`${object}.source`, `${createHash('sha256').update(readFileSync(source)).digest('hex')}\n`);
} finally {
  rmSync(scratch, { recursive: true });
}
