/**
 * Makes a release from a clean checkout: `npm run release -- 1.2.0`. Tests, writes the version, makes the packages, commits
 * and tags. It pushes nothing.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

process.chdir(resolve(import.meta.dirname, '..'));

/** @param {string} program @param {readonly string[]} words */
function run(program, ...words) {
  const { status, error } = spawnSync(program, words, { stdio: 'inherit' });
  if (status !== 0) stop(`${program} ${words.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
}

/** @param {string[]} words */
const git = (...words) => spawnSync('git', words, { encoding: 'utf8' }).stdout.trim();

/** @param {string} text @returns {never} */
function stop(text) {
  console.error(`release: ${text}`);
  process.exit(1);
}

const [version = ''] = process.argv.slice(2);
if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) stop(`"${version}" is no version; give one as 1.2.0`);
const dirty = git('status', '--porcelain');
if (dirty !== '') stop(`the tree is dirty; commit or remove first:\n${dirty}`);
if (git('tag', '--list', `v${version}`) !== '') stop(`v${version} is there already`);
const changelog = readFileSync('CHANGELOG.md', 'utf8');
const [, unreleased = ''] = /## Unreleased\n([\s\S]*?)(?=\n## |$)/.exec(changelog) ?? [];
if (unreleased.trim() === '') stop('CHANGELOG.md has nothing under Unreleased');

run('npm', 'ci');
run('npm', 'test');
run('npm', 'version', version, '--no-git-tag-version');
const date = new Date().toISOString().slice(0, 10);
writeFileSync('CHANGELOG.md', changelog.replace('## Unreleased\n', `## Unreleased\n\n## ${version} - ${date}\n`));
run('npm', 'run', 'build');
run('npm', 'run', 'package');
run('git', 'commit', '-am', `Release ${version}`);
run('git', 'tag', '-a', `v${version}`, '-m', `tscg ${version}`);
console.log(
  `v${version} is tagged, and packages/ has what to publish: git push --follow-tags, npm publish packages/tscg-${version}.tgz`,
);
