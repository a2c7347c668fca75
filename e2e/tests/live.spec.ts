import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, expectAccessible, test } from '../support/fixtures';
import { Person, badge } from '../support/person';

test.use({ own: 'live' });

test('a page follows what the service does, and gives it orders', async ({ page, appliance }, info) => {
  test.setTimeout(240_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  writeFileSync(join(attic.files, 'note.txt'), 'first');
  const address = await ada.addMachine(page, attic);
  await page.goto(address);
  await ada.unlock(page);
  const now = page.getByRole('region', { name: 'Right now' });
  const waiting = page.getByRole('region', { name: 'Waiting' });
  const roots = page.getByRole('list', { name: 'Backed up' });
  await expect(page.getByText('Which folders these are, the machine says when it is online and its service runs.')).toBeVisible();
  await expect(now).toContainText('It is not connected now.');

  await attic.tell('include', attic.files);
  const service = attic.serve();
  await test.step('its first backup is seen by itself', async () => {
    await expect(now).toContainText('Up to date, and watching', { timeout: 60_000 });
    await expect(now.getByRole('listitem').filter({ hasText: 'Live' })).toHaveAttribute('aria-current', 'step');
    await expect(now).toContainText(/Folders watched\s*\d/);
    await expect(roots.getByRole('listitem')).toHaveText([attic.files]);
    await expect(waiting).toContainText('every change that was seen is stored');
    await expect(page.getByText(/^No\. 1/)).toBeVisible({ timeout: 20_000 });
    await expect(page.getByText('Nothing stored yet')).toBeHidden();
  });

  await test.step('what changes settles before one’s eyes, and is stored', async () => {
    writeFileSync(join(attic.files, 'planted-name-7351.txt'), 'second');
    await expect(waiting).toContainText('planted-name-7351.txt', { timeout: 10_000 });
    await expect(waiting).toContainText(/settling: quiet 0:0\d of 0:05|goes with the next snapshot/);
    await expectAccessible(page);
    await page.screenshot({ path: info.outputPath('waiting.png'), fullPage: true });
    await expect(waiting).toContainText('every change that was seen is stored', { timeout: 90_000 });
    await expect(page.getByText(/^No\. 2/)).toBeVisible({ timeout: 20_000 });
  });

  await test.step('orders reach it', async () => {
    await now.getByRole('button', { name: 'Pause for an hour' }).click();
    await expect(now).toContainText(/Paused, (59:\d\d|1:00:00) left/, { timeout: 10_000 });
    await page.screenshot({ path: info.outputPath('paused.png'), fullPage: true });
    await now.getByRole('button', { name: 'Resume' }).click();
    await expect(now).toContainText('Up to date, and watching', { timeout: 10_000 });
    await now.getByRole('button', { name: 'Back up now' }).click();
    await expect(page.getByText(/^No\. 3/)).toBeVisible({ timeout: 20_000 });
  });

  await test.step('a second tab sees the same', async () => {
    const second = await page.context().newPage();
    await second.goto(address);
    await ada.unlock(second);
    await expect(second.getByRole('region', { name: 'Right now' })).toContainText('Up to date, and watching', { timeout: 10_000 });
    await second.close();
  });

  await test.step('a service that ends is said to be gone', async () => {
    await service.end();
    await expect(now).toContainText('not connected, last measured', { timeout: 90_000 });
    await expect(roots.getByRole('listitem')).toHaveText([attic.files]);
    await badge(page, 'open').click();
    await expect(badge(page, 'locked')).toBeVisible();
    await expect(roots).toBeHidden();
    await expect(page.getByText(attic.files)).toBeHidden();
  });

  await test.step('no name lies anywhere at the server', async () => {
    const files = readdirSync(appliance.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const holding = files.filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes('planted-name-7351'));
    expect(holding.map((entry) => entry.name)).toEqual([]);
  });
});
