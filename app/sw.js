// The way of a large file to the disk where a page may not write one: the vault hands over verified pieces through a port, this worker turns
// them into an ordinary download. It holds no key, keeps nothing, and answers only addresses that a page of this origin has offered.
const offers = new Map();
const OFFER_MS = 60_000;

self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));

self.addEventListener('message', (event) => {
  const { offer, name, bytes } = event.data ?? {};
  if (typeof offer !== 'string') return;
  const [pieces, taken] = event.ports;
  offers.set(offer, { name, bytes, pieces });
  setTimeout(() => offers.delete(offer), OFFER_MS);
  taken.postMessage('taken');
});

self.addEventListener('fetch', (event) => {
  const id = new URL(event.request.url).pathname.slice('/dl/'.length);
  const offer = offers.get(id);
  // What was not offered, or was answered before, is nowhere: the network is not asked.
  if (!offer) return event.respondWith(Response.error());
  offers.delete(id);
  event.respondWith(answer(offer));
});

// One piece is asked for at a time, when the disk has taken the one before. An error ends the download as failed, never as short.
function answer({ name, bytes, pieces }) {
  const body = new ReadableStream(
    {
      pull: (controller) =>
        new Promise((done) => {
          pieces.onmessage = ({ data }) => {
            if (data === null) controller.close();
            else if (typeof data === 'string') controller.error(new Error(data));
            else controller.enqueue(new Uint8Array(data));
            done();
          };
          pieces.postMessage('next');
        }),
      cancel: () => pieces.postMessage('cancel'),
    },
    { highWaterMark: 1 },
  );
  return new Response(body, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(bytes),
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`)}`,
      'content-security-policy': "default-src 'none'",
      'x-content-type-options': 'nosniff',
    },
  });
}
