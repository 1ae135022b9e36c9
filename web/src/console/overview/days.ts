// Days as people have them: they begin at midnight here.

/** The beginning of a day so many days ago. */
export function midnight(ago = 0, now = new Date()): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - ago);
}
