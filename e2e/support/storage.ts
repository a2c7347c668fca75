import { type Page } from '@playwright/test';
import { type Place } from './search';

/** Everything that a browser keeps for the site of a page: names, keys and values, also binary ones. */
export async function stored(page: Page): Promise<Place[]> {
  const found = await page.evaluate(async () => {
    const places: { where: string; base64: string }[] = [];
    const keep = async (where: string, value: unknown): Promise<void> => {
      const reader = new FileReader();
      const read = new Promise((done) => (reader.onloadend = done));
      reader.readAsDataURL(new Blob(await parts(value)));
      await read;
      places.push({ where, base64: String(reader.result).split(',')[1] ?? '' });
    };
    /** The value's bytes and texts, however deep they lie in it. */
    const parts = async (value: unknown): Promise<BlobPart[]> => {
      if (value instanceof Blob) return [await value.arrayBuffer()];
      if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return [value as BlobPart];
      if (value instanceof CryptoKey) return parts(value.extractable ? await crypto.subtle.exportKey('jwk', value) : 'a key');
      if (value instanceof Map || value instanceof Set) return parts([...value]);
      if (Array.isArray(value)) return (await Promise.all(value.map(parts))).flat().flatMap((part) => [part, '\n']);
      if (typeof value === 'object' && value !== null) return parts(Object.entries(value));
      return [String(value)];
    };
    const asked = <T>(request: IDBRequest<T>) =>
      new Promise<T>((done, failed) => {
        request.onsuccess = () => done(request.result);
        request.onerror = () => failed(request.error);
      });

    await keep('localStorage', Object.entries(localStorage));
    await keep('sessionStorage', Object.entries(sessionStorage));
    await keep('cookies', document.cookie);
    await keep('the history', [location.href, history.state]);
    for (const { name } of await indexedDB.databases()) {
      const database = await asked(indexedDB.open(name!));
      for (const store of Array.from(database.objectStoreNames)) {
        const objects = database.transaction(store).objectStore(store);
        const [keys, values] = await Promise.all([asked(objects.getAllKeys()), asked(objects.getAll())]);
        for (const [index, key] of keys.entries()) await keep(`IndexedDB ${name} ${store}`, [key, values[index]]);
      }
      database.close();
    }
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) {
        const answer = await cache.match(request);
        await keep(`Cache ${name}`, [request.url, await answer?.arrayBuffer()]);
      }
    }
    return places;
  });
  return found.map(({ where, base64 }) => ({ where, bytes: Buffer.from(base64, 'base64') }));
}
