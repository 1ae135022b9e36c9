import type { Routes } from 'sv-router';

export const setup = {
  '/users': () => import('./Users.svelte'),
  '/me': () => import('./Me.svelte'),
  '/audit': () => import('./Audit.svelte'),
  '/settings': () => import('./Settings.svelte'),
  '/start': () => import('./Start.svelte'),
} satisfies Routes;
