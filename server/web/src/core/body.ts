// The body of a record as rows: names in words where the catalogue has them, the unit taken from the name's ending.
import { num, sig } from './format';
import type { Translator } from './text';

export interface BodyRow { path: string; name: string; value: string; unit: string }

const ROWS_MAX = 60, TEXT_MAX = 200;

/** Endings of the schema's field names: what to divide by and the unit that is left. */
const UNITS: readonly (readonly [string, number, string])[] = [
  ['_ugy_cm', 1000, 'mGy·cm'], ['_ugy', 1000, 'mGy'], ['_ms', 1000, 's'], ['_um', 1000, 'mm'], ['_ua', 1000, 'mA'], ['kvp_v', 1000, 'kV'], ['kv_v', 1000, 'kV'], ['_milli', 1000, ''],
  ['_permille', 10, '%'], ['_mc', 1000, '°C'], ['_mv', 1000, 'V'], ['_bytes', 1, 'B'], ['mas', 1, 'mAs'],
];

function value(key: string, raw: unknown, t: Translator): [string, string] {
  if (raw === null || raw === undefined) return ['–', ''];
  if (typeof raw === 'boolean') return [t(raw ? 'word.yes' : 'word.no'), ''];
  if (typeof raw === 'number') {
    const unit = UNITS.find(([ending]) => key.endsWith(ending));
    return unit ? [unit[1] === 1 ? num(raw) : sig(raw / unit[1]), unit[2]] : [num(raw), ''];
  }
  const words = String(raw);
  return [t.or(`value.${words}`, words.length > TEXT_MAX ? `${words.slice(0, TEXT_MAX)}…` : words), ''];
}

/** At most ROWS_MAX rows; objects and lists are opened, `sources 1 · id` for a list's element. */
export function bodyRows(body: unknown, t: Translator): BodyRow[] {
  const out: BodyRow[] = [];
  const walk = (raw: unknown, path: string, name: string, key: string, depth: number): void => {
    if (out.length >= ROWS_MAX) return;
    if (raw && typeof raw === 'object' && depth < 6) {
      const entries = Array.isArray(raw) ? raw.map((v, i) => [String(i + 1), v] as const) : Object.entries(raw);
      if (Array.isArray(raw) && raw.every((v) => typeof v !== 'object')) { out.push({ path, name, value: raw.map((v) => value(key, v, t)[0]).join(t('list.sep')) || '–', unit: '' }); return; }
      for (const [k, v] of entries) {
        const word = /^\d+$/.test(k) ? k : t.or(`body.${k}`, k);
        walk(v, `${path}/${k}`, name ? `${name} ${/^\d+$/.test(k) ? '' : '· '}${word}` : word, /^\d+$/.test(k) ? key : k, depth + 1);
      }
      return;
    }
    const [words, unit] = value(key, raw, t);
    out.push({ path, name: name || key, value: words, unit });
  };
  walk(body, '', '', '', 0);
  return out;
}
