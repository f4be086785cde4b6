// A KPI with its four parts: value, unit, period, coverage; and what it was divided by.
import type { JSX } from 'preact';
import { num, permille, sig } from '../core/format';
import { written } from '../core/figures';
import { api } from '../data/api';
import { source, t, told } from '../data/store';
import type { DictionaryEntry, Figure as Kpi } from '../data/types';
import { useOnce } from '../data/use';
import { Figure } from './parts';

const dictionary = source<ReadonlyMap<string, DictionaryEntry>>(async () => new Map((await api.dictionary()).items.filter((e) => e.id.startsWith('kpi.')).map((e) => [e.id.slice(4), e])));
export type Words = ReadonlyMap<string, DictionaryEntry>;
const NO_WORDS: Words = new Map();
/** What each figure is called and how it is computed; asked once. */
export const useDictionary = (): Words => useOnce(dictionary).data ?? NO_WORDS;

export const kpiName = (id: string, words: Words): string => told(words.get(id), 'title') || t.value.or(`kpi.${id}`, id.replaceAll('_', ' '));
/** The reason, phase or protocol group that a figure is told apart by. */
export const partWord = (part: string): string => t.value.or(`value.${part}`, part.replaceAll('_', ' '));
export const unitOf = (f: Kpi, words: Words): string => f.unit ?? words.get(f.id)?.unit ?? '';

/** Why there is no value, in words where the code is known. */
export function whyNull(f: Kpi): string {
  const why = f.why_null ? t.value.or(`why.${f.why_null}`, f.why_null.replaceAll('_', ' ')) : t.value('kpis.unknown'), lacks = f.value === null ? (f.basis ?? []).map((b) => t.value.or(`paper.${b}`, b.replaceAll('_', ' '))) : [];
  return lacks.length ? `${why}${t.value('list.colon')}${lacks.join(t.value('list.sep'))}` : why;
}

export function FigureLine({ figure: f, words }: { figure: Kpi; words: Words }): JSX.Element {
  const tr = t.value, { text, unit } = written(f.value, unitOf(f, words));
  return <Figure name={kpiName(f.id, words)} value={f.value === null ? <span class="dim">–</span> : text} unit={unit}
    about={f.value === null ? whyNull(f) : [overWords(f, words), f.coverage_permille === undefined || f.coverage_permille === null ? '' : tr('dose.coverage', { v: permille(f.coverage_permille) })].filter(Boolean).join(' · ')} />;
}

/** "26 / 27", "714 h / 720 h": what a figure was divided by, each in its own unit; of a percentile, how many values. */
export function overWords(f: Kpi, words: Words): string {
  const entry = words.get(f.id), plain = (v: number | null | undefined, unit: string | null | undefined): string => {
    if (v === null || v === undefined) return '';
    const said = unit && unit !== '1' ? written(v, unit) : { text: Number.isInteger(v) ? num(v) : sig(v), unit: '' };
    return said.unit ? `${said.text} ${said.unit}` : said.text;
  };
  const above = plain(f.numerator, entry?.numerator_unit), below = plain(f.denominator, entry?.denominator_unit);
  return above && below ? `${above} / ${below}` : above || (below ? `n = ${below}` : '');
}

/** A small bar of what share of the period was watched; the part nobody watched is hatched. */
export function CoverageBar({ permille: value }: { permille: number | null | undefined }): JSX.Element {
  const wide = 40, seen = value === null || value === undefined ? 0 : wide * value / 1000;
  return <svg class="cover" width={wide} height="8" viewBox={`0 0 ${wide} 8`} aria-hidden="true"><rect x=".5" y=".5" width={wide - 1} height="7" fill="url(#p-void)" class="s-void w1" />{seen > 0 && <rect x="0" y="0" width={seen} height="8" class="f-ink2" />}</svg>;
}
