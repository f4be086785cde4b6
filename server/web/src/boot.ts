// Runs before the first paint: theme and language, so that the page never flashes in the wrong ones.
const asked = new URLSearchParams(location.search);
const read = (key: string): string | null => { try { return asked.get(key) ?? localStorage.getItem(key); } catch { return asked.get(key); } };
const dark = matchMedia('(prefers-color-scheme: dark)');
const theme = read('theme');
document.documentElement.dataset.theme = theme === 'dark' || theme === 'light' ? theme : dark.matches ? 'dark' : 'light';
