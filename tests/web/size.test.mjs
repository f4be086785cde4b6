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

test('size: first screen ≤ 60 kB of script and ≤ 15 kB of style, gzip; all embedded ≤ 400 kB', () => {
  const script = sum(assets.filter((name) => name.endsWith('.js.gz'))), style = sum(assets.filter((name) => name.endsWith('.css.gz')));
  const all = sum(assets) + size('index.html') + size('index.html.gz');
  console.log(`# script ${script} B, style ${style} B, all ${all} B`);
  assert.ok(script > 1000 && script <= 60_000, `script is ${script} B gzip, want ≤ 60,000`);
  assert.ok(style > 1000 && style <= 15_000, `style is ${style} B gzip, want ≤ 15,000`);
  assert.ok(all <= 400_000, `all files are ${all} B, want ≤ 400,000`);
});

test('dist: every file has a gzip of the same bytes, and every name but index.html holds a hash', () => {
  for (const name of assets.filter((n) => !n.endsWith('.gz'))) {
    assert.match(name, /-[0-9a-f]{12}\.(js|css|svg)$/);
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
