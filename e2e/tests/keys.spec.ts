import { expect, test } from '../support/fixtures';
import { Person, badge } from '../support/person';
import { hydrated } from '../support/watch';

test.use({ own: 'keys' });

test('a wrong passphrase is said in place, and each way opens the vault', async ({ page, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.setupToken(), { keyFile: true, passphrase: 'seven quiet lanterns over gravel 12' });
  await expect(badge(page, 'open')).toBeVisible();
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();

  const dialog = await ada.beginUnlock(page);
  await dialog.getByLabel('Vault password or passphrase').fill(ada.password);
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await expect(dialog.getByText(/did not open the vault/)).toBeVisible({ timeout: 30_000 });
  await dialog.getByRole('button', { name: 'Stay locked' }).click();
  await expect(badge(page, 'locked')).toBeVisible();
  await ada.unlock(page);

  // Locked by its key, and again after a reload: keys are nowhere but in memory.
  await page.keyboard.press('l');
  await expect(badge(page, 'locked')).toBeVisible();
  await ada.unlock(page);
  await page.reload();
  await hydrated(page);
  await expect(badge(page, 'locked')).toBeVisible();
});

test('who lost the password sets a new one by the recovery words', async ({ page, context, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  // A page that is open would notice that it is signed out.
  await page.goto('about:blank');
  await context.clearCookies();
  const lost = ada.password;
  await page.goto('/forgot');
  await hydrated(page);
  await page.getByLabel('E-mail address').fill(ada.login);
  await page.getByRole('textbox', { name: /words/i }).fill(ada.words.join(' '));
  ada.password = 'walnut saddle mitten quartz 91';
  await page.getByLabel('New password for signing in').fill(ada.password);
  await page.getByRole('button', { name: 'Set it and sign in' }).click();
  await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });

  // A page that is open would notice that it is signed out.
  await page.goto('about:blank');
  await context.clearCookies();
  await page.goto('/sign-in');
  await hydrated(page);
  await page.getByLabel('E-mail address').fill(ada.login);
  await page.getByLabel('Password', { exact: true }).fill(lost);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText(/do not fit together/)).toBeVisible({ timeout: 30_000 });
  await ada.signIn(page);
});
