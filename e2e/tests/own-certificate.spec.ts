import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures';
import { Person, enterFolder, entry, saved } from '../support/person';

// Who visits such a server tells the browser to go on; machines need not, they know its key.
test.use({ own: 'own certificate', served: ['--tls', 'self-signed'], ignoreHTTPSErrors: true });

test('a server with a certificate of its own making is known by its key', async ({ page, appliance }) => {
  test.setTimeout(180_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const agent = appliance.agent('attic');
  const folder = join(agent.home, 'letters');
  mkdirSync(folder);
  writeFileSync(join(folder, 'one.txt'), 'kept');
  await ada.makeLine(page);
  await page.getByRole('group', { name: 'For whom' }).getByText('Only my files').click();
  const line = await page.getByText(/^curl .*IOTA_ENROL_CODE=/).innerText();
  expect(line).toMatch(/^curl -fsSL -k --pinnedpubkey 'sha256\/\/[A-Za-z0-9+/]{43}=' https:/);

  const wrong = line.replace(/sha256\/\/.{8}/, 'sha256//AAAAAAAA');
  const refused = await appliance.paste(wrong, agent.home).ended;
  expect(refused.err).toMatch(/public key/);

  const pasted = appliance.paste(line, agent.home);
  await page.getByRole('button', { name: 'Let it in' }).click({ timeout: 60_000 });
  const ended = await pasted.ended;
  expect(ended.code, ended.out + ended.err).toBe(0);
  const iota = (words: string) => appliance.paste(`.local/bin/iota ${words}`, agent.home).ended;
  const kept = await iota(`include ${folder} && .local/bin/iota backup`);
  expect(kept.code, kept.out + kept.err).toBe(0);

  await page.goto('/machines');
  await page.getByRole('main').getByRole('link', { name: /^Machine 1|attic/ }).first().click();
  await page.getByRole('link', { name: /^Browse/ }).first().click();
  await ada.unlock(page);
  await enterFolder(page, folder.slice(1));
  await entry(page, 'one.txt').click();
  const panel = page.getByRole('complementary', { name: 'Chosen file' });
  expect(await saved(page, panel.getByRole('button', { name: /^Download/ }))).toBe('kept');

  // Another server at the same address is another server. The page would look for the one that ends.
  await page.goto('about:blank');
  await appliance.halt();
  renameSync(join(appliance.data, 'tls.key'), join(appliance.data, 'tls.key.old'));
  await appliance.resume();
  const stranger = await iota('backup');
  expect(stranger.code).not.toBe(0);
  expect(stranger.err).toMatch(/its public key is not the pinned one/);
});
