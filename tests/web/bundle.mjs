// Bundles the page's pure TypeScript for node by the page's own esbuild, and reads the catalogues.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

export const web = fileURLToPath(new URL('../../server/web/', import.meta.url)), root = join(web, '../..');
const modules = process.env.GANTRY_WEB_MODULES ?? join(web, 'node_modules');
const folder = mkdtempSync(join(tmpdir(), 'gantry-web-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The exports of server/web/src/core/NAME.ts. */
export async function load(name) {
  const { build } = createRequire(join(modules, 'x.js'))('esbuild');
  const out = join(folder, `${name.replace(/\W/g, '-')}.mjs`);
  await build({ entryPoints: [join(web, 'src/core', `${name}.ts`)], bundle: true, format: 'esm', platform: 'node', outfile: out, logLevel: 'error' });
  return import(pathToFileURL(out).href);
}

export const catalogue = (lang) => JSON.parse(readFileSync(join(root, 'config/text', `${lang}.json`), 'utf8'));
