import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures';
import { Person, enterFolder, entry } from '../support/person';
import { bytes } from '../support/bytes';

test.use({ own: 'lies' });

/** A server between the browser and the real one that alters what it passes on. */
test('an older head, a forged header and a swapped object are noticed, and said', async ({ page, context, appliance }) => {
  test.setTimeout(180_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  writeFileSync(join(attic.files, 'photo.raw'), bytes(900_000, 3));
  const address = await ada.addMachine(page, attic);
  await attic.backUp();
  const olderSets = await (await page.request.get('/api/v1/sets')).text();
  writeFileSync(join(attic.files, 'note.txt'), 'newer');
  await attic.backUp();

  // The browser sees the newest state first.
  await page.goto(address);
  await ada.unlock(page);
  await expect(page.getByRole('heading', { level: 1, name: 'attic' })).toBeVisible();
  await expect(page.getByText(/^No\. 2/)).toBeVisible();

  await test.step('an older head', async () => {
    await context.route('**/api/v1/sets', (route) => route.fulfill({ body: olderSets, contentType: 'application/json' }));
    await page.reload();
    await ada.unlock(page);
    await expect(page.getByText(/Commit 2, which was seen before, is not in the history/).first()).toBeVisible();
    await context.unroute('**/api/v1/sets');
  });

  await test.step('a forged header', async () => {
    await context.route('**/api/v1/sets', async (route) => {
      const sets = await (await route.fetch()).json();
      const header = Buffer.from(sets[0].head.header, 'base64');
      header[header.length - 1] ^= 1;
      sets[0].head.header = header.toString('base64');
      await route.fulfill({ json: sets });
    });
    await page.reload();
    await ada.unlock(page);
    await expect(page.getByText(/was not written by the machine that this account enrolled/).first()).toBeVisible();
    await context.unroute('**/api/v1/sets');
  });

  await test.step('swapped objects', async () => {
    await page.goto(`${address}/browse`);
    await ada.unlock(page);
    await enterFolder(page, attic.files.slice(1));
    await entry(page, 'photo.raw').click();
    const panel = page.getByRole('complementary', { name: 'Chosen file' });
    await expect(panel.getByRole('button', { name: /^Download/ })).toBeVisible();
    let swaps = 0;
    await context.route('**/api/v1/objects/read', async (route) => {
      const frames = objectsOf(Buffer.from(await (await route.fetch()).body()));
      swaps += frames.length > 1 ? 1 : 0;
      // Each is whole, and another's.
      const swapped = frames.map(({ reference }, place) => {
        const { object } = frames[(place + 1) % frames.length];
        const length = Buffer.alloc(4);
        length.writeUInt32LE(object.length);
        return Buffer.concat([reference, length, object]);
      });
      await route.fulfill({ body: Buffer.concat(swapped), contentType: 'application/octet-stream' });
    });
    let saved = 0;
    page.on('download', () => (saved += 1));
    await panel.getByRole('button', { name: /^Download/ }).click();
    const tray = page.getByRole('region', { name: 'Downloads' });
    await expect(tray.getByText(/missing or damaged in the store/)).toBeVisible({ timeout: 20_000 });
    expect(saved).toBe(0);
    expect(swaps).toBeGreaterThan(0);
  });
});

/** The objects of an answer, each behind its reference (docs/format/frames.md). */
function objectsOf(answer: Buffer): { reference: Buffer; object: Buffer }[] {
  const frames = [];
  for (let at = 0; at < answer.length; ) {
    const length = answer.readUInt32LE(at + 33);
    frames.push({ reference: answer.subarray(at, at + 33), object: answer.subarray(at + 37, at + 37 + length) });
    at += 37 + length;
  }
  return frames;
}
