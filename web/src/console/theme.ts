import { read, write } from '../lib/words';

export type Theme = 'system' | 'light' | 'dark';
const kept = 'gnista-theme';

export const theme = (): Theme => (read(kept) as Theme | null) ?? 'system';

export function applyTheme(to: Theme = theme()) {
  write(kept, to);
  if (to === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = to;
}
