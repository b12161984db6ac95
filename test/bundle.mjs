// Tests as one file of plain JavaScript each: tsx takes longer to start than most of them to run, ten times so under emulation.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Beneath the checkout, so that packages are found. */
const BUNDLES = 'node_modules/.cache/tscg-tests';

/** A module still finds what lies beside its source. @type {import('esbuild').Plugin} */
const ownUrl = {
  name: 'own-url',
  setup({ onLoad }) {
    onLoad({ filter: /\.(ts|mjs)$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href)),
      loader: path.endsWith('.ts') ? 'ts' : 'js',
    }));
  },
};

/**
 * Every file with a source map beside it, which `node --enable-source-maps` reads.
 * @param {readonly string[]} files relative to the checkout
 * @param {string} name of the folder below BUNDLES: runs at the same time have one each
 * @returns {Promise<string>} the folder, which holds each file's bundle under the file's own path
 */
export async function bundleTests(files, name) {
  const outdir = join(ROOT, BUNDLES, name);
  await build({
    absWorkingDir: ROOT,
    entryPoints: [...files],
    outbase: '.',
    outdir,
    sourcemap: 'linked',
    sourcesContent: false,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    plugins: [ownUrl],
    logLevel: 'warning',
  });
  return outdir;
}
