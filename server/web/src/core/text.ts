// The catalogue: one flat list of keys per language. A value may hold {name} placeholders; a key that ends in
// _one/_other is chosen by the plural rule for {n}.

export type Catalogue = Readonly<Record<string, string>>;
export type Params = Readonly<Record<string, string | number>>;
export type Lang = 'en' | 'zh-CN';

export interface Translator {
  readonly lang: Lang;
  (key: string, params?: Params): string;
  /** The text when the catalogue has the key, else `fallback`: for codes that come from outside. */
  or(key: string, fallback: string): string;
}

const HOLE = /\{([a-z0-9_]+)\}/g;

/** Every placeholder a text has, sorted: two languages must agree on them. */
export function placeholders(text: string): string[] {
  return [...new Set([...text.matchAll(HOLE)].map((m) => m[1] ?? ''))].sort();
}

export function translator(lang: Lang, catalogue: Catalogue): Translator {
  const plural = new Intl.PluralRules(lang);
  const find = (key: string, params?: Params): string | undefined => {
    if (params && typeof params.n === 'number') {
      const formed = catalogue[`${key}_${plural.select(params.n)}`] ?? catalogue[`${key}_other`];
      if (formed !== undefined) return formed;
    }
    return catalogue[key];
  };
  const t = ((key: string, params?: Params) => {
    const found = find(key, params);
    if (found === undefined) return key;
    return found.replace(HOLE, (hole, name: string) => params && name in params ? String(params[name]) : hole);
  }) as Translator & { lang: Lang };
  (t as { lang: Lang }).lang = lang;
  t.or = (key, fallback) => catalogue[key] ?? fallback;
  return t;
}

/** The language for a page: what the address asks, else what was chosen before, else what the browser prefers. */
export function chooseLang(asked: string | null, remembered: string | null, preferred: readonly string[]): Lang {
  for (const candidate of [asked, remembered, ...preferred]) {
    if (!candidate) continue;
    if (/^zh\b/i.test(candidate)) return 'zh-CN';
    if (/^en\b/i.test(candidate)) return 'en';
  }
  return 'en';
}
