// The order of times as the API writes them, which leaves out zeros at the end: as texts, 05.9Z would come after 05.95Z.

const second = (at: string): number => Date.parse(at.replace(/\.\d+/, ''));
const fraction = (at: string): number => Number(/\.\d+/.exec(at)?.[0] ?? 0);

/** Below 0 where the first is earlier. */
export const byTime = (a: string, b: string): number => second(a) - second(b) || fraction(a) - fraction(b);
