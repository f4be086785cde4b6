// The next two weeks: one lane for each kind of duty, a mark for each day on which something is due.
import { Fragment, type JSX } from 'preact';
import { date, instant, num } from '../core/format';
import { linear, textWidth } from '../core/scale';
import { DAY, dayStart } from '../core/zone';
import { href } from '../data/route';
import { due, minute, t } from '../data/store';
import type { Due } from '../data/types';
import { DUE_LANES, dueTitle } from './due-words';
import { Section } from './parts';
import { line, Plot, rect, text } from './svg';

const DAYS = 15, PITCH = 34, TOP = 20;

export function Ahead({ zone }: { zone: string }): JSX.Element | null {
  const tr = t.value, all = due.state.value.data;
  if (!all) return null;
  const from = dayStart(minute.value, zone), to = dayStart(from + (DAYS + 0.5) * DAY, zone), shown = all.filter((d) => { const at = instant(d.at) ?? 0; return at < to; });
  return <Section id="ahead" title={tr('ahead.title', { day: date(to - 1, zone, tr) })} meta={tr('ahead.meta')}>
    <Plot height={TOP + DUE_LANES.length * PITCH + 2} label={tr('ahead.label', { n: shown.length, v: num(shown.length) })} draw={(w) => <Marks shown={shown} from={from} to={to} width={w} zone={zone} />} />
    <p class="note"><a href={href('/due')}>{tr('ahead.all')}</a></p>
  </Section>;
}

const weekend = (t0: number): boolean => [0, 6].includes(new Date(t0 + DAY / 2).getUTCDay());

function Marks({ shown, from, to, width, zone }: { shown: readonly Due[]; from: number; to: number; width: number; zone: string }): JSX.Element {
  const tr = t.value, left = 26, x = linear(from, to, left, width - 4), days = Array.from({ length: DAYS }, (_, i) => from + i * DAY), bottom = TOP + DUE_LANES.length * PITCH;
  return <>
    {days.filter(weekend).map((d) => <Fragment key={d}>{rect(x(d), TOP, x(d + DAY) - x(d), bottom - TOP, 'f-bg2')}</Fragment>)}
    {text(left, 12, tr('ahead.today'), 't-ink t-b')}
    {[5, 10].map((i) => <Fragment key={i}>{text(x(from + i * DAY), 12, date(from + i * DAY, zone, tr), '')}</Fragment>)}
    {DUE_LANES.map(([name, kinds], i) => {
      const y = TOP + i * PITCH, own = shown.filter((d) => kinds.includes(d.kind)).sort((a, b) => a.at.localeCompare(b.at)), late = own.filter((d) => (instant(d.at) ?? 0) < from), perDay = new Map<number, Due[]>();
      for (const d of own) { const at = instant(d.at) ?? 0; if (at >= from) { const day = Math.floor((at - from) / DAY); perDay.set(day, [...perDay.get(day) ?? [], d]); } }
      const free = late.length > 1 ? left + 8 + textWidth(tr('ahead.late', { n: late.length })) : left;
      const marks = [...perDay].sort((a, b) => a[0] - b[0]);
      return <Fragment key={name}>
        {line(0, y + PITCH - 0.5, width, y + PITCH - 0.5, 's-line w1 crisp')}
        {text(0, y + 12, tr(`due_lane.${name}`), 't-mid t-halo')}
        {line(left + 0.5, y + 15, left + 0.5, y + PITCH - 1, 's-ink w1')}
        {late.length > 0 && <>{rect(2, y + 17, 20, 11, 's-fault w1', 'over')}{late.length > 1 && text(left + 6, y + 27, tr('ahead.late', { n: late.length }), 't-fault t-halo')}</>}
        {marks.map(([day, list], k) => {
          const px = x(from + (day + 0.5) * DAY), one = list[0] as Due, label = list.length > 1 ? `${num(list.length)}` : `${one.device_name || one.device}`, next = marks[k + 1], until = next ? x(from + (next[0] + 0.5) * DAY) - 10 : width - 2, room = px + 8 + textWidth(label) < until && px > free;
          return <Fragment key={day}><path d={`M${px} ${y + 17}l5.5 5.5-5.5 5.5-5.5-5.5z`} class="f-ink2"><title>{list.slice(0, 12).map((d) => `${d.device_name || d.device}: ${dueTitle(d)}`).join('\n')}</title></path>{room && text(px + 9, y + 27, label, 't-ink t-halo')}</Fragment>;
        })}
      </Fragment>;
    })}
  </>;
}
