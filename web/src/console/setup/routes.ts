import type { Routes } from 'sv-router';

export const setup = {
  '/settings': () => import('./Setup.svelte'),
} satisfies Routes;
