import { expect, test } from 'vitest';
import { problem } from './api';
import { fieldName, swedish } from './problems';

test('what the API says is said in Swedish', () => {
  expect(swedish('there is no site "x"')).toBe('Det finns ingen plats ”x”.');
  expect(swedish('there is no account "A 1"')).toBe('Det finns inget konto ”A 1”.');
  expect(swedish('there is no such passkey')).toBe('Det finns ingen sådan passkey.');
  expect(swedish('must have 1 to 100 characters')).toBe('ska ha 1 till 100 tecken');
  expect(swedish('of payment 01a no more than 500 can be refunded')).toBe('Så mycket kan inte betalas tillbaka.');
  expect(swedish('something that nobody foresaw')).toBeUndefined();
});

test('fields have the names that the screens give them', () => {
  expect(fieldName('email')).toBe('E-post');
  expect(fieldName('elements[1].price')).toBe('Pris (nr 2)');
  expect(fieldName('nodes[0].weird')).toBe('nodes[0].weird');
});

test('a refusal says what is wrong once, and keeps the words of the API', () => {
  const body = { detail: 'email: is missing', errors: [{ location: 'body.email', message: 'is missing' }] };
  const sv = problem(422, body, 'sv');
  expect(sv.message).toBe('E-post: saknas.');
  expect(sv.said).toBe('email: is missing');
  expect(sv.fields).toEqual([{ field: 'email', text: 'saknas', name: 'E-post' }]);
  const en = problem(422, body, 'en');
  expect(en.message).toBe('email: is missing');
  expect(en.said).toBe('');
});

test('what is not known in Swedish is told by its kind', () => {
  const p = problem(409, { detail: 'the moon is full' }, 'sv');
  expect(p.message).toBe('Det går inte med hur det är just nu.');
  expect(p.said).toBe('the moon is full');
});

test('a station that is away is not taken for a fault of the system', () => {
  expect(problem(503, { detail: 'station A is not connected' }, 'en').message).toBe('station A is not connected');
  expect(problem(503, { detail: 'station A is not connected' }, 'sv').message).toContain('A är inte ansluten');
  expect(problem(503, undefined, 'en').message).toContain('Something went wrong');
});
