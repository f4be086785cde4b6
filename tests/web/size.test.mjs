// The size gate, and what the built page may not hold.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { fileURLToPath } from 'node:url';

const dist = process.env.GANTRY_WEB_DIST ?? fileURLToPath(new URL('../../server/web/dist', import.meta.url));
const src = fileURLToPath(new URL('../../server/web/src', import.meta.url));
const assets = readdirSync(join(dist, 'assets')), size = (name) => statSync(join(dist, name)).size;
const sum = (names) => names.reduce((n, name) => n + size(join('assets', name)), 0);

/** What a script imports at once, over all steps, and what it can fetch later. */
function reach(name, kind) {
  const seen = new Set(), walk = (file) => { if (seen.has(file)) return; seen.add(file); for (const [, next] of readFileSync(join(dist, 'assets', file), 'utf8').matchAll(kind)) walk(next); };
  walk(name);
  return seen;
}
// Minified: `from"./chunk-….js"` and `import"./chunk-….js"` at once, `import("./findings-….js")` later.
const AT_ONCE = /(?:from|import)"\.\/([\w-]+\.js)"/g, LATER = /import\("\.\/([\w-]+\.js)"\)/g;
const entry = (stem) => assets.find((name) => name.startsWith(`${stem}-`) && name.endsWith('.js')), gzip = (names) => sum([...names].map((name) => `${name}.gz`));

test('size: first screen ≤ 60 kB of script and ≤ 15 kB of style, each further route ≤ 25 kB, gzip', () => {
  const first = new Set([...reach(entry('main'), AT_ONCE), entry('boot')]), style = sum(assets.filter((name) => name.endsWith('.css.gz')));
  const words = ['en', 'zh-CN'].map(entry), lang = Math.max(...words.map((name) => gzip([name]))), script = gzip(first) + lang;
  console.log(`# first screen: script ${script} B (of them ${lang} B words of one language), style ${style} B`);
  assert.ok(script > 1000 && script <= 60_000, `script is ${script} B gzip, want ≤ 60,000`);
  assert.ok(style > 1000 && style <= 15_000, `style is ${style} B gzip, want ≤ 15,000`);
  const later = [...readFileSync(join(dist, 'assets', entry('main')), 'utf8').matchAll(LATER)].map((m) => m[1]).filter((name) => !words.includes(name));
  assert.deepEqual(later.map((name) => name.replace(/-[0-9a-f]{12}\.js$/, '')).sort(), ['case', 'device', 'due', 'figures', 'findings', 'import', 'rules']);
  for (const name of later) {
    const more = gzip([...reach(name, AT_ONCE)].filter((n) => !first.has(n)));
    console.log(`# ${name}: ${more} B`);
    assert.ok(more <= 25_000, `${name} and what it needs beyond the first screen are ${more} B gzip, want ≤ 25,000`);
  }
});

test('size: all files ≤ 400 kB as they are, ≤ 150 kB as they travel', () => {
  const plain = sum(assets.filter((name) => !name.endsWith('.gz'))) + size('index.html'), small = sum(assets.filter((name) => name.endsWith('.gz'))) + size('index.html.gz');
  console.log(`# plain ${plain} B, gzip ${small} B`);
  assert.ok(plain <= 400_000, `plain files are ${plain} B, want ≤ 400,000`);
  assert.ok(small <= 150_000, `gzip files are ${small} B, want ≤ 150,000`);
});

test('dist: every file has a gzip of the same bytes, and every name but index.html holds a hash', () => {
  for (const name of assets.filter((n) => !n.endsWith('.gz'))) {
    assert.match(name, /^[\w-]+-[0-9a-f]{12}\.(js|css|svg)$/);
    assert.deepEqual(gunzipSync(readFileSync(join(dist, 'assets', `${name}.gz`))), readFileSync(join(dist, 'assets', name)));
  }
});

test('dist: index.html has no inline script or style and names no other host', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  assert.doesNotMatch(html, /<style|style=|\son[a-z]+=|https?:|<script>/);
  for (const [, path] of html.matchAll(/(?:src|href)="\/([^"]+)"/g)) assert.ok(size(path) > 0);
});

test('sources: no way round the content security policy', () => {
  const files = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((d) => d.isDirectory() ? files(join(dir, d.name)) : [join(dir, d.name)]);
  for (const file of files(src)) assert.doesNotMatch(readFileSync(file, 'utf8'), /innerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|style=\{/, file);
});
