// Odd states, by interception and by the fixture: empty, error, slow, stale, silent, hostile, live; and a walk by keyboard alone.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { serve } from './fixture/server.mjs';
import { axe, dist, launch, openPage, settled, sticksOut, violations } from './support.mjs';

let browser;
before(async () => { browser = await launch(); });
after(async () => { await browser?.close(); });

/** Runs `body` with a fixture server and a page on it; whatever happens both are closed. */
async function on(options, body, pageOptions) {
  const server = await serve(dist, options), opened = await openPage(browser, server.url, pageOptions);
  try { await body({ ...opened, server }); } finally { await opened.close(); await server.close(); }
}
const clean = async (page) => { assert.deepEqual(await violations(page), []); assert.deepEqual(await sticksOut(page), []); assert.deepEqual(await axe(page), []); };

test('empty: no device says what to do next', () => on({ empty: true }, async ({ page, visit }) => {
  await visit('/');
  await settled(page);
  assert.match(await page.textContent('main'), /No device yet.*gantry register device/s);
  assert.match(await page.textContent('.lede'), /No device is registered yet/);
  await clean(page);
}));

test('error: the problem’s title, what is still true, the request id, and Retry works', () => on({}, async ({ page, visit }) => {
  let broken = true;
  await page.route('**/api/v1/devices?*', (route) => broken
    ? route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ type: 'about:blank', title: 'The store is busy', status: 503, detail: 'got 9 readers', code: 'unavailable', request_id: 'req-77' }) })
    : route.continue());
  await visit('/');
  const alert = page.locator('[role=alert]').first();
  await alert.waitFor();
  assert.match(await alert.textContent(), /The store is busy.*got 9 readers.*req-77/s);
  await clean(page);
  broken = false;
  await alert.getByRole('button', { name: 'Retry' }).click();
  await page.waitForSelector('.fleet tbody tr');
  assert.equal(await page.locator('[role=alert]').count(), 0);
}));

test('error: a reload that fails keeps the old data and says to when it holds', () => on({}, async ({ page, visit, server }) => {
  await visit('/');
  await page.waitForSelector('.fleet tbody tr');
  await page.route('**/api/v1/devices?*', (route) => route.abort());
  server.send('reset', { log_size: 1 });
  await page.locator('[role=alert]').first().waitFor();
  assert.match(await page.textContent('[role=alert]'), /cannot be reached.*true to \d\d:\d\d:\d\d/s);
  assert.ok(await page.locator('.fleet tbody tr').count() > 3);
}));

test('error: a device that does not exist', () => on({}, async ({ page, visit }) => {
  await visit('/devices/ct-99');
  await page.locator('[role=alert]').first().waitFor();
  assert.match(await page.textContent('[role=alert]'), /No such device/);
  await clean(page);
}));

test('slow: nothing for 200 ms, then a skeleton of the same size, then the data', () => on({}, async ({ page, visit }) => {
  await page.route('**/api/v1/devices?*', async (route) => { await new Promise((done) => setTimeout(done, 4000)); await route.continue(); });
  // Noted in the page itself, so that a busy machine does not matter.
  await page.addInitScript(() => {
    window.__seen = {};
    const note = () => { for (const [key, what] of [['empty', '#fleet, .today > .skel'], ['drawn', '.today > .skel rect'], ['rows', '.fleet tbody tr']]) if (!window.__seen[key] && document.querySelector(what)) window.__seen[key] = performance.now(); };
    new MutationObserver(note).observe(document, { childList: true, subtree: true });
  });
  await visit('/');
  await page.waitForSelector('.fleet tbody tr');
  const seen = await page.evaluate(() => window.__seen);
  assert.ok(seen.drawn - seen.empty >= 190, `drawn ${Math.round(seen.drawn - seen.empty)} ms after loading began`);
  assert.ok(seen.rows > seen.drawn);
  assert.equal(await page.locator('.skel').count(), 0);
}));

test('stale: a lost stream says since when, and comes back by itself', () => on({}, async ({ page, visit, server }) => {
  await visit('/');
  await page.waitForSelector('.live:not(.off)');
  server.dropStreams(true);
  await page.waitForSelector('.live.off');
  assert.match(await page.textContent('.live'), /live paused since \d\d:\d\d:\d\d/);
  await clean(page);
  server.dropStreams(false);
  await page.waitForSelector('.live:not(.off)', { timeout: 15_000 });
}));

test('live: a committed record and a changed device appear without a reload', () => on({}, async ({ page, visit, server }) => {
  await visit('/');
  await page.waitForSelector('.live:not(.off)');
  await page.waitForSelector('.feed li');
  server.send('record', { log_index: 12_431_300, device: 'ct-1', kind: 'record', type: 'fault.raised', at: new Date().toISOString(), recv_at: new Date().toISOString() }, 12_431_300);
  server.send('device', { id: 'ct-1', op_state: 'fault', open_faults: 1 });
  await page.waitForFunction(() => document.querySelector('.feed li')?.textContent.includes('12,431,300'));
  await page.waitForFunction(() => document.querySelector('.lede')?.textContent.startsWith('2 scanners stop patients now'));
  assert.match(await page.textContent('.feed li'), /CT-1.*Fault raised/s);
}));

test('live: a device’s own page reloads when a record of it comes in', () => on({}, async ({ page, visit, server }) => {
  await visit('/devices/ct-3?tab=records');
  await page.waitForSelector('.log tbody tr');
  await page.waitForSelector('.live:not(.off)');
  const asked = page.waitForRequest((request) => request.url().includes('/devices/ct-3/records'), { timeout: 10_000 });
  server.send('record', { log_index: 12_431_301, device: 'ct-3', kind: 'record', type: 'usage.exposure', at: null, recv_at: new Date().toISOString() }, 12_431_301);
  await asked;
}));

test('silent and identity alarm: both are said plainly, and silence is hatched', () => on({ more: [{ id: 'twin', maker: 'M', model: 'X', busy: 20, night: 0, state: 'IN_USE', days: 40, alarm: true }] }, async ({ page, visit }) => {
  await visit('/');
  await settled(page);
  const main = await page.textContent('main');
  assert.match(main, /CT-6 has been silent for 3 h 1\d min\. Its figures end at/);
  assert.match(main, /Identity alarm.*Two hosts speak as TWIN/s);
  assert.equal(await page.locator('.fleet tbody tr').first().locator('b').first().textContent(), 'TWIN', 'an identity alarm sorts first');
  assert.ok(await page.locator('.fleet tr', { hasText: 'CT-6' }).locator('rect[fill="url(#p-void)"]').count() > 0);
  await clean(page);
}));

test('hostile text: names and serials are shown as they are, never run, and break nothing', () => on({
  more: [{ id: 'evil', name: '<img src=x onerror=alert(1)>'.repeat(6), maker: '"><script>alert(2)</script>', model: 'Ａ'.repeat(120), busy: 20, night: 0, state: 'constructor', days: 40 }],
}, async ({ page, visit, seen }) => {
  let dialogs = 0;
  page.on('dialog', (dialog) => { dialogs++; void dialog.dismiss(); });
  for (const path of ['/', '/devices/evil']) {
    await visit(path);
    await settled(page);
    assert.match(await page.textContent('main'), /<img src=x onerror=alert\(1\)>/);
    assert.equal(await page.locator('img').count(), 0);
    assert.deepEqual(await sticksOut(page), []);
  }
  assert.equal(dialogs, 0);
  assert.deepEqual(seen.errors, []);
}, { width: 360 }));

test('declare: the form asks what the guards need; a refusal names the rule, what is missing and who has it', () => on({}, async ({ page, visit, server }) => {
  await visit('/devices/ct-5');
  await settled(page);
  await page.getByRole('button', { name: 'Declare event' }).click();
  const dialog = page.locator('dialog');
  await dialog.waitFor();
  await dialog.getByLabel('Reason').fill('too short');
  await dialog.getByLabel('Your name').fill('Lin Wei');
  await dialog.getByRole('button', { name: 'Declare with reason' }).click();
  assert.equal(server.posted.length, 0, 'a reason under 10 characters is not sent');
  await dialog.getByLabel('Reason').fill('All permits arrived this morning.');
  await axe(page).then((found) => assert.deepEqual(found, []));
  await dialog.getByRole('button', { name: 'Declare with reason' }).click();
  await dialog.locator('[role=alert]').waitFor();
  assert.match(await dialog.locator('[role=alert]').textContent(), /permits in force.*radiation safety permit.*Environment authority.*Nothing entered the log/s);
  const [sent] = server.posted;
  assert.equal(sent.path, '/api/v1/devices/ct-5/declarations');
  assert.match(sent.key, /^[A-Za-z0-9._-]{1,64}$/);
  assert.match(sent.body.at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Date.parse(sent.body.at) <= Date.now(), 'not in the future');
  assert.deepEqual({ ...sent.body, at: 0 }, { event: 'commissioned', at: 0, reason: 'All permits arrived this morning.', actor: 'Lin Wei', role: 'HM', evidence: [], data: {} });
  await dialog.getByLabel('Event').selectOption('suspend');
  await dialog.getByRole('button', { name: 'Declare with reason' }).click();
  await page.getByText('Kept as log entry 100,001').waitFor();
}));

test('findings: what does not agree with the declared life is named, and suspicion is not confirmation', () => on({}, async ({ page, visit }) => {
  await visit('/devices/ct-3');
  await page.waitForSelector('.findings li');
  assert.match(await page.textContent('.findings'), /high.*V26.*Maintenance on paper only.*confirmed.*27 exposures, limit no patients.*seen 27 times.*#88,120/s);
}));

test('unassigned: a person assigns a report with a reason', () => on({}, async ({ page, visit, server }) => {
  await visit('/');
  await page.getByRole('button', { name: 'Assign' }).first().click();
  const dialog = page.locator('dialog');
  await dialog.getByLabel('Device').selectOption('ct-6');
  await dialog.getByLabel('Reason').fill('Loan scanner, stands in for CT-6.');
  await dialog.getByLabel('Your name').fill('Lin Wei');
  await dialog.getByRole('button', { name: 'Assign with reason' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.deepEqual(server.posted[0], { path: '/api/v1/unassigned/99871/assign', search: '', key: server.posted[0].key, body: { device: 'ct-6', reason: 'Loan scanner, stands in for CT-6.', actor: 'Lin Wei' } });
}));

test('records: details open with units, older pages follow, and the kind filter narrows', () => on({}, async ({ page, visit }) => {
  await visit('/devices/ct-1?tab=records');
  await page.waitForSelector('.log tbody tr');
  await page.locator('.log button').first().click();
  assert.match(await page.textContent('.detail'), /CTDIvol\s*9\.84\s*mGy/);
  const first = await page.locator('.log tbody tr').count();
  await page.getByRole('button', { name: /older/ }).click();
  await page.waitForFunction((n) => document.querySelectorAll('.log tbody tr').length > n, first);
  await page.getByLabel('Kind').selectOption('coverage');
  await page.waitForFunction(() => [...document.querySelectorAll('.log td.kind')].every((td) => td.textContent.includes('Hour watched')) && document.querySelectorAll('.log td.kind').length > 2);
}));

test('language and theme: one press changes them, and the next visit remembers', () => on({}, async ({ page, server }) => {
  await page.goto(server.url);
  await settled(page);
  await page.getByRole('button', { name: '中文' }).click();
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  assert.equal(await page.textContent('h1'), '今日');
  await page.locator('.tool.theme').click();
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
  await page.goto(`${server.url}/devices/ct-3`);
  await settled(page);
  assert.equal(await page.getAttribute('html', 'lang'), 'zh-CN');
  assert.equal(await page.getAttribute('html', 'data-theme'), 'dark');
}));

test('strips: DEMO and loopback are said when the server says so, and not otherwise', async () => {
  await on({}, async ({ page, visit }) => { await visit('/'); await page.waitForSelector('.strips'); assert.match(await page.textContent('.strips'), /DEMO.*this machine only/s); });
  await on({ status: { demo: false, open_to: 'hospital' } }, async ({ page, visit }) => { await visit('/'); await settled(page); await page.waitForSelector('.foot .end'); assert.equal(await page.locator('.strips').count(), 0); });
});

test('keyboard: from the address bar to a fault on the band without a mouse', () => on({}, async ({ page, visit }) => {
  await visit('/');
  await settled(page);
  // Every stop on the first screen can be seen to have the focus.
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate(() => { const a = document.activeElement, s = getComputedStyle(a.matches('.find input') ? a.parentElement : a); return { tag: a.tagName, outline: s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2, box: a.getBoundingClientRect().width > 0 }; });
    assert.notEqual(stop.tag, 'BODY');
    assert.ok(stop.outline && stop.box, `stop ${i + 1}: ${JSON.stringify(stop)} shows no focus`);
  }
  await page.keyboard.press('/');
  await page.keyboard.type('CT-3');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/devices/ct-3*');
  await page.waitForSelector('.band-box svg');
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1', 'the new page’s head has the focus');
  await page.focus('.band-box');
  const labels = () => page.evaluate(() => document.querySelector('.band-box svg').outerHTML.length + ' ' + document.querySelector('.seg [aria-pressed=true]')?.textContent);
  const start = await labels();
  await page.keyboard.press('ArrowLeft');
  assert.notEqual(await labels(), start, '← moves the band');
  await page.keyboard.press('-');
  assert.equal(await page.locator('.seg [aria-pressed=true]').count(), 0, '− zooms between the presets');
  await page.keyboard.press('?');
  await page.locator('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  assert.ok(await page.evaluate(() => document.activeElement?.classList.contains('band-box')), 'the focus comes back to the band');
  await page.keyboard.press('End');
  await page.keyboard.press('Tab');
  const event = await page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
  assert.ok(event, 'Tab walks to an event');
  await page.keyboard.press('Enter');
  const [when] = event.split(': ');
  assert.ok((await page.textContent('.readout')).includes(when), 'Enter puts the event in the readout');
}));
