// Brings the forms in when somebody files something: most who look at a device never do.
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { DeviceDetail, Paper, PaperKind } from '../../data/types';

export type Filing = { kind?: string; known?: Readonly<Record<string, string>>; paper?: Paper; title?: string };
export interface FilingProps { device: DeviceDetail; kinds: readonly PaperKind[]; filing: Filing; zone: string; close: () => void; done: () => void }

export function FilingDialog(props: FilingProps): JSX.Element | null {
  const [forms, setForms] = useState<typeof import('./paper-form')>();
  useEffect(() => { void import('./paper-form').then(setForms); }, []);
  if (!forms) return null;
  // What is kept by its file alone has a form of its own.
  return props.filing.kind === 'document' && props.filing.known?.kind ? <forms.DocumentDialog {...props} /> : <forms.PaperDialog {...props} />;
}
