import type { Routes } from 'sv-router';

export const tariffs = {
  '/tariffs': () => import('./Tariffs.svelte'),
  '/tariffs/new': () => import('./NewTariff.svelte'),
  '/tariffs/:id': () => import('./Tariff.svelte'),
} satisfies Routes;
