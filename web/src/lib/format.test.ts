import { expect, test } from 'vitest';
import { span } from './format';

test('durations are said as people say them', () => {
  const said: [number, string][] = [
    [0, '0 s'],
    [-5, '0 s'],
    [45, '45 s'],
    [59.6, '1 min'],
    [300, '5 min'],
    [312, '5 min 12 s'],
    [3600, '1 h'],
    [5430, '1 h 30 min'],
    [86_400, '1 day'],
    [2 * 86_400 + 4 * 3600 + 300, '2 days 4 h'],
  ];
  for (const [seconds, text] of said) expect(span(seconds), String(seconds)).toBe(text);
});
