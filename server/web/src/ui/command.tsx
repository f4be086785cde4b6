// A command that a person may run, with a button that copies it.
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { t } from '../data/store';

export function Command({ text }: { text: string }): JSX.Element {
  const code = useRef<HTMLElement>(null), [done, setDone] = useState<'no' | 'copied' | 'selected'>('no');
  const copy = async (): Promise<void> => {
    try { await navigator.clipboard.writeText(text); setDone('copied'); } catch {
      // Without a secure context there is no clipboard: the text is selected, and a key copies it.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setDone('selected');
    }
  };
  return <p class="cmd"><code ref={code}>{text}</code><button type="button" class="btn slim" onClick={() => void copy()}>{t.value('act.copy')}</button>
    <span class={done === 'no' ? 'vh' : 'said'} role="status">{done === 'no' ? '' : t.value(`copy.${done}`)}</span></p>;
}
