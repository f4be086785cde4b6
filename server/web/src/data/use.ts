// Fetching for the life of a component: at once, again each minute while the page is looked at, and on demand.
import { useEffect, useMemo } from 'preact/hooks';
import { type Loaded, type Source, source } from './store';

const EACH_MS = 60_000;

/** Keeps a shared source fresh while this component is shown. */
export function useKept<T>(kept: Source<T>, eachMs = EACH_MS): [Loaded<T>, () => void] {
  useEffect(() => {
    void kept.load();
    const each = setInterval(() => { if (!document.hidden) void kept.load(); }, eachMs);
    return () => clearInterval(each);
  }, [kept]);
  return [kept.state.value, () => void kept.load()];
}

/** The same for what only this component needs; another `key` is another thing, and starts empty. */
export function useFetched<T>(key: string, fetcher: () => Promise<T>, eachMs = EACH_MS): [Loaded<T>, () => void] {
  return useKept(useMemo(() => source(fetcher), [key]), eachMs);
}

/** A shared source that changes so rarely that once is enough; asked again only after a failure. */
export function useOnce<T>(kept: Source<T>): Loaded<T> {
  useEffect(() => { if (kept.state.peek().data === undefined) void kept.load(); }, [kept]);
  return kept.state.value;
}
