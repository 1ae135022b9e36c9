// Tables as CSV, as spreadsheets read it: UTF-8 with a mark, and quotes where there must be.
export interface Column<T> {
  title: string;
  text: (row: T) => string | number;
}

export function line(values: (string | number)[]): string {
  return values.map((v) => (/[",;\n\r]|^[=+\-@]/.test(String(v)) && typeof v === 'string' ? quote(v) : String(v))).join(',') + '\r\n';
}

/** A text that a spreadsheet would take for a formula is kept a text. */
function quote(v: string): string {
  const text = /^[=+\-@\t\r]/.test(v) ? "'" + v : v;
  return '"' + text.replaceAll('"', '""') + '"';
}

/** Saves pages of rows as a file, and tells how many there are so far. */
export async function save<T>(name: string, columns: Column<T>[], pages: AsyncIterable<T[]>, progress: (rows: number) => void) {
  const parts = ['\ufeff' + line(columns.map((c) => c.title))];
  let n = 0;
  for await (const rows of pages) {
    parts.push(rows.map((row) => line(columns.map((c) => c.text(row)))).join(''));
    progress((n += rows.length));
  }
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(parts, { type: 'text/csv' }));
  link.download = `${name}-${new Date().toISOString().slice(0, 10)}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
