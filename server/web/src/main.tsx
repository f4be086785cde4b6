import { type ComponentType, render } from 'preact';
import { signal } from '@preact/signals';
import { goLive, reloadAll } from './data/live';
import { followLinks, route, whenReady } from './data/route';
import { lang, loadText } from './data/store';
import { Lost } from './pages/lost';
import { Today } from './pages/today';
import { Chrome } from './ui/frame';
import { Sprite } from './ui/glyphs';

// Each page but the first is a file of its own, fetched when it is gone to.
const FETCH = {
  device: async () => (await import('./pages/device')).DevicePage,
  findings: async () => (await import('./pages/findings')).FindingsPage,
  case: async () => (await import('./pages/case')).CasePage,
  due: async () => (await import('./pages/due')).DuePage,
  rules: async () => (await import('./pages/rules')).RulesPage,
  import: async () => (await import('./pages/import')).ImportPage,
  figures: async () => (await import('./pages/figures')).FiguresPage,
} as const;
type Fetched = keyof typeof FETCH;

/** A page takes the members of its route. */
const pages = signal<Partial<Record<Fetched, ComponentType<Record<string, string>>>>>({});

async function prepare(page: string): Promise<void> {
  if (!(page in FETCH) || pages.peek()[page as Fetched]) return;
  const found = await FETCH[page as Fetched]() as ComponentType<never>;
  pages.value = { ...pages.peek(), [page]: found };
}

function App() {
  const now = route.value, Page = pages.value[now.page as Fetched];
  // `key` is a word of Preact's own.
  const members: Record<string, string> = now.page === 'case' ? { id: now.id, rule: now.rule, key_: now.key } : now.page === 'device' ? { id: now.id } : {};
  return <><Sprite /><Chrome>{now.page === 'today' ? <Today /> : Page ? <Page key={Object.values(now).join(' ')} {...members} /> : <Lost />}</Chrome></>;
}

async function start(): Promise<void> {
  const root = document.getElementById('app');
  if (!root) throw new Error('index.html has no #app');
  reloadAll();
  goLive();
  whenReady(prepare);
  await Promise.all([loadText(lang.peek()), prepare(route.peek().page)]);
  render(<App />, root);
  document.addEventListener('click', followLinks);
}
start().catch((error: unknown) => { document.body.append(`Gantry could not start. 无法启动。 ${String(error)}`); });
