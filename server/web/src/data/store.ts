// What the page knows, as signals. Screens read; only this folder writes.
import { computed, effect, signal, type Signal } from '@preact/signals';
import en from '../../../../config/text/en.json';
import zh from '../../../../config/text/zh-CN.json';
import { knownZone } from '../core/zone';
import { type Catalogue, chooseLang, type Lang, translator } from '../core/text';
import { api, ApiError, serverNow } from './api';
import type { Device, RecordNote, Status, Unassigned } from './types';

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
export const t = computed(() => translator(lang.value, (lang.value === 'en' ? en : zh) as Catalogue));
effect(() => { document.documentElement.lang = lang.value; });
effect(() => { document.documentElement.dataset.theme = theme.value; });
for (const key of ['lang', 'theme']) { const value = asked.get(key); if (value) remember(key, value); }

function choose(key: 'lang' | 'theme', value: string): void {
  remember(key, value);
  const address = new URL(location.href);
  if (address.searchParams.has(key)) { address.searchParams.set(key, value); history.replaceState(history.state, '', address); }
}
export function flipLang(): void { lang.value = lang.value === 'en' ? 'zh-CN' : 'en'; choose('lang', lang.value); }
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
