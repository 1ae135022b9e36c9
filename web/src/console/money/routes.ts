import type { Routes } from 'sv-router';

export const money = {
  '/payments': () => import('./Payments.svelte'),
  '/payments/:id': () => import('./Payment.svelte'),
  '/checkouts': () => import('./Checkouts.svelte'),
  '/receivables': () => import('./Receivables.svelte'),
  '/reconciliation': () => import('./Reconciliation.svelte'),
  '/invoices': () => import('./Invoices.svelte'),
  '/invoices/:id': () => import('./Invoice.svelte'),
  '/records': () => import('./Records.svelte'),
  '/records/:id': () => import('./Record.svelte'),
  '/ledger': () => import('./Ledger.svelte'),
} satisfies Routes;
