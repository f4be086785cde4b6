// The tabs of a device: each is an address.
import type { JSX } from 'preact';
import { deviceHref, query } from '../../data/route';
import { t } from '../../data/store';

export const TABS = ['summary', 'papers', 'maintenance', 'figures', 'timeline', 'records'] as const;
export type Tab = (typeof TABS)[number];

export const tabNow = (): Tab => TABS.find((tab) => tab === query.value.tab) ?? 'summary';

export function Tabs({ id, counts }: { id: string; counts: Partial<Record<Tab, number>> }): JSX.Element {
  const now = tabNow(), { known } = query.value;
  return <nav class="tabs" aria-label={t.value('tab.all')}>{TABS.map((tab) => <a key={tab} href={deviceHref(id, { tab: tab === 'summary' ? undefined : tab, known })} aria-current={tab === now ? 'page' : undefined}>
    {t.value(`tab.${tab}`)}{counts[tab] ? <span class="n">{counts[tab]}</span> : null}</a>)}</nav>;
}
