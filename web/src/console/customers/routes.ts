import type { Routes } from 'sv-router';

export const customers = {
  '/customers': () => import('./Customers.svelte'),
  '/customers/:id': () => import('./Customer.svelte'),
  '/accounts/:id': () => import('./Account.svelte'),
  '/cards': () => import('./Cards.svelte'),
  '/cards/:uid': () => import('./Card.svelte'),
  '/unknown-cards': () => import('./UnknownCards.svelte'),
  '/groups': () => import('./Groups.svelte'),
} satisfies Routes;
