import type { Routes } from 'sv-router';

export const power = {
  '/sites': () => import('./Sites.svelte'),
  '/sites/:id': () => import('./Site.svelte'),
} satisfies Routes;
