// Numbers, durations and dates as a person reads them. Digits are grouped and signs are true minus signs.
import { DAY, HOUR, MINUTE, wallAt } from './zone';
import type { Translator } from './text';

export const NONE = '–';

/** A number with fixed decimals; unknown is a dash, never zero. */
export function num(value: number | null | undefined, decimals = 0): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).replace('-', '−');
}

/** Three figures that matter: 9.84, 98.4, 984, 9,840. */
export function sig(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  const size = Math.abs(value);
  return num(value, size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : 2);
}

export function permille(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return NONE;
  return value >= 999.5 ? '100' : value > 990 ? num(value / 10, 1) : num(Math.floor(value / 10));
}

/** "3 h 12 min", "4 d", "55 min", "20 s": two parts at most. */
export function span(ms: number, t: Translator): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return t('dur.s', { v: s });
  const min = Math.floor(ms / MINUTE), h = Math.floor(ms / HOUR), d = Math.floor(ms / DAY);
  if (h < 1) return t('dur.min', { v: min });
  if (h < 10 && min % 60) return t('dur.h_min', { h, m: min % 60 });
  if (d < 2) return t('dur.h', { v: h });
  if (d < 730) return t('dur.d', { v: num(d) });
  return t('dur.y', { v: num(d / 365.25, 1) });
}

const p2 = (n: number): string => String(n).padStart(2, '0');

export function clock(t: number, zone: string, seconds = false): string {
  const w = wallAt(t, zone);
  return `${p2(w.hour)}:${p2(w.minute)}${seconds ? ':' + p2(w.second) : ''}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

export function monthName(month: number, tr: Translator): string {
  return tr.lang === 'zh-CN' ? `${month}月` : MONTHS[month - 1] ?? '';
}

export function date(t: number, zone: string, tr: Translator, year = false): string {
  const w = wallAt(t, zone);
  if (tr.lang === 'zh-CN') return `${year ? w.year + '年' : ''}${w.month}月${w.day}日`;
  return `${w.day} ${MONTHS[w.month - 1] ?? ''}${year ? ' ' + w.year : ''}`;
}

export function longDate(t: number, zone: string, tr: Translator): string {
  return new Intl.DateTimeFormat(tr.lang === 'en' ? 'en-GB' : tr.lang, { timeZone: zone, dateStyle: 'full' }).format(t);
}

/** The whole moment, for the hover text: 18 Nov 2026 10:42:06. */
export function moment(t: number, zone: string, tr: Translator): string {
  return `${date(t, zone, tr, true)} ${clock(t, zone, true)}`;
}

/** Short for a list: the clock today, the date and clock before. */
export function when(t: number, now: number, zone: string, tr: Translator): string {
  const a = wallAt(t, zone), b = wallAt(now, zone);
  if (a.year === b.year && a.month === b.month && a.day === b.day) return clock(t, zone, true);
  return a.year === b.year ? `${date(t, zone, tr)} ${clock(t, zone)}` : date(t, zone, tr, true);
}

/** RFC 3339 from the server to an instant; nothing readable is undefined. */
export function instant(text: string | number | null | undefined): number | undefined {
  if (typeof text === 'number') return Number.isFinite(text) ? text : undefined;
  if (!text) return undefined;
  const t = Date.parse(text);
  return Number.isNaN(t) ? undefined : t;
}

/** First and last four digits of a hash. */
export function shortHash(hex: string | null | undefined): string {
  if (!hex) return NONE;
  return hex.length > 12 ? `${hex.slice(0, 4)}…${hex.slice(-4)}` : hex;
}
