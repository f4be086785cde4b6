// Every screen in both languages, both themes and both widths. With GANTRY_URL: against that collector; else against the fixture.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { serve } from './fixture/server.mjs';
import { axe, dist, launch, openPage, settled, sticksOut, violations } from './support.mjs';

let browser, server, origin, routes = ['/', '/findings', '/findings?severity=high&open=all', '/findings?rule=V99', '/devices/ct-3', '/devices/ct-8', '/devices/ct-6?tab=papers', '/devices/ct-3?tab=maintenance', '/devices/ct-3?tab=figures',
  '/devices/ct-3?tab=timeline&known=2026-11-01T00:00:00.000Z&at=2026-10-01T00:00:00.000Z', '/devices/ct-3?tab=records', '/devices/ct-3/findings/V26/patients%3AWO-1873', '/devices/ct-3/findings/V31/software%3A88120', '/devices/ct-2/findings/V25/q-pm',
  '/due', '/due?lane=tests&week=-1', '/rules', '/rules?id=V26', '/figures', '/figures?sort=-uptime&period=90d', '/import', '/nowhere'];
const real = process.env.GANTRY_URL?.replace(/\/$/, '');

before(async () => {
  browser = await launch();
  if (real) {
    origin = real;
    const page = await (await fetch(`${real}/api/v1/devices?limit=2`)).json();
    // An address that no screen has is the collector's 404, not the page's.
    const found = (await (await fetch(`${real}/api/v1/findings?limit=2&open=true`)).json()).items ?? [];
    routes = ['/', '/findings', '/due', '/rules', '/figures', '/import', ...page.items.map((d) => `/devices/${d.id}`), ...page.items.slice(0, 1).flatMap((d) => ['papers', 'maintenance', 'figures', 'timeline', 'records'].map((tab) => `/devices/${d.id}?tab=${tab}`)),
      ...found.filter((f) => f.device !== 'collector').map((f) => `/devices/${[f.device, 'findings', f.rule, f.key || '-'].map(encodeURIComponent).join('/')}`)];
  } else {
    server = await serve(dist);
    origin = server.url;
  }
});
after(async () => { await browser?.close(); await server?.close(); });

// Two at a time: a browser's page waits more than it works.
describe('screens', { concurrency: 2 }, () => {
  for (const lang of ['zh-CN', 'en']) for (const theme of ['light', 'dark']) for (const width of [360, 1280]) {
    test(`screens: ${lang} ${theme} ${width} px`, async () => {
      const { page, seen, visit, close } = await openPage(browser, origin, { lang, theme, width });
      for (const route of routes) {
        await visit(route);
        await settled(page);
        assert.equal(await page.getAttribute('html', 'lang'), lang);
        assert.equal(await page.getAttribute('html', 'data-theme'), theme);
        assert.deepEqual(await violations(page), [], `${route}: CSP violations`);
        assert.deepEqual(await sticksOut(page), [], `${route}: wider than the page`);
        assert.deepEqual(await axe(page), [], `${route}: axe-core, serious or critical`);
        assert.deepEqual(seen.foreign, [], `${route}: requests to other origins`);
        assert.deepEqual(seen.errors, [], `${route}: console errors`);
        assert.ok((await page.textContent('body')).length > 200, `${route}: says something`);
      }
      await close();
    });
  }
});

test('headers: the page comes with the content security policy, and hashed names are immutable', async () => {
  const index = await fetch(`${origin}/`), csp = index.headers.get('content-security-policy') ?? '', html = await index.text();
  for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]) assert.ok(csp.includes(part), `CSP lacks ${part}: ${csp}`);
  assert.match(index.headers.get('cache-control') ?? '', /no-cache/);
  assert.equal(index.headers.get('x-content-type-options'), 'nosniff');
  assert.equal(index.headers.get('referrer-policy'), 'no-referrer');
  const script = await fetch(`${origin}${/src="([^"]+)"/.exec(html)[1]}`);
  assert.match(script.headers.get('content-type') ?? '', /^text\/javascript; *charset=utf-8$/i);
  assert.match(script.headers.get('cache-control') ?? '', /immutable/);
});

test('first paint: the finding is on the screen within five seconds, best of three, even on a busy machine', async () => {
  const { page, visit, close } = await openPage(browser, origin);
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    await visit('/');
    await page.waitForSelector('.lede');
    best = Math.min(best, performance.now() - start);
  }
  console.log(`# finding on screen after ${Math.round(best)} ms`);
  assert.ok(best < 5000, `took ${Math.round(best)} ms`);
  await close();
});
