import type { Routes } from 'sv-router';

export const customers = {
  '/customers': () => import('./Customers.svelte'),
} satisfies Routes;
