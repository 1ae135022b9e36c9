// Files that the API makes, saved with how much has come so far.
import { problem } from './api';
import { language } from './words';

/** Fetches a file and saves it; the name is that of the answer where it has one. Throws a Problem where there is none. */
export async function download(url: string, name: string, progress: (bytes: number) => void): Promise<void> {
  const response = await fetch(url, { headers: { 'Accept-Language': language } });
  if (!response.ok) throw problem(response.status, await response.json().catch(() => undefined));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let n = 0;
  const reader = response.body!.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    progress((n += value.length));
  }
  const told = /filename="?([^";]+)"?/.exec(response.headers.get('Content-Disposition') ?? '')?.[1];
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(parts, { type: response.headers.get('Content-Type') ?? 'application/octet-stream' }));
  link.download = told ?? name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
