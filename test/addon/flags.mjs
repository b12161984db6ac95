/** How the addon's sources are compiled where node-gyp does not do it: for its linters and sanitizers. */

import { readdirSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('../../addon/src', import.meta.url));

/** @param {string} end */
const named = (end) =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(end))
    .map((name) => join(FOLDER, name));

export const SOURCES = named('.cc');
export const HEADERS = named('.h');

/** As binding.gyp has them. */
export const COMPILE = [
  '-std=c++17',
  '-fexceptions',
  '-Wall',
  '-Wextra',
  '-DNAPI_VERSION=8',
  '-DNODE_ADDON_API_CPP_EXCEPTIONS',
  '-DNODE_ADDON_API_DISABLE_DEPRECATED',
  '-isystem',
  createRequire(import.meta.url)('node-addon-api').include_dir,
  '-isystem',
  join(dirname(dirname(realpathSync(process.execPath))), 'include/node'),
];
