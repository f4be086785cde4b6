// Exposures per hour: bars where something was counted, hatch where nobody was watching, and the same in a table.
import { Fragment, type JSX } from 'preact';
import { bins, mostlyVoid, useBins, type UseBin } from '../core/band';
import { clock, date, num, permille, sig } from '../core/format';
import { linear, niceTop, textWidth, timeTicks } from '../core/scale';
import { DAY, HOUR, wallAt } from '../core/zone';
import { t } from '../data/store';
import type { HourUse } from '../data/types';
import { Section } from './parts';
import { line, Plot, rect, text, useNarrow } from './svg';

const HEIGHT = 150, TOP = 18, FLOOR = 126;

/** The finding in one sentence: how many, how busy at most, how much was not watched. */
function sentence(all: readonly UseBin[], zone: string): string {
  const tr = t.value, total = all.reduce((n, b) => n + b.exposures, 0), exams = all.reduce((n, b) => n + b.exams, 0), blind = all.filter(mostlyVoid).length;
  const busiest = all.reduce((best, b) => b.exposures > best.exposures ? b : best, all[0] as UseBin);
  const words = [tr('hours.total', { v: num(total), exams: num(exams) })];
  if (total > 0) words.push(tr('hours.busiest', { v: num(busiest.exposures), day: date(busiest.from, zone, tr), time: clock(busiest.from, zone) }));
  words.push(blind ? tr('hours.blind', { n: blind }) : tr('hours.seen'));
  return words.join(tr('sentence.sep'));
}

export function HoursChart({ hours, zone, now, born }: { hours: readonly HourUse[]; zone: string; now: number; born: number }): JSX.Element {
  const tr = t.value, narrow = useNarrow(), days = narrow ? 2 : 7, to = Math.ceil(now / HOUR) * HOUR, from = to - days * DAY;
  const all = useBins(hours, bins(from, to, HOUR, zone).filter((b) => b.from >= from), Math.max(from, born), now);
  const watched = all.reduce((n, b) => n + b.covered, 0), asked = all.reduce((n, b) => n + b.expected, 0);
  return <Section id="hours" title={tr('hours.title')} meta={tr('hours.meta', { n: days, v: asked ? permille(1000 * Math.min(1, watched / asked)) : '–' })}>
    <p class="lede">{sentence(all, zone)}</p>
    <Plot height={HEIGHT} cls="hours" label={sentence(all, zone)} draw={(w) => <Bars all={all} width={w} from={from} to={to} now={now} zone={zone} />} />
    <details><summary>{tr('hours.table')}</summary><Twin all={all} zone={zone} /></details>
  </Section>;
}

function Bars({ all, width, from, to, now, zone }: { all: readonly UseBin[]; width: number; from: number; to: number; now: number; zone: string }): JSX.Element {
  const left = 30, x = linear(from, to, left, width), top = niceTop(Math.max(1, ...all.map((b) => b.exposures))), y = linear(0, top, FLOOR, TOP);
  let free = 0;
  return <>
    {[0, top / 2, top].filter((v) => Number.isInteger(v)).map((v) => <Fragment key={v}>{line(left, Math.round(y(v)) + 0.5, width, Math.round(y(v)) + 0.5, v ? 's-line w1 crisp' : 's-ink2 w1 crisp')}{text(left - 6, y(v) + 4, num(v), 't-end')}</Fragment>)}
    {all.map((b) => {
      const a = x(b.from), wide = x(Math.min(b.to, now)) - a;
      if (wide <= 0) return null;
      return <Fragment key={b.from}>
        {mostlyVoid(b) && rect(a, TOP, wide + 0.3, FLOOR - TOP, '', 'void')}
        {b.exposures > 0 && <rect x={a + 0.5} y={y(b.exposures)} width={Math.max(0.8, wide - 1)} height={FLOOR - y(b.exposures)} class="f-ink2"><title>{`${date(b.from, zone, t.value)} ${clock(b.from, zone)} · ${num(b.exposures)}`}</title></rect>}
      </Fragment>;
    })}
    {timeTicks(from, to, zone).map((tick) => {
      const px = Math.round(x(tick.t)) + 0.5, label = tick.unit === 'hour' ? clock(tick.t, zone) : date(tick.t, zone, t.value);
      const room = px > free && px + textWidth(label) + 3 < width;
      if (room) free = px + textWidth(label) + 10;
      return <Fragment key={tick.t}>{line(px, FLOOR, px, FLOOR + 4, 's-line2 w1')}{room && text(px + 3, FLOOR + 15, label, 't-mid')}</Fragment>;
    })}
    {line(Math.round(x(now)) - 0.5, 12, Math.round(x(now)) - 0.5, FLOOR, 's-ink w1')}
    {text(Math.round(x(now)) - 4, 11, `${t.value('axis.now')} ${clock(now, zone)}`, 't-ink t-b t-end')}
  </>;
}

/** The same figures as rows, newest first, leaving out hours that were watched and quiet. */
function Twin({ all, zone }: { all: readonly UseBin[]; zone: string }): JSX.Element {
  const tr = t.value, rows = all.filter((b) => b.exposures > 0 || b.exams > 0 || mostlyVoid(b)).reverse();
  return <div class="scroll" tabIndex={0} role="region" aria-label={tr('hours.table')}><table class="twin">
    <thead><tr><th scope="col">{tr('hours.hour')}</th><th scope="col" class="num">{tr('fleet.exams')}</th><th scope="col" class="num">{tr('dose.exposures')}</th><th scope="col" class="num">{tr('tube.seconds')}</th>
      <th scope="col" class="num">mAs</th><th scope="col" class="num">DLP, mGy·cm</th><th scope="col" class="num">{tr('hours.watched')}</th></tr></thead>
    <tbody>{rows.map((b) => <tr key={b.from}><td>{date(b.from, zone, tr)} {String(wallAt(b.from, zone).hour).padStart(2, '0')}:00</td><td class="num">{num(b.exams)}</td><td class="num">{num(b.exposures)}</td>
      <td class="num">{sig(b.ms / 1000)}</td><td class="num">{num(b.mas)}</td><td class="num">{sig(b.dlp / 1000)}</td><td class="num">{num(Math.min(60, b.covered))} / {num(Math.min(60, b.expected))}</td></tr>)}</tbody>
  </table></div>;
}
