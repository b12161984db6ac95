/**
 * Builds dist/ from src/: `npm run build`.
 *
 *     node build.mjs [--no-minify] [--no-types]
 *
 *     dist/index.js and .d.ts files       the library
 *     dist/cli/tstop.cjs                 tstop in one file, with a source map beside it
 *     dist/cli/tscg.cjs, tscg.*.cjs      tscg in parts, so that a short command reads little of it (packaging/parts.mjs)
 *     dist/cli/{tscg,tstop}.js           what a user starts: loads the .cjs and its code cache (src/cli/launch.ts)
 *     dist/cli/*.cjs.cache               what V8 compiled of a program in typical runs (src/cli/code-cache.ts)
 *     dist/cli/disk-usage-child.cjs      the process that measures disk usage
 *     dist/usr/                          descriptions of terminals
 *     dist/cli/store-worker.cjs          the thread that reads the store of a fleet
 *
 * `--no-minify` leaves the programs readable. `--no-types` leaves the declarations out, which take most of the time.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import * as yaml from 'yaml';
import { inParts } from './packaging/parts.mjs';

process.chdir(import.meta.dirname);
const { minify, types } = parseArgs({
  options: { minify: { type: 'boolean', default: true }, types: { type: 'boolean', default: true } },
  allowNegative: true,
}).values;
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** @type {import('esbuild').BuildOptions} */
const COMMON = { platform: 'node', target: 'node20.19', logLevel: 'warning' };
/** @type {import('esbuild').BuildOptions} */
const COMMONJS = { ...COMMON, format: 'cjs' };
/** CommonJS has no `import.meta.url`. @type {import('esbuild').BuildOptions} */
const WITH_URL = { ...COMMONJS, bundle: true, define: { 'import.meta.url': 'moduleUrl' } };
const MODULE_URL = 'const moduleUrl = "file://" + encodeURI(__filename).replace(/[?#]/g, encodeURIComponent);';

/** A warning fails the build. @param {import('esbuild').BuildOptions} options */
async function build(options) {
  const { warnings } = await esbuild.build(options);
  if (warnings.length > 0) throw new Error(`${warnings.length} warnings of esbuild`);
}

const library = () =>
  build({
    ...COMMON,
    entryPoints: ['src/index.ts'],
    bundle: true,
    format: 'esm',
    packages: 'external',
    outdir: 'dist',
  });

/**
 * A whole program, or a part of it, is one function expression, which launch.ts calls. So V8's code cache covers it, and no
 * source text is copied to wrap it. `import()` becomes `require`: a script from a code cache cannot import on Node 20.
 * The gRPC packages are optional; one command needs prom-client. All else is in the programs: a devDependency, unless the
 * library imports it.
 */
const PARAMETERS = 'exports, require, module, __filename, __dirname';

/** blessed makes a function of each capability of the terminal at its start, hundreds of which are never called. */
const LATE_CAPABILITIES = `
  const compile = Tput.prototype._compile;
  Tput.prototype._compile = function (info, name, value) {
    if (typeof value !== 'string') return compile.call(this, info, name, value);
    let compiled;
    return (params) => (compiled ??= compile.call(this, info, name, value))(params);
  };`;

/**
 * blessed requires each of its widgets by a name that no bundler can follow, and most are never used: these are what
 * tstop and blessed-contrib's charts are made of.
 * @type {esbuild.Plugin}
 */
const lightBlessed = {
  name: 'light-blessed',
  setup({ onLoad }) {
    const names = ['Node', 'Screen', 'Element', 'Box'];
    const lines = names.map(
      (name) => `exports.${name} = exports.${name.toLowerCase()} = require('./widgets/${name.toLowerCase()}');`,
    );
    onLoad({ filter: /\/blessed\/lib\/widget\.js$/ }, () => ({ contents: lines.join('\n') }));
    onLoad({ filter: /\/blessed\/lib\/tput\.js$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8') + LATE_CAPABILITIES,
    }));
  },
};

/**
 * Packages that the first screen does without, as modules that evaluate them when something of theirs is first used.
 * @type {Record<string, string>}
 */
const LATE = {
  yaml: `for (const name of ${JSON.stringify(Object.keys(yaml))})
    Object.defineProperty(exports, name, { get: () => require('yaml')[name] });`,
  'blessed-contrib/lib/widget/charts/line.js':
    "module.exports = (options) => require('blessed-contrib/lib/widget/charts/line.js')(options);",
};

/** @type {esbuild.Plugin} */
const latePackages = {
  name: 'late-packages',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /./ }, ({ path, namespace }) =>
      namespace !== 'late' && path in LATE ? { path, namespace: 'late' } : undefined,
    );
    onLoad({ filter: /./, namespace: 'late' }, ({ path }) => ({ contents: LATE[path] ?? '', resolveDir: '.' }));
  },
};

/** What the files of the shipped screens hold, by name. */
const screens = Object.fromEntries(
  readdirSync('dashboards')
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => [file.replace('.yaml', ''), yaml.parse(readFileSync(`dashboards/${file}`, 'utf8'))]),
);

/** @type {import('esbuild').BuildOptions} */
const PROGRAM = {
  ...WITH_URL,
  minify,
  sourcemap: 'external',
  sourcesContent: false,
  supported: { 'dynamic-import': false },
  external: ['prom-client', '@grpc/*'],
  define: {
    ...WITH_URL.define,
    'process.env.TSCG_VERSION': JSON.stringify(version),
    'process.env.TSCG_SCREENS': JSON.stringify(JSON.stringify(screens)),
  },
  banner: { js: `(function (${PARAMETERS}) { ${MODULE_URL}` },
  footer: { js: '})' },
  outdir: 'dist/cli',
  outExtension: { '.js': '.cjs' },
};

const commands = (/** @type {string[]} */ ...names) => names.map((name) => `src/cli/commands/${name}.ts`);
const runtimes = (/** @type {string[]} */ ...names) => names.map((name) => `src/inventory/runtimes/${name}.ts`);

/**
 * The parts of tscg that the commands which are typed most take: `act` those that change something, `view` those that
 * look. The clients of runtimes are loaded where the machine has such a runtime.
 */
const TSCG_PARTS = {
  act: [
    ...commands('set', 'freeze', 'thaw', 'kill', 'undo', 'log', 'reapply', 'reclaim', 'move', 'controllers', 'run'),
    ...['applying/journal', 'catalogue/catalogue', 'catalogue/properties'].map((name) => `src/limits/${name}.ts`),
  ],
  view: [...commands('ls', 'get'), 'src/cli/others.ts', 'src/diagnosis/fields.ts', 'src/inventory/not-running.ts'],
  runtimes: [
    ...runtimes('dbus', 'systemd', 'machined', 'docker', 'podman', 'cri', 'cri-parse', 'incus', 'libvirt'),
    'node_modules/@jellybrick/dbus-next/dist/index.mjs',
  ],
};

async function programs() {
  await build({ ...PROGRAM, entryPoints: ['src/cli/tstop.ts'], plugins: [lightBlessed, latePackages] });
  await build(await inParts(['src/cli/tscg.ts', 'src/cli/errors.ts', 'src/cli/crash.ts'], TSCG_PARTS, PROGRAM));
}

const helpers = () =>
  build({
    ...WITH_URL,
    entryPoints: ['src/metrics/disk-usage/disk-usage-child.ts', 'src/fleet/store-worker.ts'],
    banner: { js: MODULE_URL },
    outExtension: { '.js': '.cjs' },
    entryNames: '[name]',
    outdir: 'dist/cli',
  });

async function launchers() {
  await build({ ...COMMONJS, entryPoints: ['src/cli/launch.ts', 'src/cli/code-cache.ts'], outdir: 'dist/cli' });
  writeFileSync('dist/cli/package.json', '{ "type": "commonjs" }\n');
  for (const program of ['dist/cli/tscg.js', 'dist/cli/tstop.js']) {
    copyFileSync('dist/cli/launch.js', program);
    chmodSync(program, 0o755);
  }
  rmSync('dist/cli/launch.js');
}

/** @param {readonly string[]} words */
function run(...words) {
  const { status, error } = spawnSync(process.execPath, words, { stdio: 'inherit' });
  if (status !== 0) throw error ?? new Error(`node ${words.join(' ')}: exit code ${status}`);
}

/** What blessed takes where the machine has no terminfo of its terminal: it looks in `../usr` of the program. */
function terminals() {
  for (const name of ['linux', 'xterm', 'xterm-256color', 'xterm.termcap'])
    cpSync(`node_modules/blessed/usr/${name}`, `dist/usr/${name}`);
}

rmSync('dist', { recursive: true, force: true });
if (types) run('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
terminals();
await Promise.all([library(), programs(), helpers(), launchers()]);
run('dist/cli/code-cache.js');
