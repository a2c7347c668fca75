import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures';
import { Person, enterFolder, entry, savedAt } from '../support/person';
import { bytes } from '../support/bytes';

test.use({ own: 'first backup' });

test('from signing up to an old file in one’s hands', async ({ page, appliance }) => {
  test.setTimeout(180_000);
  const ada = await Person.signUp(page, await appliance.setupToken());

  const attic = appliance.agent('attic');
  mkdirSync(join(attic.files, 'letters/2026'), { recursive: true });
  const letter = join(attic.files, 'letters/2026/to grandmother.txt');
  writeFileSync(letter, 'Dear grandmother,\n');
  writeFileSync(join(attic.files, 'letters/empty'), '');
  writeFileSync(join(attic.files, 'letters/photo.raw'), bytes(5_000_000, 1));
  writeFileSync(join(attic.files, 'letters/a\u202etxt.exe'), 'harmless');
  const [before, photo] = [readFileSync(letter), readFileSync(join(attic.files, 'letters/photo.raw'))];

  const address = await ada.addMachine(page, attic);
  const first = await attic.backUp();
  expect(first).toMatchObject({ seq: 1, files: 4, gap_count: 0 });
  // The page hears of it by itself.
  await expect(page.getByText(/It is protected, up to/)).toBeVisible({ timeout: 20_000 });

  writeFileSync(letter, 'Dear grandmother,\nthank you for the socks.\n');
  rmSync(join(attic.files, 'letters/empty'));
  const second = await attic.backUp();
  expect(second.seq).toBe(2);

  await page.getByRole('main').getByRole('link', { name: 'Go to its page' }).click();
  await expect(page).toHaveURL(address);
  const views = page.getByRole('navigation', { name: 'Views of the machine' });
  await views.getByRole('link', { name: 'Browse' }).click();
  await enterFolder(page, `${attic.files.slice(1)}/letters`);
  // A name that turns the direction of writing is written out.
  await expect(entry(page, 'a‹U+202E›txt.exe')).toBeVisible();
  await expect(entry(page, 'empty')).toBeHidden();

  // The point before: what was deleted is there again.
  await page.keyboard.press('[');
  await expect(entry(page, 'empty')).toBeVisible();
  await enterFolder(page, '2026');
  await entry(page, 'to grandmother.txt').click();
  const panel = page.getByRole('complementary', { name: 'Chosen file' });
  const old = await savedAt(page, panel.getByRole('button', { name: /^Download/ }));
  expect(readFileSync(old).equals(before)).toBe(true);

  await page.goBack();
  await entry(page, 'photo.raw').click();
  const large = await savedAt(page, panel.getByRole('button', { name: /^Download/ }));
  expect(readFileSync(large).equals(photo)).toBe(true);
});
