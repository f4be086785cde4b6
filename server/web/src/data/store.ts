// What the page knows, as signals. Screens read; only this folder writes.
import { computed, effect, signal, type Signal } from '@preact/signals';
import { DAY, knownZone } from '../core/zone';
import { type Catalogue, chooseLang, type Lang, translator } from '../core/text';
import { api, ApiError, serverNow } from './api';
import type { Device, Due, Finding, Org, RecordNote, Rule, Status, Unassigned } from './types';

/** Something fetched: the last good answer stays while a newer one is asked for or fails. */
export interface Loaded<T> { data?: T; at?: number; error?: ApiError; busy: boolean }

export interface Source<T> { readonly state: Signal<Loaded<T>>; load(): Promise<void> }

/** One fetchable thing. Asking again while a request runs waits for that one and then asks once more. */
export function source<T>(fetcher: () => Promise<T>): Source<T> {
  const state = signal<Loaded<T>>({ busy: true });
  let running: Promise<void> | undefined, again = false;
  const once = async (): Promise<void> => {
    state.value = { ...state.peek(), busy: true };
    try {
      state.value = { data: await fetcher(), at: serverNow(), busy: false };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      state.value = { ...state.peek(), error, busy: false };
    }
  };
  const run = async (): Promise<void> => { do { again = false; await once(); } while (again); running = undefined; };
  return { state, load() { if (running) again = true; else running = run(); return running ?? Promise.resolve(); } };
}

// ---- language and theme: from the address, else remembered, else the browser's -------------------------------------------------
const remembered = (key: string): string | null => { try { return localStorage.getItem(key); } catch { return null; } };
const remember = (key: string, value: string): void => { try { localStorage.setItem(key, value); } catch { /* private mode: only not remembered */ } };
const asked = new URLSearchParams(location.search);

export const lang = signal<Lang>(chooseLang(asked.get('lang'), remembered('lang'), navigator.languages));
export const theme = signal<'light' | 'dark'>(document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light');
const texts = signal<{ lang: Lang; catalogue: Catalogue }>({ lang: 'en', catalogue: {} });
export const t = computed(() => translator(texts.value.lang, texts.value.catalogue));
effect(() => { document.documentElement.lang = lang.value; });
effect(() => { document.documentElement.dataset.theme = theme.value; });
for (const key of ['lang', 'theme']) { const value = asked.get(key); if (value) remember(key, value); }

function choose(key: 'lang' | 'theme', value: string): void {
  remember(key, value);
  const address = new URL(location.href);
  if (address.searchParams.has(key)) { address.searchParams.set(key, value); history.replaceState(history.state, '', address); }
}

/** Fetches a language's words; nothing on the page changes before they are there. */
export async function loadText(next: Lang): Promise<void> {
  const found = next === 'en' ? await import('../../../../config/text/en.json') : await import('../../../../config/text/zh-CN.json');
  texts.value = { lang: next, catalogue: found.default };
  lang.value = next;
}
export async function flipLang(): Promise<void> { await loadText(lang.value === 'en' ? 'zh-CN' : 'en'); choose('lang', lang.value); }
export function flipTheme(): void { theme.value = theme.value === 'dark' ? 'light' : 'dark'; choose('theme', theme.value); }

// ---- the present ---------------------------------------------------------------------------------------------------------------
/** The server's present in steps of a second; bands need only `minute`. */
export const second = signal(serverNow());
export const minute = signal(serverNow());
setInterval(() => {
  second.value = serverNow();
  if (second.value - minute.value >= 15_000 || second.value < minute.value) minute.value = second.value;
}, 1000);

// ---- the fleet -----------------------------------------------------------------------------------------------------------------
export const devices = source<Device[]>(api.devices);
export const status = source<Status>(api.status);
export const unassigned = source<Unassigned[]>(async () => (await api.unassigned()).items);
export const notes = signal<readonly RecordNote[]>([]);
export const NOTES_MAX = 100;

/** Times on a page that shows many devices: their zone when they share one, else this browser's. */
export const fleetZone = computed(() => {
  const zones = new Set((devices.state.value.data ?? []).map((d) => d.site_tz).filter(Boolean));
  return knownZone(zones.size === 1 ? [...zones][0] ?? undefined : Intl.DateTimeFormat().resolvedOptions().timeZone);
});

/** Open findings of the fleet and what is due, for Today and the counts beside the navigation. */
export const openFindings = source<Finding[]>(() => api.findings({ open: 'true' }));
export const DUE_DAYS = 91;
export const due = source<Due[]>(() => api.due({ until: new Date(serverNow() + DUE_DAYS * DAY).toISOString() }));
/** The rules by id: the newest version that is in force. They change with a release, so they are asked for once. */
export const rules = source<Rule[]>(async () => (await api.rules()).items);
export const ruleById = computed(() => {
  const out = new Map<string, Rule>();
  for (const rule of rules.state.value.data ?? []) if ((out.get(rule.id)?.version ?? -1) < rule.version) out.set(rule.id, rule);
  return out;
});
export const orgs = source<Org[]>(api.orgs);
/** A text that comes in both languages. */
export const told = <K extends string>(thing: Partial<Record<`${K}_en` | `${K}_zh`, string | null>> | undefined, key: K): string =>
  (thing && (lang.value === 'en' ? thing[`${key}_en`] || thing[`${key}_zh`] : thing[`${key}_zh`] || thing[`${key}_en`])) || '';
/** An organisation's or a site's name; its id when nobody told one. */
export const orgName = (id: string | null | undefined): string => {
  const found = orgs.state.value.data?.find((o) => o.id === id);
  return (lang.value === 'en' ? found?.name_en || found?.name : found?.name) || id || '';
};
export const siteName = (id: string | null | undefined): string => {
  for (const org of orgs.state.value.data ?? []) for (const site of org.sites ?? []) if (site.id === id) return (lang.value === 'en' ? site.name_en || site.name : site.name) || site.id;
  return id || '';
};
export const placeWords = (org: string | null | undefined, site: string | null | undefined): string => [orgName(org), siteName(site)].filter((w, i, all) => w && all.indexOf(w) === i).join(' · ');

/** Takes in what the stream says about a device; one that is new to us is added. */
export function mergeDevices(changed: ReadonlyMap<string, Device>): void {
  const known = devices.state.peek();
  if (!known.data || changed.size === 0) return;
  const rest = new Map(changed);
  const data = known.data.map((d) => { const change = rest.get(d.id); rest.delete(d.id); return change ? { ...d, ...change } : d; });
  devices.state.value = { ...known, data: [...data, ...rest.values()], at: serverNow() };
}

/** Newest first by log index, each once. */
export function addNotes(added: readonly RecordNote[]): void {
  if (!added.length) return;
  const byIndex = new Map([...notes.peek(), ...added].map((n) => [n.log_index, n]));
  notes.value = [...byIndex.values()].sort((a, b) => b.log_index - a.log_index).slice(0, NOTES_MAX);
}
