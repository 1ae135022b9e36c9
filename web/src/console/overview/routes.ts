import type { Routes } from 'sv-router';

export const overview = {
  '/': () => import('./Overview.svelte'),
} satisfies Routes;
