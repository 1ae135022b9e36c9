import type { Routes } from 'sv-router';

export const charging = {
  '/transactions': () => import('./Transactions.svelte'),
  '/transactions/:id': () => import('./Transaction.svelte'),
  '/review': () => import('./Review.svelte'),
  '/reservations': () => import('./Reservations.svelte'),
} satisfies Routes;
