// The limits of a site while they are edited.
import type { Schemas } from '../../lib/api';
import type { Tree } from './words';

export type Node = Schemas['Node'];
export type Bay = Schemas['Bay'];
export type Hours = Schemas['Hours'];

export const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export const first = (): Tree => ({ mode: 'watch', nodes: [{ id: 'main', breakerA: 63, marginPercent: 5 }], evses: [] });

/** Nodes with how deep they are, each behind the one above it. One whose way up leads nowhere comes last. */
export function ordered(nodes: Node[]): { node: Node; depth: number; index: number }[] {
  const out: { node: Node; depth: number; index: number }[] = [];
  const below = (parent: string | undefined, depth: number) => {
    nodes.forEach((node, index) => {
      if ((node.parent || undefined) !== parent || out.some((x) => x.index === index)) return;
      out.push({ node, depth, index });
      if (node.id) below(node.id, depth + 1);
    });
  };
  below(undefined, 0);
  nodes.forEach((node, index) => {
    if (!out.some((x) => x.index === index)) out.push({ node, depth: 0, index });
  });
  return out;
}

/** An id that no node has. */
export function free(nodes: Node[]): string {
  for (let n = nodes.length; ; n++) if (!nodes.some((x) => x.id === `node-${n}`)) return `node-${n}`;
}

/** Takes out a node; what was on it is on the one above. */
export function without(tree: Tree, index: number): Tree {
  const gone = tree.nodes[index]!;
  return {
    ...tree,
    nodes: tree.nodes.filter((_, i) => i !== index).map((n) => (n.parent === gone.id ? { ...n, parent: gone.parent } : n)),
    evses: tree.evses.map((e) => (e.node === gone.id ? { ...e, node: gone.parent ?? '' } : e)),
  };
}

/** Gives a node another id, also where others name it. */
export function renamed(tree: Tree, index: number, id: string): Tree {
  const was = tree.nodes[index]!.id;
  return {
    ...tree,
    nodes: tree.nodes.map((n, i) => (i === index ? { ...n, id } : n.parent === was ? { ...n, parent: id } : n)),
    evses: tree.evses.map((e) => (e.node === was ? { ...e, node: id } : e)),
  };
}

/** Currents as they are typed: one for all phases, or three; undefined where there is none. NaN is what is no number. */
export function currents(text: string): number[] | undefined {
  const parts = text
    .replaceAll(/(\d),(\d)/g, '$1.$2')
    .split(/[\s;/,]+/)
    .filter(Boolean);
  return parts.length ? parts.map(Number) : undefined;
}

export const typed = (list?: readonly number[] | null): string => (list ?? []).join(' ');

/** What was left empty is not said. */
export const figure = (text: string): number | undefined => (text.trim() === '' ? undefined : Number(text.replace(',', '.')));

/** What is sent: without what the API tells beside it, and without what is empty. */
export function sent(tree: Tree): Tree {
  const bare = <T extends object>(x: T): T =>
    Object.fromEntries(
      Object.entries(x).filter(([k, v]) => v !== undefined && v !== '' && v !== null && k !== 'warnings' && k !== '$schema'),
    ) as T;
  return {
    ...bare(tree),
    nodes: tree.nodes.map((n) => ({
      ...bare(n),
      hours: n.hours?.length ? n.hours.map((h) => bare({ ...h, days: h.days?.length ? h.days : undefined })) : undefined,
    })),
    evses: tree.evses.map(bare),
  };
}
