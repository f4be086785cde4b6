import type { JSX } from 'preact';
import { fleetZone, t } from '../data/store';
import { todayHref } from '../data/route';
import { Frame } from '../ui/frame';

/** An address that no screen has. */
export function Lost(): JSX.Element {
  return <Frame zone={fleetZone.value}><div class="head"><div><h1 tabIndex={-1}>{t.value('lost.title')}</h1><p class="lede">{t.value('lost.why')} <a href={todayHref()}>{t.value('nav.today')}</a></p></div></div></Frame>;
}
