// The arithmetic behind findings, dates, papers, figures and the bitemporal timeline, without a browser.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue, load } from './bundle.mjs';

const HOUR = 3_600_000, DAY = 24 * HOUR, now = Date.UTC(2026, 10, 18, 2, 42, 8), iso = (t) => new Date(t).toISOString();
const found = (more) => ({ device: 'ct-1', rule: 'V21', key: 'a', severity: 'high', suspected: false, stage: 'suspected', owner: null, from: iso(now - 10 * DAY), to: null, first_at: iso(now - 9 * DAY), last_at: iso(now), count: 1, open: true, ...more });
const date = (more) => ({ device: 'ct-1', device_name: 'CT-1', kind: 'maintenance', at: iso(now + 3 * DAY), overdue: false, ref: 'pm-1', what: '', ...more });

test('queue: worst first, then what nobody has taken, then the oldest; groups have no empty one', async () => {
  const q = await load('queue');
  const list = [found({ key: 'taken', owner: 'Lin Wei' }), found({ key: 'young', from: iso(now - DAY), first_at: iso(now - DAY) }), found({ key: 'old' }), found({ key: 'low', severity: 'low' }), found({ key: 'worst', severity: 'critical' }), found({ key: 'sure', stage: 'confirmed' })];
  const groups = q.grouped(list);
  assert.deepEqual(groups.map((g) => g.severity), ['critical', 'high', 'low']);
  assert.deepEqual(groups[1].items.map((f) => f.key), ['old', 'young', 'taken', 'sure']);
  assert.deepEqual(list.map((f) => f.key), ['taken', 'young', 'old', 'low', 'worst', 'sure'], 'the input is left as it was');
});

test('queue: the filter that leaves out most is named, and only when dropping it helps', async () => {
  const { matches, mostExcluding } = await load('queue');
  const list = [found({}), found({ rule: 'V33', severity: 'medium' }), found({ rule: 'V33', severity: 'medium', device: 'ct-2' })];
  assert.equal(list.filter((f) => matches(f, { rule: 'V33', severity: '' })).length, 2, 'an empty filter lets all through');
  assert.deepEqual(mostExcluding(list, { rule: 'V33', severity: 'high' }), { key: 'severity', count: 2 });
  assert.equal(mostExcluding(list, { rule: 'V99', severity: 'low' }), undefined);
});

test('queue: began is never later than the first record; the window holds most beginnings and ends after now', async () => {
  const q = await load('queue');
  assert.equal(q.beganAt(found({ from: iso(now), first_at: iso(now - DAY) })), now - DAY);
  assert.equal(q.beganAt(found({ from: null, first_at: null })), undefined);
  const w = q.queueWindow([5, 10, 20, 30, 900].map((d) => found({ from: iso(now - d * DAY), first_at: null })), now);
  assert.ok(w.to > now && w.from <= now - 30 * DAY && w.from > now - 100 * DAY, 'one very old finding does not squeeze the others');
});

test('queue: what a rule measured is told in words where its form is known, else left alone', async () => {
  const { measuredKey } = await load('queue'), en = catalogue('en');
  for (const [text, key, v] of [['412 d', 'd', '412'], ['27 exposures', 'exposures', '27'], ['1 exposure', 'exposures', '1'], ['388 s not told', 's_not_told', '388'], ['no patients', 'no_patients', ''], ['14 records missing', 'records_missing', '14']]) {
    assert.deepEqual(measuredKey(text), { key, v });
    assert.ok(`measured.${key}` in en || `measured.${key}_other` in en, key);
  }
  assert.equal(measuredKey('VA40.2 to VA40.2 SP1'), undefined);
});

test('needs you: groups by deadline, and within a group by deadline x consequence', async () => {
  const { needsYou } = await load('todo');
  const list = needsYou([found({ severity: 'critical', key: 'c', rule: 'V12' }), found({ severity: 'medium', key: 'm', rule: 'V36' }), found({ severity: 'low', key: 'l', rule: 'W01' })], [date({ kind: 'permit_end', at: iso(now + 2 * DAY), ref: 'p' }), date({ kind: 'contract_end', at: iso(now + 2 * DAY), ref: 'c' }), date({ at: iso(now + 20 * DAY) }), date({ at: iso(now + 31 * DAY), ref: 'far' })], now);
  assert.deepEqual(list.map((x) => `${x.group} ${x.finding?.key ?? x.due.kind}`), ['now c', 'week m', 'week permit_end', 'week contract_end', 'month l', 'month maintenance']);
});

test('needs you: a date that a finding speaks of is that finding’s deadline and no line of its own', async () => {
  const { needsYou } = await load('todo');
  const [one, ...rest] = needsYou([found({ severity: 'high' })], [date({ kind: 'status_test', at: iso(now - 5 * DAY), overdue: true, ref: 'st-1' })], now);
  assert.equal(rest.length, 0);
  assert.deepEqual([one.finding.rule, one.at, one.late, one.group], ['V21', Date.parse(iso(now - 5 * DAY)), true, 'now']);
  assert.equal(needsYou([found({ device: 'ct-2' })], [date({ kind: 'status_test', at: iso(now - DAY), overdue: true })], now).length, 2, 'not of another device');
});

test('needs you: many devices of one rule are one line, three are three; a paper that many rest on ends once', async () => {
  const { needsYou } = await load('todo'), many = (n) => Array.from({ length: n }, (_, i) => found({ device: `ct-${i}`, rule: 'V33', severity: 'medium', first_at: iso(now - (i + 2) * DAY), from: null }));
  const [line, ...none] = needsYou(many(40), [], now);
  assert.equal(none.length, 0);
  assert.deepEqual([line.devices.length, line.findings.length, line.at], [40, 40, now - 41 * DAY]);
  assert.equal(needsYou(many(3), [], now).length, 3);
  const [merged] = needsYou([], ['ct-1', 'ct-2', 'ct-3'].map((device) => date({ device, kind: 'recall_close', ref: 'fsca-1' })), now);
  assert.equal(merged.devices.length, 3);
});

test('needs you: closed findings and the calendar’s own rule are not there; an open work order is never late', async () => {
  const { needsYou, nextDate } = await load('todo');
  assert.deepEqual(needsYou([found({ open: false, stage: 'closed' }), found({ rule: 'W08', severity: 'info' })], [], now), []);
  const [order] = needsYou([], [date({ kind: 'work_order', at: iso(now - 4 * DAY), overdue: false, ref: 'WO-1' })], now);
  assert.deepEqual([order.group, order.late], ['week', false]);
  assert.equal(nextDate([date({ at: iso(now - DAY) }), date({ at: iso(now + 90 * DAY), ref: 'b' }), date({ at: iso(now + 50 * DAY), ref: 'a' })], now).ref, 'a');
  assert.equal(nextDate([], now), undefined);
});

test('weeks: thirteen from the Monday of this week, at the site’s midnight, over a change of the clock too', async () => {
  const { weeksFrom, weekOf, mergedDates } = await load('weeks');
  for (const zone of ['Asia/Shanghai', 'Europe/Berlin', 'America/St_Johns']) {
    const weeks = weeksFrom(Date.UTC(2026, 2, 18, 12), zone);
    assert.equal(weeks.length, 13);
    weeks.forEach((w, i) => { const wall = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', hourCycle: 'h23' }).format(w.from); assert.match(wall, /Mon.*00/, zone); if (i) assert.equal(w.from, weeks[i - 1].to); });
  }
  const weeks = weeksFrom(now, 'Asia/Shanghai');
  assert.deepEqual([date({ at: iso(now - 1), overdue: true }), date({ at: iso(now - DAY), overdue: false }), date({ at: iso(now + HOUR) }), date({ at: iso(now + 8 * DAY) }), date({ at: iso(now + 200 * DAY) })].map((d) => weekOf(d, weeks, now)), [-1, 0, 0, 1, undefined]);
  assert.deepEqual(mergedDates([date({ device: 'ct-2' }), date({ device: 'ct-1' }), date({ ref: 'other', kind: 'permit_end' })]).map((m) => m.devices.map((d) => d.id)), [['ct-1', 'ct-2'], ['ct-1']]);
});

test('weeks: what falls on one day for one device is one visit; what rests on one paper is one line', async () => {
  const { oneVisit } = await load('weeks'), items = ['noise', 'uniformity', 'water_hu'].map((what) => date({ kind: 'constancy', ref: `${what}-1`, what }));
  assert.deepEqual(oneVisit([...items, date({ kind: 'constancy', ref: 'x', what: 'noise', at: iso(now + 4 * DAY) }), date({ device: 'ct-2', kind: 'constancy', ref: 'n2', what: 'noise' })]).map((d) => `${d.device} ${d.what}`), ['ct-1 noise, uniformity, water_hu', 'ct-1 noise', 'ct-2 noise']);
  assert.equal(items[0].what, 'noise', 'the input is left as it was');
});

test('queue: many of one rule and stage are one line where the first stood, few stay as they are', async () => {
  const { folded, beganAt, endedAt } = await load('queue'), many = Array.from({ length: 5 }, (_, i) => found({ rule: 'V41', device: `ct-${i % 2}`, key: `${i}` }));
  const lines = folded([found({ key: 'first' }), ...many, found({ rule: 'V41', stage: 'answered', key: 'other stage' })], 4);
  assert.deepEqual(lines.map((l) => 'one' in l ? l.one.key : [l.many.length, l.devices]), ['first', [5, 2], 'other stage']);
  assert.equal(folded(many, Infinity).length, 5);
  assert.equal(beganAt(found({ from: iso(0), first_at: iso(now - DAY) })), now - DAY, 'a beginning that is not known is not 1970');
  assert.deepEqual([null, iso(now + DAY), iso(now - DAY)].map((to) => endedAt({ to }, now)), [undefined, undefined, now - DAY]);
});

test('papers: one row for what may be in force once, led by what holds now', async () => {
  const { paperRows } = await load('papers'), paper = (kind, id, body) => ({ kind, id, log_index: 1, filed_at: iso(now - 900 * DAY), body }), span = (a, b) => ({ from: iso(now + a * DAY), to: iso(now + b * DAY) });
  const rows = paperRows([paper('permit', 'old', { kind: 'radiation_safety', ...span(-800, -100) }), paper('permit', 'now', { kind: 'radiation_safety', ...span(-99, 400) }), paper('permit', 'next', { kind: 'radiation_safety', ...span(401, 900) }), paper('test', 't1', { kind: 'status', at: iso(now - 700 * DAY) }), paper('test', 't2', { kind: 'status', at: iso(now - 300 * DAY) }), paper('schedule', 's1', { work: 'pm', from: iso(now) }), paper('schedule', 's2', { work: 'pm', from: iso(now) })], now);
  assert.deepEqual(rows.map((r) => [r.lead.id, r.earlier.map((p) => p.id), r.spans.length]), [['now', ['next', 'old'], 3], ['t2', ['t1'], 2], ['s1', [], 1], ['s2', [], 1]]);
});

test('evidence: the window holds what it is about and its records, and coverage counts only what was expected', async () => {
  const e = await load('evidence'), file = { from: iso(now - 10 * HOUR), to: iso(now - 6 * HOUR), first_at: null, last_at: null, records: [{ log_index: 1, type: 'usage.exposure', at: iso(now - 9 * HOUR) }, { log_index: 2, type: 'pm.completed', at: iso(now - 2 * HOUR) }] };
  const w = e.evidenceWindow(file, now), about = e.aboutSpan(file, now);
  assert.ok(w.from < now - 10 * HOUR && w.to > now - 2 * HOUR && w.to < now + HOUR);
  assert.deepEqual(e.recordLanes(file.records, about, 4), [{ type: 'usage.exposure', times: [now - 9 * HOUR], inside: 1 }, { type: 'pm.completed', times: [now - 2 * HOUR], inside: 0 }]);
  assert.equal(e.recordLanes(Array.from({ length: 6 }, (_, i) => ({ type: `t${i}`, at: iso(now) })), about, 2).length, 3, 'what is beyond has one lane');
  const hours = Array.from({ length: 3 }, (_, i) => ({ hour: iso(Date.UTC(2026, 10, 17, i)), coverage_minutes: 60 }));
  assert.equal(e.watchedPermille(hours, { from: Date.UTC(2026, 10, 17, 0), to: Date.UTC(2026, 10, 17, 4) }, HOUR, now), 750);
  assert.equal(e.watchedPermille(hours, { from: now - 1, to: now }, HOUR, now), undefined);
  assert.deepEqual(e.aboutSpan({ from: iso(now - DAY), to: null }, now), { from: now - DAY, to: now });
});

test('papers: spans, gaps where no permit held, and what ends a missing entry', async () => {
  const p = await load('papers'), paper = (id, body, kind = 'permit') => ({ kind, id, log_index: 1, filed_at: iso(now - 400 * DAY), body });
  const first = paper('a', { kind: 'radiation_safety', no: 'X-1', from: iso(now - 300 * DAY), to: iso(now - 100 * DAY) }), second = paper('b', { kind: 'radiation_safety', from: iso(now - 80 * DAY), to: iso(now + 30 * DAY) }), ended = paper('c', { kind: 'radiodiagnosis', from: iso(now - 300 * DAY), to: iso(now - 3 * DAY) });
  const lines = p.paperLines([second, ended, first], now);
  assert.deepEqual(lines.map((l) => [l.group, l.gaps.map((g) => [g.from, g.to])]), [['permit.radiation_safety', [[now - 100 * DAY, now - 80 * DAY]]], ['permit.radiodiagnosis', [[now - 3 * DAY, now]]]]);
  assert.equal(p.paperLines([first], now, now - 500 * DAY).length, 0, 'what was filed later was not known');
  assert.deepEqual([first, second, paper('d', { kind: 'x', from: iso(now + DAY) }), paper('t', { kind: 'status', at: iso(now - DAY) }, 'test')].map((x) => p.paperState(p.paperSpan(x), now)), ['over', 'soon', 'ahead', 'point']);
  assert.deepEqual(p.satisfies('radiation_safety'), { kind: 'permit', known: { kind: 'radiation_safety' } });
  assert.deepEqual(p.satisfies('device_sheet.model'), { kind: 'device_sheet', known: {} });
  assert.deepEqual(p.satisfies('wipe_certificate'), { kind: 'document', known: { kind: 'wipe_certificate' } });
  assert.match(p.suggestId('permit', 'radiation_safety', 'ct-3', '2026-11-18'), /^[A-Za-z0-9._:-]{1,64}$/);
  assert.match(p.suggestId('work_order', '预防', 'ct 3', '2026-11-18'), /^[A-Za-z0-9._:-]{1,64}$/);
});

test('papers: form values become the body that the server takes; what was left empty is left out', async () => {
  const { toBody } = await load('papers'), f = (name, kind, more) => ({ name, kind, required: false, text: { en: '', zh: '' }, ...more });
  const fields = [f('no', 'text'), f('price_cny', 'int'), f('passed', 'bool'), f('from', 'time'), f('devices', 'list', { fields: [f('', 'token')] }), f('items', 'list', { fields: [f('', 'object', { fields: [f('item', 'token'), f('pass', 'bool')] })] }), f('empty', 'text')];
  assert.deepEqual(toBody(fields, { no: ' X ', price_cny: '1200', passed: 'false', from: '2026-11-18', devices: 'ct-1\n\n ct-2 ', items: [{ item: 'noise', pass: 'true' }, {}], empty: '  ' }, (w) => `${w}T00:00:00.000Z`),
    { no: 'X', price_cny: 1200, passed: false, from: '2026-11-18T00:00:00.000Z', devices: ['ct-1', 'ct-2'], items: [{ item: 'noise', pass: true }] });
});

test('figures: units that a person reads, unknown is a dash, and a fleet’s share is a sum over a sum', async () => {
  const { written, fleetShare } = await load('figures');
  assert.deepEqual([[98.42, '%'], [0, '%'], [7_200_000 * 10, 'ms'], [90, 's'], [400, 'min'], [504, 'h'], [84.7, '1/d'], [12, 'CNY'], [5, 'odd_unit']].map(([v, u]) => Object.values(written(v, u)).join(' ')), ['98.4 %', '0.0 %', '20.0 h', '90.0 s', '6.67 h', '504 h', '84.7 /d', '12 CNY', '5.00 odd unit']);
  for (const unknown of [null, undefined, Number.NaN]) assert.deepEqual(written(unknown, '%'), { text: '–', unit: '' });
  const item = (value, numerator, denominator, coverage_permille = 1000) => ({ figures: [{ id: 'pm', unit: '%', value, numerator, denominator, coverage_permille }, { id: 'pm', part: 'x', unit: '%', value: 50, numerator: 1, denominator: 2 }] });
  const sum = fleetShare([item(100, 1, 1), item(0, 0, 9, 500), item(null, null, null)], 'pm');
  assert.deepEqual([sum.value, sum.devices, sum.coverage], [10, 2, 750], 'not the mean of 100 % and 0 %');
  assert.equal(fleetShare([item(7, 7, null), item(5, 5, null)], 'pm').value, 12, 'counts are added');
  assert.equal(fleetShare([item(9.84, null, 300)], 'pm'), undefined, 'percentiles are not');
  assert.equal(fleetShare([item(null)], 'pm'), undefined);
});

test('known: a timeline as it was known against the one known now', async () => {
  const { compare } = await load('known'), at = (d) => iso(now + d * DAY), row = (state, from, to, log_index) => ({ state, from: at(from), to: to === null ? null : at(to), log_index });
  const then = [row('READY', -30, -20, 1), row('IN_USE', -20, null, 2)], later = [row('READY', -30, -20, 1), row('IN_USE', -20, -10, 2), row('PM', -10, null, 3)];
  assert.deepEqual(compare(then, later).map((r) => [r.state, r.change]), [['READY', 'same'], ['IN_USE', 'moved'], ['PM', 'later']]);
  assert.deepEqual(compare(then, [row('READY', -30, null, 1)]).map((r) => r.change), ['moved', 'gone']);
  assert.deepEqual(compare([], []), []);
});
