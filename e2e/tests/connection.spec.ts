import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, expectAccessible, test } from '../support/fixtures';
import { Person, enterFolder, entry, saved } from '../support/person';

test.use({ own: 'connection' });

test('one stream for all tabs, and what is shown without it', async ({ page, context, appliance, watch }, info) => {
  test.setTimeout(180_000);
  let streams = 0;
  context.on('request', (request) => (streams += Number(request.url().endsWith('/api/v1/events'))));
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  writeFileSync(join(attic.files, 'note.txt'), 'first');
  await ada.addMachine(page, attic);

  const second = await context.newPage();
  const answer = second.getByRole('heading', { level: 1 });
  await second.goto('/');
  await expect(answer).toContainText('has stored nothing yet');
  await test.step('both tabs hear of a backup, by one stream', async () => {
    await attic.backUp();
    await expect(page.getByText(/It is protected, up to/)).toBeVisible({ timeout: 20_000 });
    await expect(answer).toContainText('Yes.', { timeout: 20_000 });
    expect(streams).toBe(1);
  });

  await test.step('the other tab goes on when the one with the stream is closed', async () => {
    await page.close();
    await expect.poll(() => streams).toBe(2);
    await second.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Machines' }).click();
    await second.getByRole('main').getByRole('link', { name: /Machine 1|attic/ }).click();
    await expect(second.getByText(/^No\. 1/)).toBeVisible();
    writeFileSync(join(attic.files, 'note.txt'), 'second');
    await attic.backUp();
    await expect(second.getByText(/^No\. 2/)).toBeVisible({ timeout: 20_000 });
  });

  await test.step('a lost server is said, and nothing is guessed', async () => {
    await second.goto('/');
    await expect(answer).toContainText('Yes.');
    watch.expect(/Failed to load resource: net::ERR_CONNECTION_REFUSED/, /failed: .*ERR_CONNECTION_REFUSED/);
    watch.tolerate(/ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/);
    // The page may ask again while the server ends.
    watch.tolerate(/status of 503 .*\/api\/v1\/events$/);
    await appliance.halt();
    await expect(answer).toContainText('We cannot tell.', { timeout: 20_000 });
    await expect(second.getByText(/^What you see below was measured at/)).toBeVisible();
    await expectAccessible(second);
    await second.screenshot({ path: info.outputPath('lost.png') });
  });

  await test.step('a vault that cannot reach it says what to do', async () => {
    const dialog = await ada.beginUnlock(second);
    await expect(dialog.getByText(/check your connection, and try again in a moment\.$/)).toBeVisible({ timeout: 20_000 });
    await second.screenshot({ path: info.outputPath('unlock-lost.png') });
    await dialog.getByRole('button', { name: 'Stay locked' }).click();
  });

  await test.step('it comes back by itself', async () => {
    await appliance.resume();
    await expect(answer).toContainText('Yes.', { timeout: 60_000 });
    await ada.unlock(second);
  });

  await test.step('a file that cannot be fetched can be tried again', async () => {
    await second.getByRole('main').getByRole('link', { name: 'attic' }).first().click();
    await second.getByRole('navigation', { name: 'Views of the machine' }).getByRole('link', { name: 'Browse' }).click();
    await enterFolder(second, attic.files.slice(1));
    await entry(second, 'note.txt').click();
    await expect(second.locator('.preview__text')).toHaveText('second');
    await context.route('**/api/v1/objects/read', (route) => route.abort('internetdisconnected'));
    watch.tolerate(/ERR_INTERNET_DISCONNECTED/);
    const download = second.getByRole('complementary', { name: 'Chosen file' }).getByRole('button', { name: /^Download/ });
    await download.click();
    const tray = second.getByRole('region', { name: 'Downloads' });
    await expect(tray).toContainText('The server cannot be reached; check your connection, and try again in a moment. No part of it was kept.');
    await second.screenshot({ path: info.outputPath('download-lost.png') });
    await context.unroute('**/api/v1/objects/read');
    expect(await saved(second, tray.getByRole('button', { name: 'Try again' }))).toBe('second');
  });
});
