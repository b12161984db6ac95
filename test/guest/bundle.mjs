// Tests as one file of plain JavaScript each: under emulation, tsx takes longer to start than most of them to run.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

/** Beneath the checkout, so that packages are found. */
const BUNDLES = 'node_modules/.cache/tscg-guest-tests';

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

/** @param {readonly string[]} files relative to the checkout, where this runs; returned is the folder that holds each under its own path */
export async function bundleTests(files) {
  await build({
    entryPoints: [...files],
    outbase: '.',
    outdir: BUNDLES,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    packages: 'external',
    plugins: [ownUrl],
    logLevel: 'warning',
  });
  return join(process.cwd(), BUNDLES);
}
