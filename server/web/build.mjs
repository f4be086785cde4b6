// Builds dist/ (or --out DIR) with the locked packages in node_modules (or --modules DIR): hashed names, one style sheet, a .gz beside each file.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const option = (name, fallback) => { const at = process.argv.indexOf(name); return at > 0 ? process.argv[at + 1] : fallback; };
const out = resolve(option('--out', join(here, 'dist'))), modules = resolve(option('--modules', join(here, 'node_modules')));
const { build } = createRequire(join(modules, 'from-here.js'))('esbuild');

async function bundle(entry) {
  const result = await build({
    entryPoints: [join(here, 'src', entry)], bundle: true, minify: true, write: false, outdir: out, charset: 'utf8', legalComments: 'none',
    format: entry === 'boot.ts' ? 'iife' : 'esm', target: ['es2021', 'chrome109', 'firefox115', 'safari16'], jsx: 'automatic', jsxImportSource: 'preact',
    define: { 'process.env.NODE_ENV': '"production"' }, nodePaths: [modules], logLevel: 'warning',
  });
  return Buffer.from(result.outputFiles[0].contents);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });

const write = (name, bytes) => {
  writeFileSync(join(out, name), bytes);
  // Level 9 and no timestamp: the same sources give the same bytes.
  writeFileSync(join(out, `${name}.gz`), gzipSync(bytes, { level: constants.Z_BEST_COMPRESSION }));
  return name;
};
const hashed = (stem, extension, bytes) => write(`assets/${stem}-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}${extension}`, bytes);

const names = {
  icon: hashed('icon', '.svg', readFileSync(join(here, 'src/icon.svg'))),
  style: hashed('style', '.css', await bundle('style/index.css')),
  boot: hashed('boot', '.js', await bundle('boot.ts')),
  main: hashed('main', '.js', await bundle('main.tsx')),
};
const page = readFileSync(join(here, 'src/index.html'), 'utf8').replace(/\{\{(\w+)\}\}/g, (_, key) => names[key]);
write('index.html', Buffer.from(page));
for (const name of [...Object.values(names), 'index.html']) {
  const raw = readFileSync(join(out, name)).length, gz = readFileSync(join(out, `${name}.gz`)).length;
  console.log(`${name.padEnd(34)} ${String(raw).padStart(7)} B ${String(gz).padStart(7)} B gzip`);
}
