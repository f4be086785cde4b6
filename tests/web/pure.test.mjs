// Scales, formatter, catalogue and findings, without a browser. The TypeScript sources are bundled for node by the page's own esbuild.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { catalogue, load, root, web } from './bundle.mjs';

const en = catalogue('en'), zh = catalogue('zh-CN');
const at = Date.UTC(2026, 10, 18, 2, 42, 8);

test('zone: wall clock, midnight and offset in zones with and without summer time', async () => {
  const { wallAt, dayStart, instantOf, offsetLabel, knownZone } = await load('zone');
  assert.deepEqual(wallAt(at, 'Asia/Shanghai'), { year: 2026, month: 11, day: 18, hour: 10, minute: 42, second: 8 });
  assert.equal(dayStart(at, 'Asia/Shanghai'), Date.UTC(2026, 10, 17, 16));
  assert.equal(offsetLabel(at, 'Asia/Shanghai'), 'UTC+8');
  assert.equal(offsetLabel(at, 'America/St_Johns'), 'UTC−3:30');
  assert.equal(offsetLabel(at, 'UTC'), 'UTC');
  // Berlin, 25 October 2026: a day of 25 hours; 29 March: one of 23.
  const autumn = instantOf('Europe/Berlin', 2026, 10, 25), spring = instantOf('Europe/Berlin', 2026, 3, 29);
  assert.equal(dayStart(autumn + 3_600_000, 'Europe/Berlin', 1) - autumn, 25 * 3_600_000);
  assert.equal(dayStart(spring + 3_600_000, 'Europe/Berlin', 1) - spring, 23 * 3_600_000);
  assert.equal(knownZone('Mars/Olympus'), 'UTC');
  assert.equal(knownZone(null), 'UTC');
});

test('scale: maps, inverts and clamps', async () => {
  const { linear, niceTop } = await load('scale');
  const x = linear(10, 20, 100, 300);
  assert.equal(x(15), 200);
  assert.equal(x.invert(200), 15);
  assert.equal(x.clamp(25), 300);
  assert.equal(x.clamp(5), 100);
  assert.deepEqual([0, 1, 1.1, 7, 11, 86, 130, 1000].map(niceTop), [1, 1, 1.2, 8, 12, 100, 160, 1000]);
});

test('ticks: at the site’s midnight, in order, inside the window, never too many', async () => {
  const { timeTicks } = await load('scale'), { wallAt } = await load('zone'), day = 86_400_000;
  for (const span of [0.1, 1, 2, 7, 30, 91, 183, 365, 1096, 3652, 5500].map((d) => d * day)) {
    for (const zone of ['Asia/Shanghai', 'Europe/Berlin', 'America/St_Johns']) {
      const ticks = timeTicks(at - span, at, zone);
      assert.ok(ticks.length >= 1 && ticks.length <= 42, `${span / day} d in ${zone}: ${ticks.length} ticks`);
      ticks.forEach((tick, i) => {
        assert.ok(tick.t >= at - span && tick.t <= at);
        if (i) assert.ok(tick.t > ticks[i - 1].t);
        if (tick.unit !== 'hour') assert.equal(wallAt(tick.t, zone).hour, 0);
      });
    }
  }
  const monday = timeTicks(at - 30 * day, at, 'UTC').map((tick) => new Date(tick.t).getUTCDay());
  assert.deepEqual([...new Set(monday)], [1], 'week ticks fall on Mondays');
});

test('format: unknown is a dash and never zero', async () => {
  const f = await load('format');
  for (const unknown of [null, undefined, Number.NaN]) { assert.equal(f.num(unknown), '–'); assert.equal(f.sig(unknown), '–'); assert.equal(f.permille(unknown), '–'); }
  assert.equal(f.num(-1234.5, 1), '−1,234.5');
  assert.deepEqual([9.84, 98.44, 984.4, 0].map(f.sig), ['9.84', '98.4', '984', '0']);
  // Coverage is never rounded up to a hundred.
  assert.deepEqual([1000, 999, 986, 0].map(f.permille), ['100', '99.9', '98', '0']);
  assert.equal(f.shortHash('9f3c0000000000a71e'), '9f3c…a71e');
  assert.equal(f.instant('not a time'), undefined);
});

test('format: spans and moments in both languages', async () => {
  const f = await load('format'), { translator } = await load('text'), e = translator('en', en), z = translator('zh-CN', zh);
  assert.deepEqual([20e3, 55 * 60e3, (3 * 60 + 12) * 60e3, 11 * 3600e3, 4 * 86400e3, 900 * 86400e3].map((ms) => f.span(ms, e)), ['20 s', '55 min', '3 h 12 min', '11 h', '4 d', '2.5 y']);
  assert.equal(f.span(113 * 86400e3, z), '113 天');
  assert.equal(f.moment(at, 'Asia/Shanghai', e), '18 Nov 2026 10:42:08');
  assert.equal(f.moment(at, 'Asia/Shanghai', z), '2026年11月18日 10:42:08');
  assert.equal(f.when(at - 86400e3, at, 'Asia/Shanghai', e), '17 Nov 10:42');
});

test('catalogue: both languages have the same keys and placeholders, and no text is empty', async () => {
  const { placeholders } = await load('text');
  assert.deepEqual(Object.keys(zh), Object.keys(en));
  const mayBeEmpty = new Set(['axis.year', 'sentence.sep']);
  for (const key of Object.keys(en)) {
    // A plural form may say "one" in words instead of {n}.
    const drop = (names) => names.filter((name) => name !== 'n' || !/_(one|other)$/.test(key));
    assert.deepEqual(drop(placeholders(zh[key])), drop(placeholders(en[key])), `placeholders of ${key}`);
    if (!mayBeEmpty.has(key)) assert.ok(en[key].trim() && zh[key].trim(), `${key} is empty`);
  }
  for (const key of Object.keys(en)) if (key.endsWith('_one')) assert.ok(`${key.slice(0, -4)}_other` in en, `${key} has no _other`);
});

test('catalogue: every key that the sources use is there, and every key is used', () => {
  const files = (dir) => readdirSync(dir, { withFileTypes: true }).flatMap((d) => d.isDirectory() ? files(join(dir, d.name)) : /\.tsx?$/.test(d.name) ? [join(dir, d.name)] : []);
  const code = files(join(web, 'src')).map((f) => readFileSync(f, 'utf8')).join('\n');
  const has = (key) => key in en || `${key}_other` in en;
  const literal = new Set([...code.matchAll(/['"`]([a-z0-9_]+\.[a-z0-9_]+)['"`]/g)].map((m) => m[1]).filter((key) => Object.keys(en).some((k) => k.split('.')[0] === key.split('.')[0])));
  const external = new Set(['usage.exposure', 'usage.dose', 'fault.raised', 'fault.cleared', 'service.session', 'part.replaced', 'config.changed', 'power.on', 'power.off', 'repair.completed']);
  for (const key of literal) if (!external.has(key)) assert.ok(has(key), `${key} is used but not in the catalogue`);
  // Families whose last part comes from data: their prefix must appear in a template.
  const families = new Set([...code.matchAll(/`([a-z_]+)\.\$\{/g)].map((m) => m[1]));
  for (const family of ['kpi', 'why', 'passport']) families.add(family);  // the server's own; its tests hold them
  for (const key of Object.keys(en)) {
    const stem = key.replace(/_(one|other)$/, '');
    assert.ok(literal.has(stem) || literal.has(key) || families.has(key.split('.')[0]), `${key} is in the catalogue but not used`);
  }
});

test('catalogue: plural, fallback and missing hole', async () => {
  const { translator, chooseLang } = await load('text'), t = translator('en', { a_one: '{n} thing', a_other: '{n} things', b: 'x {y}' });
  assert.equal(t('a', { n: 1 }), '1 thing');
  assert.equal(t('a', { n: 2 }), '2 things');
  assert.equal(t('b'), 'x {y}');
  assert.equal(t('none'), 'none');
  assert.equal(t.or('none', 'raw'), 'raw');
  assert.equal(chooseLang(null, null, ['fr', 'zh-TW']), 'zh-CN');
  assert.equal(chooseLang('en', 'zh-CN', ['zh']), 'en');
  assert.equal(chooseLang(null, null, ['fr']), 'en');
});

const device = (more) => ({ id: 'ct-1', name: 'CT-1', state: 'IN_USE', op_state: 'scanning', silent: false, open_faults: 0, exams_today: 3, ...more });

test('state: what leaves us blind or stops patients comes before the paper', async () => {
  const { stateNow, lifecycleKind, operatingKind, byConsequence } = await load('states');
  assert.equal(stateNow(device()).kind, 'use');
  assert.equal(stateNow(device({ silent: true })).kind, 'void');
  assert.equal(stateNow(device({ state: 'SEALED' })).kind, 'sealed');
  assert.equal(stateNow(device({ state: 'DISPOSED', silent: true })).kind, 'disposed', 'a device that is gone is not silent');
  assert.equal(stateNow(device({ op_state: 'fault' })).kind, 'fault');
  assert.equal(stateNow(device({ open_faults: 1 })).kind, 'degraded');
  assert.equal(stateNow(device({ state: null })).kind, 'undeclared');
  assert.equal(stateNow(device({ state: null, op_state: 'void' })).kind, 'void');
  assert.equal(operatingKind('something new'), 'void', 'what is not known is never drawn as up');
  assert.equal(lifecycleKind('constructor'), 'undeclared');
  const order = [device({ id: 'b' }), device({ id: 'a', silent: true }), device({ id: 'c', state: 'FAULT' }), device({ id: 'd', identity_alarm: true })].sort(byConsequence).map((d) => d.id);
  assert.deepEqual(order, ['d', 'c', 'a', 'b']);
});

test('finding: the head of Today says what is true, in both languages', async () => {
  const { finding } = await load('finding'), { translator } = await load('text'), t = translator('en', en), z = translator('zh-CN', zh);
  const say = (list, un = 0, tr = t) => finding(list, un, tr).join(tr('sentence.sep'));
  assert.equal(say([device(), device({ id: 'b' })]), 'No scanner stops patients now. All 2 devices report.');
  assert.equal(say([device({ state: 'FAULT' }), device({ id: 'ct-6', name: 'CT-6', silent: true })]), 'CT-1 is the only scanner that stops patients now. One more, CT-6, is silent, so nobody can say.');
  assert.equal(say([device({ silent: true })]), 'No scanner is known to stop patients now. CT-1 is silent, so nobody can say.');
  assert.match(say([device()], 2), /2 reports wait/);
  assert.match(say(Array.from({ length: 5 }, (_, i) => device({ id: `x${i}`, name: `X-${i}`, state: 'FAULT' }))), /5 scanners stop patients now: X-0, X-1, X-2 and 2 more\./);
  assert.equal(say([device({ state: 'FAULT' })], 0, z), '目前 1 台设备影响接诊：CT-1。');
});

test('band: bins follow the site’s days, and an hour not listed is not covered', async () => {
  const b = await load('band'), hour = 3_600_000, from = Date.UTC(2026, 10, 16, 16), now = from + 3 * 24 * hour;
  const days = b.bins(from, now, 24 * hour, 'Asia/Shanghai');
  assert.deepEqual(days.map((d) => d.from), [0, 1, 2].map((d) => from + d * 24 * hour));
  const hours = Array.from({ length: 24 }, (_, i) => ({ hour: new Date(from + i * hour).toISOString(), exposures: 2, exams: 1, exposure_ms: 1000, mas: 5, dlp_ugy_cm: 7, coverage_minutes: 60 }));
  const use = b.useBins(hours, days, from, now);
  assert.deepEqual(use.map((u) => u.exposures), [48, 0, 0]);
  assert.deepEqual(use.map(b.mostlyVoid), [false, true, true]);
  // The present hour is only expected as far as it has run.
  const [partial] = b.useBins([{ hour: new Date(from).toISOString(), coverage_minutes: 10 }], b.bins(from, from + hour, hour, 'Asia/Shanghai'), from, from + 10 * 60_000);
  assert.equal(b.mostlyVoid(partial), false);
});

test('band: windows move, zoom and keep now in reach', async () => {
  const b = await load('band'), day = 86_400_000;
  for (const zoom of b.ZOOMS) assert.equal(b.zoomOf(b.zoomWindow(zoom, at)), zoom);
  const week = b.zoomWindow('7d', at), left = b.moved(week, -1 / 8, 1, at), wide = b.moved(week, 0, 3 / 2, at);
  assert.ok(Math.abs(week.from - left.from - 7 * day / 8) < 2);
  assert.ok(Math.abs(wide.to - wide.from - 10.5 * day) < 2);
  let far = week;
  for (let i = 0; i < 200; i++) far = b.moved(far, 1, 1, at);
  assert.ok(far.from <= at, 'now stays in the window');
  let close = week;
  for (let i = 0; i < 50; i++) close = b.moved(close, 0, 2 / 3, at);
  assert.equal(close.to - close.from, 2 * 3_600_000);
  const shares = b.shareOf([{ kind: 'use', from: at, to: at + 90, open: false }], ['use'], [{ from: at - 10, to: at + 30 }, { from: at + 30, to: at + 200 }]);
  assert.deepEqual(shares, [30, 60]);
});

test('body: units from field names, unknown words kept, size bounded', async () => {
  const { bodyRows } = await load('body'), { translator } = await load('text'), t = translator('en', en);
  const rows = Object.fromEntries(bodyRows({ duration_ms: 5200, dlp_ugy_cm: 377_900, sources: [{ id: 'A', ma_mean_ua: 186_000 }], problems: [], region: 'chest', odd: '<img src=x>' }, t).map((r) => [r.path, `${r.value} ${r.unit}`.trim()]));
  assert.equal(rows['/duration_ms'], '5.20 s');
  assert.equal(rows['/dlp_ugy_cm'], '378 mGy·cm');
  assert.equal(rows['/sources/1/ma_mean_ua'], '186 mA');
  assert.equal(rows['/problems'], '–');
  assert.equal(rows['/odd'], '<img src=x>');
  const wide = bodyRows(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`k${i}`, 'x'.repeat(900)])), t);
  assert.equal(wide.length, 60);
  assert.ok(wide[0].value.length <= 201);
});

test('facts: guards of the shipped table become fields, and values go as the server takes them', async () => {
  const { factsFor, factData } = await load('facts');
  const sealed = factsFor('baseline.declared', ['baseline_state'], { state: 'SEALED' });
  assert.deepEqual(sealed.map((f) => f.key), ['state', 'cleared_to', 'sealed_by']);
  assert.deepEqual(factsFor('baseline.declared', ['baseline_state'], {}).map((f) => f.key), ['state']);
  const part = factsFor('part.replaced', ['part_named'], {});
  assert.deepEqual(factData(part, { part: 'tube', new_serial: '', major: 'true' }), { part: 'tube', major: true });
  assert.deepEqual(factData(factsFor('correction', ['corrected_event'], {}), { event_id: '41' }), { event_id: 41 });
  const table = readFileSync(join(root, 'config/lifecycle/ct.toml'), 'utf8');
  for (const [, event] of table.matchAll(/^event = "([^"]+)"/gm)) assert.ok(`event.${event}` in en, `event.${event} has no word`);
  for (const [, guard] of table.matchAll(/^([a-z_]+) += "(?:judged|accepts)"/gm)) assert.ok(`guard.${guard}` in en, `guard.${guard} has no word`);
});
