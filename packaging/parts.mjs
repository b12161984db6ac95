/**
 * Builds a program in parts, so that a short command reads little of it. esbuild splits the program at each `import()` into
 * chunks. Each chunk becomes a CommonJS module, whose code runs when it is first required, and the chunks are put together
 * into a few files, the parts: one for what every command line needs, one for each group of modules, `common` for what several
 * groups need, and `rest` for what none needs. A part has its own source map and code cache, and launch.ts loads it when
 * one of its chunks is required.
 */

import { basename } from 'node:path';
import * as esbuild from 'esbuild';

/** @typedef {{ text: string, part: string }} Chunk the CommonJS module, and the file that holds it, without its ending */
/** @typedef {Record<string, readonly string[]>} Groups paths of modules that the program imports by `import()` */

/**
 * The options that build the parts: from `src/cli/tscg.ts` come `tscg.cjs` and, for a group `act`, `tscg.act.cjs`.
 * @param {readonly [string, ...string[]]} always the entry of the program, and modules that are to be in the part of it
 * @param {Groups} groups
 * @param {esbuild.BuildOptions} options
 * @returns {Promise<esbuild.BuildOptions>}
 */
export async function inParts(always, groups, options) {
  const program = basename(always[0], '.ts');
  const { outputFiles, metafile } = await esbuild.build({
    ...options,
    entryPoints: [always[0]],
    format: 'esm',
    splitting: true,
    supported: {},
    banner: {},
    footer: {},
    outExtension: {},
    sourcemap: 'inline',
    metafile: true,
    write: false,
  });
  const partOf = parting(metafile, program, always, groups);
  /** @type {Map<string, Chunk>} */
  const chunks = new Map();
  for (const { path, text } of outputFiles) {
    const name = basename(path);
    chunks.set(name, { text: await asCommonJs(name, text, options), part: partOf(name) });
  }
  const parts = new Set(Array.from(chunks.values(), ({ part }) => part));
  return {
    ...options,
    entryPoints: Array.from(parts, (part) => ({ in: `part:${part}`, out: part })),
    banner: { js: `${options.banner?.js}${PUBLISH}` },
    plugins: [linked(program, chunks)],
  };
}

/** esbuild ends a chunk with the list of all that it exports. */
const EXPORTS = /export ?\{([^{}]*)\};(?=\n*\/\/# sourceMappingURL)/;

/** Each part has it once; esbuild's own code for this would be in every chunk. */
const PUBLISH =
  'const publish = (exports, all) => { for (const name in all) Object.defineProperty(exports, name, { get: all[name], enumerable: true }); };';

/** @param {string} name @param {string} text @param {esbuild.BuildOptions} options */
async function asCommonJs(name, text, { platform, target, supported }) {
  const published = text.replace(EXPORTS, (_, list) => {
    const getters = list.split(',').map((/** @type {string} */ item) => {
      const [inside = '', outside = inside] = item.trim().split(' as ');
      return `${outside}:()=>${inside}`;
    });
    return `publish(exports,{${getters}});`;
  });
  const options = { platform, target, supported, sourcesContent: false, sourcefile: name };
  return (await esbuild.transform(published, { ...options, format: 'cjs', sourcemap: 'inline' })).code;
}

/**
 * Which part a chunk is in.
 * @param {esbuild.Metafile} metafile @param {string} program @param {readonly string[]} always @param {Groups} groups
 */
function parting({ outputs }, program, always, groups) {
  const fileOf = new Map(Object.entries(outputs).map(([file, { entryPoint }]) => [entryPoint, file]));
  /** The chunks that are loaded with these modules. @param {readonly string[]} modules */
  const loadedWith = (modules) => {
    /** @type {Set<string>} */
    const loaded = new Set();
    const load = (/** @type {string} */ file) => {
      if (loaded.has(basename(file))) return;
      loaded.add(basename(file));
      for (const { path, kind, external } of outputs[file]?.imports ?? [])
        if (kind === 'import-statement' && !external) load(path);
    };
    for (const module of modules) {
      const file = fileOf.get(module);
      if (file === undefined) throw new Error(`${program} has no import() of ${module}`);
      load(file);
    }
    return loaded;
  };
  const core = loadedWith(always);
  const rows = Object.entries(groups).map(([name, modules]) => ({ name, chunks: loadedWith(modules) }));
  const chunkOf = new Map(Object.entries(outputs).map(([file, chunk]) => [basename(file), chunk]));
  /** @param {string} name @returns {string} */
  const partOf = (name) => {
    if (core.has(name)) return program;
    const [group, another] = rows.filter(({ chunks }) => chunks.has(name));
    if (group) return `${program}.${another ? 'common' : group.name}`;
    // A module that is imported in both ways is in a chunk of its own; what `import()` takes only passes its exports on.
    const { inputs = {}, imports = [] } = chunkOf.get(name) ?? {};
    const [passedOn] = imports;
    return passedOn && Object.keys(inputs).length === 0 ? partOf(basename(passedOn.path)) : `${program}.rest`;
  };
  return partOf;
}

/**
 * A part exports its chunks, each as a function that gives the chunk's exports. By that a part reaches a chunk of another.
 * @param {string} program @param {Map<string, Chunk>} chunks @returns {esbuild.Plugin}
 */
const linked = (program, chunks) => ({
  name: 'parts',
  setup({ onResolve, onLoad }) {
    const chunkOf = (/** @type {string} */ path) => chunks.get(basename(path));
    onResolve({ filter: /^part:/ }, ({ path }) => ({ path: path.replace('part:', ''), namespace: 'part' }));
    onLoad({ filter: /.*/, namespace: 'part' }, ({ path: part }) => {
      const names = [...chunks.keys()].filter((name) => chunkOf(name)?.part === part);
      const exported = names.map((name) => `exports['${name}'] = () => require('./${name}');`);
      const start = part === program ? [`require('./${program}.js');`] : [];
      return { contents: [...exported, ...start].join('\n'), pluginData: part };
    });
    onResolve({ filter: /\.js$/ }, ({ path, pluginData: part }) => {
      const chunk = chunkOf(path);
      if (!chunk) return undefined;
      return { path: basename(path), namespace: chunk.part === part ? 'chunk' : 'elsewhere', pluginData: part };
    });
    onLoad({ filter: /.*/, namespace: 'chunk' }, ({ path, pluginData }) => ({
      contents: chunkOf(path)?.text ?? '',
      pluginData,
    }));
    onLoad({ filter: /.*/, namespace: 'elsewhere' }, ({ path }) => ({
      contents: `const chunk = require('./${chunkOf(path)?.part}.cjs')['${path}'];
        if (!chunk) throw new Error('the files of ${program} were replaced while it ran: start it again');
        module.exports = chunk();`,
    }));
    onResolve({ filter: /\.cjs$/, namespace: 'elsewhere' }, ({ path }) => ({ path, external: true }));
  },
});
