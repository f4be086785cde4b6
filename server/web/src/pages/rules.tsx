// Rules: what judges, in force now, with its parameters, text, basis, and how much is open under it.
import { Fragment, type JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { date, instant, num } from '../core/format';
import { SEVERITIES } from '../core/queue';
import { api } from '../data/api';
import { href, query, setQuery } from '../data/route';
import { fleetZone, minute, t, told } from '../data/store';
import type { Rule } from '../data/types';
import { useFetched } from '../data/use';
import { Frame } from '../ui/frame';
import { Glyph } from '../ui/glyphs';
import { RuleId, Severity } from '../ui/marks';
import { paramRows } from '../ui/params';
import { Content, Section } from '../ui/parts';

const basisOf = (r: Rule): string => told(r, 'basis') || r.basis || '';
const packOf = (r: Rule): string => r.pack ?? '';
const inForce = (r: Rule, now: number): boolean => (instant(r.from) ?? -Infinity) <= now && now < (instant(r.to) ?? Infinity);

export function RulesPage(): JSX.Element {
  const tr = t.value, zone = fleetZone.value, asked = query.value, [state, reload] = useFetched<Rule[]>('rules', async () => (await api.rules()).items);
  useEffect(() => { document.title = `Gantry · ${tr('nav.rules')}`; }, [tr]);
  return <Frame zone={zone}>
    <div class="head"><div><h1 tabIndex={-1}>{tr('nav.rules')}</h1>{state.data && <p class="lede">{headline(state.data)}</p>}</div></div>
    <Content state={state} zone={zone} retry={reload} rows={14} height={36}>{(all) => {
      const words = (asked.q ?? '').toLowerCase(), shown = all.filter((r) => (!asked.pack || packOf(r) === asked.pack) && (!asked.severity || r.severity === asked.severity) && (!asked.id || r.id === asked.id) && (!words || `${r.id} ${told(r, 'title')} ${told(r, 'text')} ${basisOf(r)}`.toLowerCase().includes(words)));
      const packs = [...new Set(shown.map(packOf))];
      return <><Filters all={all} shown={shown.length} />
        {all.length === 0 ? <p class="none">{tr('rules.none')}</p> : shown.length === 0 ? <p class="none">{tr('rules.none_match')} <button type="button" class="link" onClick={clear}>{tr('queue.clear')}</button></p> : packs.map((pack) => <Pack key={pack} pack={pack} rules={shown.filter((r) => packOf(r) === pack)} />)}
      </>;
    }}</Content>
    <p class="note">{tr('rules.note')}</p>
  </Frame>;
}

const clear = (): void => setQuery({ q: undefined, pack: undefined, severity: undefined, id: undefined });

function headline(all: readonly Rule[]): string {
  const now = minute.value, force = all.filter((r) => inForce(r, now)), ids = new Set(force.map((r) => r.id)), open = all.reduce((n, r) => n + (r.open_findings ?? 0), 0), speaking = new Set(all.filter((r) => r.open_findings).map((r) => r.id)).size;
  return t.value('rules.head', { n: ids.size, v: num(ids.size), speaking: num(speaking), open: num(open) });
}

function Filters({ all, shown }: { all: readonly Rule[]; shown: number }): JSX.Element {
  const tr = t.value, asked = query.value, packs = [...new Set(all.map(packOf))];
  return <div class="filters" role="search" aria-label={tr('queue.filters')}>
    <label class={`pick ${asked.q ? 'on' : ''}`}><span>{tr('rules.search')}</span><input value={asked.q ?? ''} maxLength={80} onInput={(e) => setQuery({ q: e.currentTarget.value, id: undefined })} /></label>
    <label class={`pick ${asked.pack ? 'on' : ''}`}><span>{tr('rules.pack')}</span><select value={asked.pack ?? ''} onChange={(e) => setQuery({ pack: e.currentTarget.value })}><option value="">{tr('queue.any')}</option>{packs.map((p) => <option key={p} value={p}>{packWord(p)}</option>)}</select></label>
    <label class={`pick ${asked.severity ? 'on' : ''}`}><span>{tr('queue.severity')}</span><select value={asked.severity ?? ''} onChange={(e) => setQuery({ severity: e.currentTarget.value })}><option value="">{tr('queue.any')}</option>{SEVERITIES.map((s) => <option key={s} value={s}>{tr(`level.${s}`)}</option>)}</select></label>
    {asked.id && <span class="pick on"><span>{tr('queue.rule')}</span> <b class="mono">{asked.id}</b></span>}
    {(asked.q || asked.pack || asked.severity || asked.id) && <button type="button" class="link" onClick={clear}>{tr('queue.clear')}</button>}
    <span class="meta">{tr('queue.count', { v: num(shown), all: num(all.length) })}</span>
  </div>;
}

const packWord = (pack: string): string => t.value.or(`pack.${pack.replace(/\.toml$/, '')}`, pack.replace(/\.toml$/, '').replaceAll('_', ' '));

function Pack({ pack, rules }: { pack: string; rules: readonly Rule[] }): JSX.Element {
  const tr = t.value, only = query.value.id;
  return <Section id={`pack-${pack}`} title={packWord(pack)} sub={pack && <span class="mono">{pack}</span>} meta={tr('rules.count', { n: rules.length, v: num(rules.length) })}>
    <div class="rules">{rules.map((r) => <One key={`${r.id} ${r.version}`} r={r} open={r.id === only} />)}</div>
  </Section>;
}

function One({ r, open }: { r: Rule; open: boolean }): JSX.Element {
  const tr = t.value, from = instant(r.from), to = instant(r.to), now = minute.value, force = inForce(r, now), params = Object.entries(r.parameters ?? {});
  return <details class={`one ${force ? '' : 'past'}`} open={open}>
    <summary><RuleId id={r.id} /><span class="ttl"><b>{told(r, 'title')}</b><span class="more">{basisOf(r)}</span></span><Severity level={r.severity} word /><span class="ver">{tr('rules.version', { v: r.version })}{!force && <span class="more">{tr(from !== undefined && from > now ? 'rules.not_yet' : 'rules.no_more')}</span>}</span>
      <span class="num">{r.open_findings ? <><b>{num(r.open_findings)}</b> <span class="u">{tr('rules.open')}</span></> : <span class="dim">·<span class="vh">0 {tr('rules.open')}</span></span>}</span><Glyph name="down" /></summary>
    <div class="split">
      <div><div class="law"><p>{told(r, 'text')}</p></div>{r.open_findings ? <p class="note"><a href={href('/findings', { rule: r.id })}>{tr('rules.to_findings', { n: r.open_findings, v: num(r.open_findings) })}</a></p> : null}</div>
      <dl class="kv"><dt>{tr('rules.in_force')}</dt><dd>{from !== undefined ? date(from, 'UTC', tr, true) : '–'} – {to !== undefined ? date(to, 'UTC', tr, true) : tr('rules.open_end')}</dd>
        {r.function && <><dt>{tr('rules.function')}</dt><dd class="mono">{r.function}</dd></>}
        {params.length > 0 ? paramRows(r.parameters ?? {}).map(([name, value]) => <Fragment key={name}><dt class="mono">{name}</dt><dd>{value}</dd></Fragment>) : <><dt>{tr('rules.parameters')}</dt><dd class="dim">{tr('rules.no_parameters')}</dd></>}</dl>
    </div>
  </details>;
}
