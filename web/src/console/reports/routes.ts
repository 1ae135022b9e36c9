import type { Routes } from 'sv-router';

export const reports = {
  '/reports': () => import('./Reports.svelte'),
} satisfies Routes;
