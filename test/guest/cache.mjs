// What the guest is made of, and where it is kept.
//
// A piece (QEMU, a kernel, a disk image) is a folder in the cache named by a hash of its recipe: a changed
// recipe is a new folder, a finished folder is never changed, so runs can share it without asking.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {object} Piece
 * @property {string} name
 * @property {string[]} inputs everything the result depends on besides the text of `build` itself
 * @property {(folder: string) => void} build
 */

export const cache =
  process.env.TSCG_GUEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'tscg-guest');

/** A failure with a remedy, shown without a stack. */
export class GuestError extends Error {}

/** @param {string} line */
export const say = (line) => process.stderr.write(`guest: ${line}\n`);

/** @param {Piece} piece */
export function folderOf({ name, inputs, build }) {
  const hash = createHash('sha256').update(JSON.stringify([name, inputs, String(build)]));
  return join(cache, `${name}-${hash.digest('hex').slice(0, 12)}`);
}

/**
 * The folders of these pieces, built first where they are missing.
 * The builder runs under flock(1), which the kernel releases however it dies: two runs never build the same piece.
 * @param {Piece[]} pieces
 */
export function ensure(pieces) {
  if (pieces.some((piece) => !existsSync(folderOf(piece)))) {
    mkdirSync(cache, { recursive: true });
    const builder = join(dirname(fileURLToPath(import.meta.url)), 'pieces.mjs');
    const names = pieces.map((piece) => piece.name);
    const { status } = spawnSync('flock', [join(cache, 'lock'), process.execPath, builder, ...names], {
      stdio: ['ignore', 2, 2],
    });
    if (status !== 0) throw new GuestError(`the virtual machine could not be built (see above), in ${cache}`);
  }
  return pieces.map(folderOf);
}

/** Removes what an older recipe made, but not what another checkout may be using today. @param {Piece} piece */
function removeOld({ name }) {
  const old = readdirSync(cache).filter((entry) => entry.replace(/-\w{12}$/, '') === name);
  for (const path of old.map((entry) => join(cache, entry))) {
    if (Date.now() - statSync(path).mtimeMs > 86_400_000) rmSync(path, { recursive: true, force: true });
  }
}

/** Builds what is missing; called under the lock. @param {Piece[]} pieces */
export function build(pieces) {
  for (const left of readdirSync(cache).filter((name) => name.startsWith('building-'))) {
    rmSync(join(cache, left), { recursive: true, force: true }); // by a builder that was killed
  }
  for (const piece of pieces) {
    const folder = folderOf(piece);
    if (existsSync(folder)) continue;
    const began = Date.now();
    removeOld(piece);
    say(`building ${piece.name} (once; kept in ${cache})`);
    const work = mkdtempSync(join(cache, 'building-'));
    try {
      piece.build(work);
      renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    say(`${piece.name} is ready after ${((Date.now() - began) / 1000).toFixed(0)} s`);
  }
}

/**
 * Runs a tool and returns its output; what it said is shown only when it failed.
 * @param {string} command @param {string[]} args @param {import('node:child_process').SpawnSyncOptions} [options]
 */
export function tool(command, args, options = {}) {
  const { status, error, stdout, stderr } = spawnSync(command, args, {
    maxBuffer: 1 << 28,
    ...options,
    env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive', ...options.env },
  });
  if (status === 0) return String(stdout);
  const said = error ? error.message : `${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n');
  throw new GuestError(`\`${[command, ...args].join(' ').slice(0, 300)}\` failed:\n${said}`);
}
