import { expect, test } from 'vitest';
import { line } from './csv';

test('cells that need it are quoted, and none is a formula', () => {
  expect(line(['a', 1, 'b,c', 'say "x"', '=1+1', '-5', -5])).toBe(`a,1,"b,c","say ""x""","'=1+1","'-5",-5\r\n`);
});
