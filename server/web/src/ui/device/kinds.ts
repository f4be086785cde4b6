// The kinds of paper, asked once, and what each is called.
import { api } from '../../data/api';
import { source, t } from '../../data/store';
import type { PaperKind } from '../../data/types';

export const paperKinds = source<PaperKind[]>(async () => (await api.paperKinds()).kinds);
export const kindWord = (kind: string, kinds: readonly PaperKind[] | undefined): string => {
  const found = kinds?.find((k) => k.kind === kind);
  return t.value.lang === 'en' ? t.value.or(`paper.${kind}`, kind.replaceAll('_', ' ')) : found?.text.zh || t.value.or(`paper.${kind}`, kind);
};
