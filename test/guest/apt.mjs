// Packages: the machine's own for tools, Debian's (through a private apt configuration) for what the guest is made of.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cache, GuestError, tool } from './cache.mjs';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Installs packages on this machine, from its own sources. @param {string[]} packages */
export function install(...packages) {
  const known = spawnSync('dpkg', ['-s', ...packages], { encoding: 'utf8' }).stdout;
  if (known.match(/^Status: install ok installed$/gm)?.length === packages.length) return;
  if (process.getuid?.() !== 0) {
    throw new GuestError(`needs root once, to run: apt-get install --no-install-recommends ${packages.join(' ')}`);
  }
  const args = ['-o', 'DPkg::Lock::Timeout=300', 'install', '-y', '--no-install-recommends', ...packages];
  try {
    tool('apt-get', args);
  } catch {
    tool('apt-get', ['update']); // no package lists yet, or old ones
    tool('apt-get', args);
  }
}

/** The Debian mirror that this machine uses, or Debian's own. */
function mirror() {
  if (process.env.TSCG_GUEST_MIRROR) return process.env.TSCG_GUEST_MIRROR;
  const targets = tool('apt-get', ['indextargets', '--format', '$(ORIGIN) $(REPO_URI)']);
  return /^Debian (\S+\/debian\/?)$/m.exec(targets)?.[1] ?? 'http://deb.debian.org/debian';
}

/** @param {string[]} suites */
export const sources = (...suites) => suites.map((suite) => `deb [signed-by=${KEYRING}] ${mirror()} ${suite} main`);

/** Debian's releases that the guest is made of. */
const SUITES = ['bookworm', 'bookworm-backports', 'forky'];

/**
 * An apt of our own for these: the machine's sources and lists stay as they are.
 * @returns {(command: 'apt-get' | 'apt-cache', args: string[], cwd?: string) => string}
 */
function privateApt() {
  const folder = join(cache, 'apt');
  for (const part of ['lists/partial', 'archives/partial']) mkdirSync(join(folder, part), { recursive: true });
  const options = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State::lists': join(folder, 'lists'),
    'Dir::Cache::archives': join(folder, 'archives'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Sandbox::User': 'root',
  };
  const flags = Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  /** @type {ReturnType<typeof privateApt>} */
  const apt = (command, args, cwd) => tool(command, [...flags, ...args], { cwd });
  if (!privateApt.updated) {
    if (!existsSync(KEYRING)) install('debian-archive-keyring');
    writeFileSync(join(folder, 'sources.list'), `${sources(...SUITES).join('\n')}\n`);
    apt('apt-get', ['update']);
    privateApt.updated = true;
  }
  return apt;
}
privateApt.updated = false;

/**
 * Unpacks Debian packages into a folder, without installing them.
 * @param {string} folder @param {string} suite @param {string[]} packages
 */
export function unpack(folder, suite, ...packages) {
  const apt = privateApt();
  apt('apt-get', ['download', ...packages.map((name) => `${name}/${suite}`)], folder);
  for (const deb of readdirSync(folder).filter((name) => name.endsWith('.deb'))) {
    tool('dpkg', ['-x', deb, '.'], { cwd: folder });
    tool('rm', [deb], { cwd: folder });
  }
}

/** The kernel package that linux-image-amd64 stands for in a suite. @param {string} suite */
export function kernelPackage(suite) {
  const shown = privateApt()('apt-cache', ['show', 'linux-image-amd64']).split('\n\n');
  const entry = shown.find((text) => /^Version: .*bpo/m.test(text) === suite.endsWith('-backports'));
  const name = /^Depends: (linux-image-\S+)/m.exec(entry ?? '')?.[1];
  if (!name) throw new GuestError(`no linux-image-amd64 in ${suite}; is the mirror right (TSCG_GUEST_MIRROR)?`);
  return name;
}
