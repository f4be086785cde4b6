// What a person does on the screens of findings, papers, dates, rules, figures and import; and what these say when there is nothing or something is wrong.
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
  try { await body({ ...opened, server }); assert.deepEqual(opened.seen.errors.filter((e) => !/status of (404|409|422|503)|ERR_FAILED/.test(e)), []); } finally { await opened.close(); await server.close(); }
}
const clean = async (page) => { assert.deepEqual(await violations(page), []); assert.deepEqual(await sticksOut(page), []); assert.deepEqual(await axe(page), []); };
const param = (page, key) => new URL(page.url()).searchParams.get(key);
/** A filter by its visible name: the text of its label holds the choices too. */
const field = (page, name) => page.locator('.pick', { hasText: new RegExp(`^${name}`) }).locator('select');
const CASE = '/devices/ct-3/findings/V26/patients%3AWO-1873';

test('queue: a filter goes into the address, the address brings it back, and Clear takes it out', () => on({}, async ({ page, visit }) => {
  await visit('/findings');
  await settled(page);
  assert.deepEqual(await page.locator('.sec h2').allTextContents(), ['Critical', 'High', 'Medium', 'Low']);
  await field(page, 'Severity').selectOption('high');
  await field(page, 'Rule').selectOption('V26');
  assert.deepEqual([param(page, 'severity'), param(page, 'rule')], ['high', 'V26']);
  assert.equal(await page.locator('.queue tbody tr').count(), 1);
  await page.reload();
  await settled(page);
  assert.equal(await page.locator('.queue tbody tr').count(), 1);
  assert.match(await page.textContent('.queue tbody tr'), /V26.*Maintenance on paper only.*27 exposures, limit no patients.*seen 27 times.*Order 739 Art 50.*CT-3.*Yunchuan First.*confirmed.*林伟.*Open case/s);
  await page.getByRole('button', { name: 'Clear filters' }).click();
  assert.equal(param(page, 'rule'), null);
  assert.ok(await page.locator('.queue tbody tr').count() > 10);
}));

test('queue: suspected is dashed and confirmed is solid, in the mark and in the picture', () => on({}, async ({ page, visit }) => {
  await visit('/findings?severity=high');
  await settled(page);
  const look = (text) => page.locator('.queue tr', { hasText: text }).evaluate((row) => [getComputedStyle(row.querySelector('.stt')).borderTopStyle, row.querySelectorAll('.clk path.dash').length > 0]);
  assert.deepEqual(await look('V19'), ['dashed', true]);
  assert.deepEqual(await look('V21'), ['solid', false]);
}));

test('queue: no match names the filter that leaves out most, and one press drops it; nothing at all is said plainly', async () => {
  await on({}, async ({ page, visit }) => {
    await visit('/findings?severity=critical&rule=V33');
    await settled(page);
    assert.match(await page.textContent('.none'), /Nothing matches these filters\. Without “(Severity|Rule)” there would be 2\./);
    await page.getByRole('button', { name: /^Drop/ }).click();
    assert.equal(await page.locator('.queue tbody tr').count(), 2);
    await clean(page);
  });
  await on({ empty: true }, async ({ page, visit }) => { await visit('/findings'); await settled(page); assert.match(await page.textContent('main'), /Nothing is open: what was declared and what was seen agree/); await clean(page); });
});

test('case: says the claim in a sentence, shows the evidence, and the command can be copied', () => on({}, async ({ page, visit }) => {
  await visit(CASE);
  await settled(page);
  assert.match(await page.textContent('.claim'), /^From \d+ \w+ 2\d+ \d\d:\d\d to .*, CT-3 shows 27 exposures \(limit: no patients\)\. 27 records carry it\.$/);
  assert.equal(await page.locator('#evidence').count(), 1);
  assert.match(await page.locator('section', { has: page.locator('#evidence') }).locator('svg[role=img]').getAttribute('aria-label'), /16 records on a time axis: Exposure 15/);
  assert.match(await page.textContent('.steps'), /Suspected.*Acknowledged.*Confirmed.*“?No service session.*Assigned.*林伟.*Hospital’s answer.*Closed/s);
  assert.match(await page.textContent('.law'), /Maintenance is declared as done/);
  assert.equal(await page.locator('.behind tbody tr').count(), 7, 'the middle is folded');
  await page.getByRole('button', { name: /10 more between/ }).click();
  assert.equal(await page.locator('.behind tbody tr').count(), 16);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByText('Copied').waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'gantry judge --device ct-3 --rule V26 --key patients:WO-1873');
}));

test('case: an answer goes through the declaration route with its reason, and a short one is not sent', () => on({}, async ({ page, visit, server }) => {
  await visit(CASE);
  await settled(page);
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  const dialog = page.locator('dialog');
  await dialog.getByLabel('Answer').fill('too short');
  await dialog.getByLabel('Your name').fill('Lin Wei');
  await dialog.getByRole('button', { name: 'Answer' }).click();
  assert.equal(server.posted.length, 0);
  await dialog.getByLabel('Answer').fill('The engineer came a day later; the order carries the wrong date.');
  await clean(page);
  await dialog.getByRole('button', { name: 'Answer' }).click();
  await page.getByText('Kept as log entry 100,001').waitFor();
  const [sent] = server.posted;
  assert.equal(sent.path, '/api/v1/devices/ct-3/declarations');
  assert.deepEqual({ ...sent.body, at: 0 }, { event: 'finding.answered', at: 0, reason: 'The engineer came a day later; the order carries the wrong date.', actor: 'Lin Wei', role: 'HM', evidence: [], data: { rule: 'V26', key: 'patients:WO-1873' } });
}));

test('case: only what the server allows is offered; assigning names somebody', () => on({}, async ({ page, visit, server }) => {
  await visit('/devices/ct-5/findings/V05/permit%3Ap-5');
  await settled(page);
  assert.match(await page.textContent('main'), /Nothing can be done at this stage/);
  await visit('/devices/ct-2/findings/V25/q-pm');
  await settled(page);
  assert.deepEqual(await page.locator('.btns button').allTextContents(), ['Reopen, with reason']);
  await visit(CASE);
  await settled(page);
  await page.getByRole('button', { name: /^Assign/ }).click();
  const dialog = page.locator('dialog');
  await dialog.getByLabel('Assign to').fill('Chen Bo');
  await dialog.getByLabel('Reason').fill('He keeps the service contract.');
  await dialog.getByLabel('Your name').fill('Lin Wei');
  await dialog.getByRole('button', { name: /^Assign/ }).click();
  await page.getByText('Kept as log entry').waitFor();
  assert.deepEqual(server.posted[0].body.data, { rule: 'V26', key: 'patients:WO-1873', to: 'Chen Bo' });
}));

test('case: one that does not exist says so', () => on({}, async ({ page, visit }) => {
  await visit('/devices/ct-3/findings/V99/none');
  await page.locator('[role=alert]').first().waitFor();
  await clean(page);
}));

test('today: what needs somebody is grouped, each line leads on, and a date that a finding speaks of stands once', () => on({}, async ({ page, visit }) => {
  await visit('/');
  await page.waitForSelector('.todo .what');
  assert.deepEqual((await page.locator('.todo .grp').allTextContents()).map((s) => s.replace(/ \d+$/, '')), ['Now', 'This week', 'Next 30 days']);
  assert.match(await page.textContent('.lede'), /things need you in the next 30 days; \d are late\./);
  assert.equal(await page.locator('.todo > li', { hasText: 'CT-2: Yearly status test' }).count(), 1);
  assert.match(await page.textContent('.todo > li:has-text("CT-2: Yearly status test")'), /V21.*due \d+ \w+.*47 d late.*Chen Bo.*Write answer/s);
  assert.equal(await page.locator('.todo .btn.main').count(), 1, 'one filled button');
  await page.locator('.todo .what a').first().click();
  await page.waitForURL(/\/devices\/ct-\d\/findings\/V\d\d\//);
  await page.waitForSelector('.claim');
  assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'H1');
}));

test('today: nothing due names the next date, and nothing planned says what brings dates', () => on({}, async ({ page, visit }) => {
  let items = [];
  await page.route('**/api/v1/findings?*', (route) => route.fulfill({ json: { items: [], next_cursor: null } }));
  await page.route('**/api/v1/due?*', (route) => route.fulfill({ json: { items, next_cursor: null, devices_waiting: 0 } }));
  await visit('/');
  await page.waitForSelector('#needs ~ *, .sec .none');
  assert.match(await page.locator('section', { has: page.locator('#needs') }).textContent(), /Nothing is due and nothing is planned/);
  items = [{ device: 'ct-2', device_name: 'CT-2', org: null, site: null, kind: 'maintenance', at: new Date(Date.now() + 60 * 86_400_000).toISOString(), overdue: false, estimated: false, ref: 'pm', what: '' }];
  await visit('/');
  await page.getByText(/^Nothing due until \d+ \w+ 2\d+: Preventive maintenance, CT-2\.$/).waitFor();
  await clean(page);
}));

test('papers: what is missing stands first, and the form files a paper of that kind', () => on({}, async ({ page, visit, server }) => {
  await visit('/devices/ct-1?tab=papers');
  await settled(page);
  assert.match(await page.textContent('.lacks'), /Radiation safety permit in force|radiation safety permit in force/);
  assert.match(await page.locator('.papers tr', { hasText: 'YFZ' }).textContent(), /ended 1\d d ago/);
  await page.locator('.lacks .btn').click();
  const dialog = page.locator('dialog');
  await dialog.waitFor();
  assert.equal(await dialog.getByLabel('Kind of paper').inputValue(), 'permit');
  assert.equal(await dialog.locator('select').nth(1).inputValue(), 'radiation_safety');
  await clean(page);
  await dialog.getByLabel('Number').fill('YFZ [2026] 0099');
  await dialog.getByLabel('Valid from').fill('2026-11-20');
  await dialog.getByLabel('Ray device, class III', { exact: false }).check();
  await dialog.getByLabel('Reason').fill('The renewed permit arrived.');
  await dialog.getByLabel('Your name').fill('Lin Wei');
  await dialog.getByRole('button', { name: 'File with reason' }).click();
  await page.getByText('Kept as log entry').waitFor();
  const { path, body } = server.posted[0];
  assert.equal(path, '/api/v1/papers');
  assert.deepEqual(body.body, { kind: 'radiation_safety', no: 'YFZ [2026] 0099', holder: 'yunchuan-first', devices: ['ct-1'], categories: ['ray_device_iii'], from: '2026-11-19T16:00:00.000Z' });
  assert.match(body.id, /^permit-radiation_safety-ct-1-\d{4}-\d\d-\d\d$/);
  assert.deepEqual([body.kind, body.reason, body.actor, body.role], ['permit', 'The renewed permit arrived.', 'Lin Wei', 'HM']);
}));

test('papers: a document is kept as its bytes, and what the server refuses stands at its field', () => on({}, async ({ page, visit, server }) => {
  await visit('/devices/ct-3?tab=papers');
  await settled(page);
  await page.locator('.lacks .btn').click();
  const dialog = page.locator('dialog');
  await dialog.locator('input[type=file]').setInputFiles({ name: 'notice.pdf', mimeType: 'application/pdf', buffer: Buffer.from('%PDF-1.4 notice') });
  await dialog.getByLabel('Your name').fill('Lin Wei');
  await dialog.getByRole('button', { name: 'Keep the document' }).click();
  await page.getByText('Kept as log entry').waitFor();
  const [kept] = server.posted, asked = new URLSearchParams(kept.search);
  assert.equal(kept.path, '/api/v1/documents');
  assert.equal(kept.body, '%PDF-1.4 notice');
  assert.deepEqual([asked.get('device'), asked.get('kind'), asked.get('title'), asked.get('actor'), asked.get('role')], ['ct-3', 'notice', 'notice.pdf', 'Lin Wei', 'HM']);
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.route('**/api/v1/papers', (route) => route.fulfill({ status: 422, contentType: 'application/problem+json', body: JSON.stringify({ title: 'The paper does not fit', status: 422, code: 'invalid', detail: '/body/every_days: got 9999', errors: [{ pointer: '/body/every_days', code: 'range', detail: 'got 9999, want 1 to 3660' }] }) }));
  await page.getByRole('button', { name: 'File a paper' }).click();
  await dialog.getByLabel('Kind of paper').selectOption('schedule');
  await dialog.locator('.field', { hasText: /^Name/ }).locator('input').fill('Yearly');
  await dialog.locator('.field', { hasText: /^Work/ }).locator('select').selectOption('pm');
  await dialog.getByLabel('Valid from').fill('2026-01-01');
  await dialog.getByLabel('Reason').fill('A plan for the whole year.');
  await dialog.getByRole('button', { name: 'File with reason' }).click();
  await dialog.locator('.field small.c-fault').waitFor();
  assert.match(await dialog.locator('.field', { has: page.locator('small.c-fault') }).textContent(), /Every.*got 9999, want 1 to 3660/s);
}));

test('timeline: as known at another day stands in the address, on the band and in the list', () => on({}, async ({ page, visit }) => {
  await visit('/devices/ct-2?tab=timeline');
  await settled(page);
  assert.match(await page.textContent('.band-box ~ *, .sec header'), /as known now/);
  await page.getByLabel('As known at').fill('2026-01-10T08:00');
  await page.getByLabel('State at').fill('2026-01-09T08:00');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.waitForSelector('#as-of');
  await page.waitForFunction(() => document.querySelector('.life')?.textContent.includes('learned later'));
  assert.match(param(page, 'known'), /^2026-01-10T00:00:00\.000Z$/);
  assert.match(await page.textContent('.sec header'), /as known at 10 Jan 2026 08:00:00/);
  await clean(page);
  await page.locator('.asof .link').click();
  await page.waitForFunction(() => !document.querySelector('#as-of'));
  assert.equal(param(page, 'known'), null);
}));

test('due: a cell is a button that narrows the list, by keyboard too; the calendar’s address is for the chosen site', () => on({}, async ({ page, visit, server }) => {
  await visit('/due');
  await settled(page);
  const before = await page.locator('.duel > li').count(), cell = page.getByRole('button', { name: /^Tests, Overdue: 2 dates/ });
  await cell.focus();
  await page.keyboard.press('Enter');
  assert.deepEqual([param(page, 'lane'), param(page, 'week')], ['tests', '-1']);
  assert.equal(await page.locator('.duel > li').count(), 2);
  await page.keyboard.press('Enter');
  await page.waitForFunction((n) => document.querySelectorAll('.duel > li').length === n, before);
  await page.locator('section', { has: page.locator('#calendar') }).getByLabel('Site').selectOption('branch');
  assert.equal(await page.textContent('.cmd code'), `${server.url}/api/v1/due.ics?site=branch&lang=en`);
}));

test('rules: words narrow the list, a rule opens with text and parameters and leads to its findings', () => on({}, async ({ page, visit }) => {
  await visit('/rules');
  await settled(page);
  assert.match(await page.textContent('.lede'), /6\d rules are in force\./);
  await page.getByLabel('Words').fill('paper only');
  await page.waitForFunction(() => document.querySelectorAll('.one').length === 2);
  await page.locator('.one summary').first().click();
  assert.match(await page.textContent('.one[open]'), /no service session.*normal_minutes · CT\s*240/s);
  await page.getByRole('link', { name: 'One open finding' }).click();
  await page.waitForURL('**/findings?*rule=V26*');
  await page.waitForSelector('.queue tbody tr');
}));

test('figures: sorting stands in the address, what is not known is hatched and last, and never zero', () => on({}, async ({ page, visit }) => {
  await visit('/figures');
  await settled(page);
  await page.getByRole('button', { name: /^Mean time between failures/ }).click();
  assert.equal(param(page, 'sort'), '-mtbf');
  const cells = await page.locator('.matrix tbody tr').evaluateAll((rows) => rows.map((r) => r.children[3].textContent)), known = cells.map(parseFloat).filter((n) => !Number.isNaN(n));
  assert.deepEqual(known, [...known].sort((a, b) => b - a));
  assert.ok(cells.slice(known.length).every((c) => /(nothing to count|not in service) in the period/.test(c)), cells.join(' | '));
  assert.ok(await page.locator('.matrix td.nil svg rect').count() > 3);
  assert.match(await page.locator('.takeaway a').first().getAttribute('href'), /^\/api\/v1\/export\/kpis\.csv\?from=/);
}));

test('import: the dry run tells each fault and writes nothing; committing sends the same file once more', () => on({}, async ({ page, visit, server }) => {
  await visit('/import');
  await settled(page);
  const csv = 'id,name,site,state\nct-31,CT-31,main,IN_USE\nct-32,CT-32,main,READY\nCT 33,CT-33,main,??\n';
  await page.locator('input[type=file]').setInputFiles({ name: 'fleet.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
  await page.waitForSelector('#result');
  assert.match(await page.textContent('main'), /3 rows were read\. 2 would be written, 1 would be refused\. Nothing has been written\..*Columns that were passed over: colour.*id: got “CT 33”, want small letters.*state: got “\?\?”/s);
  assert.match(server.posted[0].path, /dry_run=true/);
  assert.equal(server.posted[0].type, 'text/csv');
  await clean(page);
  await page.getByLabel('Your name').fill('Lin Wei');
  await page.getByRole('button', { name: 'Import 2 devices' }).click();
  await page.getByText('2 entered the log, 1 were refused').waitFor();
  assert.equal(server.posted.length, 2);
  assert.equal(server.posted[1].body, csv);
  assert.match(server.posted[1].path, /actor=Lin\+Wei.*role=HM.*dry_run=false|dry_run=false/);
  assert.match(await page.textContent('.lacks'), /ct-32.*radiation safety permit/s);
}));

test('search: / brings the cursor, arrows choose, Enter goes; a rule id leads to its findings', () => on({}, async ({ page, visit }) => {
  await visit('/rules');
  await settled(page);
  await page.locator('h1').focus();
  await page.keyboard.press('/');
  await page.keyboard.type('beihu');
  await page.waitForSelector('.hits [role=option]');
  assert.deepEqual(await page.locator('.hits [role=option] b').allTextContents(), ['CT-7', 'CT-8']);
  await clean(page);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/devices/ct-8*');
  await page.keyboard.press('/');
  await page.keyboard.type('v26');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/findings?*rule=V26*');
  await page.keyboard.press('/');
  await page.keyboard.type('nothing at all');
  assert.match(await page.textContent('.hits'), /Nothing matches/);
}));

test('navigation: every place by a press, Back goes back, and on a phone More holds the rest', async () => {
  await on({}, async ({ page, visit }) => {
    await visit('/');
    await settled(page);
    for (const [name, path] of [['Findings', '/findings'], ['Due', '/due'], ['Figures', '/figures'], ['Rules', '/rules'], ['Import', '/import']]) {
      await page.locator('.nav').getByRole('link', { name: new RegExp(`^${name}`) }).click();
      await page.waitForURL(`**${path}*`);
      await page.waitForFunction((n) => document.querySelector('h1')?.textContent === n, name);
      assert.equal(await page.locator('.nav [aria-current=page]').textContent().then((s) => s.replace(/\d+$/, '')), name);
    }
    await page.goBack();
    await page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Rules');
  });
  await on({}, async ({ page, visit }) => {
    await visit('/');
    await settled(page);
    await page.locator('.thumb').getByRole('button', { name: 'More' }).click();
    await clean(page);
    await page.locator('.thumb').getByRole('link', { name: 'Rules' }).click();
    await page.waitForURL('**/rules*');
    assert.equal(await page.locator('.thumb .rest').count(), 0);
  }, { width: 360 });
});

test('error: each page says what failed and Retry brings it', () => on({}, async ({ page, visit }) => {
  for (const [path, call] of [['/findings', 'findings'], ['/due', 'due'], ['/rules', 'rules'], ['/figures', 'kpis']]) {
    let broken = true;
    const pattern = new RegExp(`/api/v1/${call}(\\?|$)`);
    await page.route(pattern, (route) => broken ? route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ title: 'The store is busy', status: 503, code: 'unavailable', request_id: 'req-78' }) }) : route.continue());
    await visit(path);
    const alert = page.locator('main [role=alert]').first();
    await alert.waitFor();
    assert.match(await alert.textContent(), /The store is busy.*req-78/s, path);
    broken = false;
    await alert.getByRole('button', { name: 'Retry' }).click();
    await page.waitForFunction(() => !document.querySelector('main [role=alert]'));
    await page.unroute(pattern);
  }
}));
