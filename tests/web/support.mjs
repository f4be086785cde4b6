// What the browser tests share: the browser, a page that keeps count of everything it must not do, and the place of the built page.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const modules = process.env.GANTRY_TEST_MODULES ?? join(here, 'node_modules');
export const dist = process.env.GANTRY_WEB_DIST ?? join(here, '../../server/web/dist');
const { chromium } = createRequire(join(modules, 'from-here.js'))('playwright-core');
const axeSource = readFileSync(join(modules, 'axe-core/axe.min.js'), 'utf8');

const CHROMIUM = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

export const launch = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** A page in a browser of its own kind that notes errors, CSP violations and requests to other origins. */
export async function openPage(browser, origin, { width = 1280, lang = 'en', theme = 'light', locale = 'en-US' } = {}) {
  const context = await browser.newContext({ viewport: { width, height: width < 720 ? 740 : 860 }, locale, colorScheme: theme, reducedMotion: 'reduce' });
  const page = await context.newPage(), seen = { errors: [], foreign: [] };
  page.on('console', (message) => { if (message.type() === 'error') seen.errors.push(message.text()); });
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('request', (request) => { if (!request.url().startsWith(`${origin}/`)) seen.foreign.push(request.url()); });
  await page.addInitScript(() => {
    window.__violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.__violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
  const visit = (path) => { const url = new URL(path, origin); url.searchParams.set('lang', lang); url.searchParams.set('theme', theme); return page.goto(url.href); };
  return { page, seen, visit, close: () => context.close() };
}

/** Settled: data is there and nothing is loading. A stream is always open, so the network is never idle. */
export async function settled(page) {
  await page.waitForSelector('h1');
  await page.waitForFunction(() => !document.querySelector('.skel'));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

export const violations = (page) => page.evaluate(() => window.__violations);

/** axe-core's serious and critical findings under WCAG 2.2 AA, as short lines. A phone's bottom bar lies over whatever is there just then: the page is looked at in full. */
export async function axe(page) {
  const size = page.viewportSize();
  if (size.width < 720) await page.setViewportSize({ width: size.width, height: Math.max(size.height, await page.evaluate(() => document.documentElement.scrollHeight)) });
  await page.evaluate(axeSource);
  const found = await page.evaluate(() => window.axe.run({ exclude: [['svg[role=img]'], ['svg[aria-hidden]'], ['svg > g']] }, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
  if (size.width < 720) await page.setViewportSize(size);
  return found.violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ') + ' ' + (n.any[0]?.message ?? '')).join(' | ')}`);
}

/** Elements that stick out of the page at the right; what scrolls inside its own box does not count. */
export const sticksOut = (page) => page.evaluate(() => {
  const wide = document.documentElement.clientWidth, out = [];
  if (document.documentElement.scrollWidth > wide) out.push(`page ${document.documentElement.scrollWidth} > ${wide}`);
  for (const node of document.querySelectorAll('main *, header *, footer *')) {
    const box = node.getBoundingClientRect();
    if (box.width > 1 && box.right > wide + 1 && !node.closest('.scroll, .tabs, .vh, svg, thead')) out.push(`${node.tagName}.${node.getAttribute('class')} ends at ${Math.round(box.right)}`);
  }
  return out.slice(0, 5);
});
