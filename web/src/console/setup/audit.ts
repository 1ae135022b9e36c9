// Changes, each made of the two lines that the trail has of it.
import type { Schemas } from '../../lib/api';
import { words } from '../../lib/words';

type Line = Schemas['AuditView'];
export type Change = Line & { result?: Line };

const t = words({
  done: { sv: 'gjort', en: 'done' },
  refused: { sv: 'nekat ({n})', en: 'refused ({n})' },
  failed: { sv: 'misslyckades ({n})', en: 'failed ({n})' },
  open: { sv: 'inget resultat', en: 'no result' },
  machine: { sv: 'den här maskinen', en: 'this machine' },
});

/** What was asked for, with what came of it where that is known. What came of something that is not there stands for itself. */
export function merged(lines: Line[]): Change[] {
  const results = new Map(lines.filter((l) => l.stage === 'result').map((l) => [l.of, l]));
  return lines.filter((l) => l.stage === 'asked').map((l) => ({ ...l, result: results.get(l.seq) }));
}

export function outcome(c: Change): { tone: 'good' | 'warn' | 'bad' | 'quiet'; text: string } {
  const n = c.result?.status;
  if (!n) return { tone: 'quiet', text: t('open') };
  if (n < 400) return { tone: 'good', text: t('done') };
  return n < 500 ? { tone: 'warn', text: t('refused', { n }) } : { tone: 'bad', text: t('failed', { n }) };
}

/** Who has done something; where nobody signs in it is the machine. */
export const who = (name: string): string => (name === 'this machine' ? t('machine') : name);
