// Builds dist/ (or --out DIR) with the locked packages in node_modules (or --modules DIR): hashed names, one chunk a route and a language, one style sheet, a .gz beside each file.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const option = (name, fallback) => { const at = process.argv.indexOf(name); return at > 0 ? process.argv[at + 1] : fallback; };
const out = resolve(option('--out', join(here, 'dist'))), modules = resolve(option('--modules', join(here, 'node_modules')));
const { build } = createRequire(join(modules, 'from-here.js'))('esbuild');

/** Families of the catalogue that only the collector's own documents use. */
const SERVER_ONLY = /^(passport)\./;
const words = {
  name: 'words',
  setup: (b) => b.onLoad({ filter: /[\\/]config[\\/]text[\\/][\w-]+\.json$/ }, ({ path }) => ({
    loader: 'json', contents: JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(readFileSync(path, 'utf8'))).filter(([key]) => !SERVER_ONLY.test(key)))),
  })),
};

const bundle = (entry, more = {}) => build({
  entryPoints: [join(here, 'src', entry)], bundle: true, minify: true, write: false, outdir: join(out, 'assets'), charset: 'utf8', legalComments: 'none',
  target: ['es2021', 'chrome109', 'firefox115', 'safari16'], jsx: 'automatic', jsxImportSource: 'preact',
  define: { 'process.env.NODE_ENV': '"production"' }, nodePaths: [modules], logLevel: 'warning', plugins: [words], ...more,
});
const single = async (entry, format) => Buffer.from((await bundle(entry, { format })).outputFiles[0].contents);

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });

const write = (name, bytes) => {
  writeFileSync(join(out, name), bytes);
  // Level 9 and no timestamp: the same sources give the same bytes.
  writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
  return name;
};
const hashed = (stem, extension, bytes) => write(`assets/${stem}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}${extension}`, bytes);

/** Writes the chunks of main.tsx, each named by its own bytes: so what a chunk imports is named before it. Chunks import each other in no circle. */
async function chunks() {
  const result = await bundle('main.tsx', { format: 'esm', splitting: true, metafile: true, entryNames: '[name]', chunkNames: '[name]-[hash]' });
  const files = new Map(result.outputFiles.map((f) => [basename(f.path), f.text]));
  const imports = new Map(Object.entries(result.metafile.outputs).map(([path, o]) => [basename(path), o.imports.map((i) => basename(i.path))]));
  const named = new Map(), entering = new Set();
  const settle = (file) => {
    if (named.has(file)) return;
    if (entering.has(file)) throw new Error(`${file} imports itself over ${[...entering].join(' > ')}`);
    entering.add(file);
    let text = files.get(file);
    for (const wanted of imports.get(file) ?? []) { settle(wanted); text = text.replaceAll(`./${wanted}`, `./${basename(named.get(wanted))}`); }
    entering.delete(file);
    named.set(file, hashed(basename(file, '.js').replace(/-[A-Z0-9]{8}$/, ''), '.js', Buffer.from(text)));
  };
  settle('main.js');
  // What main imports at once is asked for at once, not only when main has been read.
  const eager = Object.entries(result.metafile.outputs).find(([path]) => basename(path) === 'main.js')[1].imports.filter((i) => i.kind === 'import-statement').map((i) => named.get(basename(i.path)));
  return { all: [...named.values()], main: named.get('main.js'), eager };
}

const scripts = await chunks();
const names = {
  icon: hashed('icon', '.svg', readFileSync(join(here, 'src/icon.svg'))),
  style: hashed('style', '.css', await single('style/index.css')),
  boot: hashed('boot', '.js', await single('boot.ts', 'iife')),
  main: scripts.main,
  preload: scripts.eager.map((name) => `<link rel="modulepreload" href="/${name}">`).join('\n'),
};
const page = readFileSync(join(here, 'src/index.html'), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, key) => names[key]);
write('index.html', Buffer.from(page));
for (const name of [names.icon, names.style, names.boot, ...scripts.all, 'index.html']) {
  const raw = readFileSync(join(out, name)).length, gz = readFileSync(join(out, `${name}.gz`)).length;
  console.log(`${name.padEnd(38)} ${String(raw).padStart(7)} B ${String(gz).padStart(7)} B gzip`);
}
