import type { Routes } from 'sv-router';

export const charging = {
  '/transactions': () => import('./Charging.svelte'),
} satisfies Routes;
