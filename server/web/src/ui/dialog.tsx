// A modal form: every action that is kept in the log asks who and why.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { t } from '../data/store';

export function Dialog(props: { title: string; close: () => void; submit?: string; busy?: boolean; onSubmit?: () => void | Promise<void>; children: ComponentChildren }): JSX.Element {
  const ref = useRef<HTMLDialogElement>(null), id = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    ref.current?.showModal();
    return () => before?.focus();
  }, []);
  return <dialog ref={ref} aria-labelledby={id} onClose={props.close}>
    <form onSubmit={(event) => { event.preventDefault(); void props.onSubmit?.(); }}>
      <h2 id={id}>{props.title}</h2>
      {props.children}
      <div class="acts end">
        <button type="button" class="btn" onClick={() => ref.current?.close()}>{t.value(props.submit ? 'act.cancel' : 'act.close')}</button>
        {props.submit && <button type="submit" class="btn main" disabled={props.busy}>{props.submit}</button>}
      </div>
    </form>
  </dialog>;
}

/** A labelled control; the hint says what is wanted before anything can be wrong. */
export function Field({ label, hint, wrong, children }: { label: string; hint?: string; wrong?: boolean; children: ComponentChildren }): JSX.Element {
  return <label class="field"><span>{label}</span>{children}{hint && <small class={wrong ? 'c-fault' : undefined}>{hint}</small>}</label>;
}

/** The name a person signs with, kept for this browser tab until accounts exist. */
export function useActor(): [string, (name: string) => void] {
  const read = (): string => { try { return sessionStorage.getItem('actor') ?? ''; } catch { return ''; } };
  const [actor, setActor] = useState(read);
  return [actor, (name) => { setActor(name); try { sessionStorage.setItem('actor', name); } catch { /* only not remembered */ } }];
}
