import type { Routes } from 'sv-router';

export const faults = {
  '/faults': () => import('./Faults.svelte'),
} satisfies Routes;
