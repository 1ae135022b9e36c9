import type { Routes } from 'sv-router';

export const money = {
  '/payments': () => import('./Money.svelte'),
} satisfies Routes;
