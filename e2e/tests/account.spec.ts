import { expect, expectAccessible, newBrowser, test } from '../support/fixtures';
import { look } from '../support/look';
import { Person, badge, saved } from '../support/person';
import { totp } from '../support/totp';
import { hydrated } from '../support/watch';

test.use({ own: 'account' });

test('the password changes, and with it what opens the vault', async ({ page, context, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  await page.goto('/settings');
  await hydrated(page);
  const card = page.getByRole('region', { name: 'Password for signing in' });
  const [old, next] = [ada.password, 'walnut saddle mitten quartz 91'];
  await card.getByLabel('Password now').fill('not this one');
  await card.getByLabel('New password').fill(next);
  await card.getByRole('button', { name: 'Change' }).click();
  await expect(card.getByText(/not the password of this account/)).toBeVisible({ timeout: 30_000 });
  await card.getByLabel('Password now').fill(old);
  await card.getByRole('button', { name: 'Change' }).click();
  await expect(card.getByText(/^Changed\. The new password opens the vault as well/)).toBeVisible({ timeout: 30_000 });

  ada.password = next;
  await context.clearCookies();
  await ada.signIn(page, '/keys');
  await ada.unlock(page);
});

test('a proof that is too old is asked for again, and the change goes on', async ({ page, context, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  await page.getByRole('link', { name: 'Keep your key' }).first().click();
  // As the server answers five minutes after signing in.
  let asked = 0;
  await context.route('**/api/v1/vault/slots', async (route) => {
    asked += 1;
    if (asked > 1) return route.continue();
    const error = { code: 'reauthenticate', message: 'prove your password again' };
    return route.fulfill({ status: 403, contentType: 'application/json', body: JSON.stringify({ error }) });
  });
  await page.getByRole('button', { name: 'Make a key file' }).click();
  const file = await saved(page, page.getByRole('button', { name: 'Save the key file' }));
  expect(file).toContain('IOTA-KEY-1');
  const ways = page.getByRole('region', { name: 'Ways to open the vault' });
  await expect(ways.getByRole('button', { name: /^Remove key file/ })).toHaveCount(0);
  await page.getByRole('button', { name: 'Done' }).click();
  const dialog = page.getByRole('dialog', { name: 'Is it you?' });
  await expect(dialog).toBeVisible({ timeout: 30_000 });
  await expectAccessible(page);
  await dialog.getByLabel('Password for signing in').fill(ada.password);
  await dialog.getByRole('button', { name: 'Go on' }).click();
  await expect(ways.getByRole('button', { name: /^Remove key file/ })).toBeVisible({ timeout: 30_000 });
  await expect(dialog).toBeHidden();
});

test('ways to open the vault come and go, but two stay', async ({ page, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  await page.getByRole('link', { name: 'Keep your key' }).first().click();
  const ways = page.getByRole('region', { name: 'Ways to open the vault' });
  await expect(ways.getByText('It stays: two ways must be left.')).toBeVisible();
  await expect(ways.getByRole('button', { name: /^Remove/ })).toHaveCount(0);

  await ways.getByRole('button', { name: 'Add a passphrase' }).click();
  const add = page.getByRole('region', { name: 'Add a passphrase' });
  await add.getByRole('textbox', { name: 'Passphrase' }).fill('seven quiet lanterns over gravel 12');
  await add.getByRole('button', { name: 'Add', exact: true }).click();
  await expect(ways.getByRole('button', { name: /^Remove/ })).toHaveCount(2, { timeout: 30_000 });
  await ways.getByRole('button', { name: /^Remove/ }).first().click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
  await expect(ways.getByRole('button', { name: /^Remove/ })).toHaveCount(0, { timeout: 30_000 });

  const before = ada.words.join(' ');
  await ways.getByRole('button', { name: 'New kit' }).click();
  await ada.keepKit(page);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(ways).toBeVisible({ timeout: 30_000 });

  const drill = page.getByRole('region', { name: 'Try your paper' });
  await drill.getByRole('button', { name: 'Begin' }).click();
  await drill.getByRole('textbox').fill(before);
  await drill.getByRole('button', { name: 'Try it' }).click();
  await expect(drill.getByText('That does not open the vault.')).toBeVisible({ timeout: 30_000 });
  await drill.getByRole('textbox').fill(ada.words.join(' '));
  await drill.getByRole('button', { name: 'Try it' }).click();
  await expect(drill.getByText(/it opens the vault\.$/)).toBeVisible({ timeout: 30_000 });
  await expect(drill.getByText(/^Last proven on .*, next on .*\.$/)).toBeVisible();
});

test('a second factor is set up, asked for, and switched off', async ({ page, context, appliance }, info) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  await page.goto('/settings');
  await hydrated(page);
  const card = page.getByRole('region', { name: 'Second factor' });
  await card.getByRole('button', { name: 'Set it up' }).click();
  const secret = (await card.getByText(/^([A-Z2-7]{4} ?)+$/).innerText()).trim();
  await card.getByLabel('Six digits from the app').fill(totp(secret));
  await card.getByRole('button', { name: 'Switch it on' }).click();
  await expect(card.getByRole('listitem')).toHaveCount(10, { timeout: 30_000 });
  const codes = await card.getByRole('listitem').allInnerTexts();
  expect(await saved(page, card.getByRole('button', { name: 'Save as text' }))).toContain(codes[9]);
  await card.getByRole('button', { name: 'I have them' }).click();
  await expect(card.getByText(/^It is on\. 10/)).toBeVisible();

  await context.clearCookies();
  await page.goto('/sign-in');
  await hydrated(page);
  await ada.fillSignIn(page);
  const digits = page.getByLabel('Code of the second factor');
  await expect(digits).toHaveAttribute('inputmode', 'numeric');
  await digits.fill('000000');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByText(/^This code is wrong or was used already/)).toBeVisible();
  await page.getByRole('button', { name: 'Use a recovery code instead' }).click();
  const letters = page.getByLabel('Recovery code');
  await expect(letters).toBeFocused();
  await expect(letters).not.toHaveAttribute('inputmode', /./);
  await expect(page.getByText(/^This code is wrong/)).toBeHidden();
  await look(page, info, 'recovery-code');
  await letters.fill(codes[0]);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/', { timeout: 30_000 });

  await page.getByRole('link', { name: 'Settings' }).first().click();
  await expect(card.getByText(/^It is on\. 9/)).toBeVisible();
  await card.getByRole('button', { name: 'Switch it off' }).click();
  await card.getByRole('textbox').fill(codes[1]);
  await card.getByRole('button', { name: 'Switch it off' }).click();
  await expect(card.getByRole('button', { name: 'Set it up' })).toBeVisible({ timeout: 30_000 });
});

test('other sessions can be ended, and signing out leaves nothing', async ({ page, context, browser, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const other = await newBrowser(browser, appliance.url);
  await ada.signIn(await other.context.newPage());
  await page.goto('/settings');
  await hydrated(page);
  const sessions = page.getByRole('region', { name: 'Where you are signed in' });
  await expect(sessions.getByRole('row')).toHaveCount(3);
  await sessions.getByRole('button', { name: 'End all others' }).click();
  await expect(sessions.getByRole('row')).toHaveCount(2, { timeout: 15_000 });
  const again = await other.context.newPage();
  await again.goto('/keys');
  await expect(again).toHaveURL('/sign-in?next=/keys');
  await other.context.close();

  // A theme is of the browser, and stays; the server writes it into the page.
  await page.getByText('Dark', { exact: true }).click();
  await page.getByRole('switch', { name: 'Keys of one letter' }).uncheck();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await hydrated(page);
  await expect(page.getByRole('switch', { name: 'Keys of one letter' })).not.toBeChecked();
  await ada.unlock(page);
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('l');
  await expect(badge(page, 'open')).toBeVisible();

  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your files, kept by a server that cannot read them.');
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  await page.goto('/settings');
  await expect(page).toHaveURL('/sign-in?next=/settings');
});

test('what was wrong with a field is said until somebody goes on typing', async ({ page }, info) => {
  await page.goto('/sign-up');
  await hydrated(page);
  await page.getByRole('button', { name: 'Go on' }).click();
  const [code, login, password] = ['Type the code first.', /^Type your e-mail address/, 'Choose one first.'].map((words) => page.getByText(words));
  for (const said of [code, login, password]) await expect(said).toBeVisible();
  await look(page, info, 'sign-up-wrong');
  await page.getByLabel('Invitation or set-up token').fill('A');
  await expect(code).toBeHidden();
  await page.getByLabel('Password for signing in').fill('heron');
  await expect(password).toBeHidden();
  await expect(login).toBeVisible();
  await expect(page.getByText(/^Easily guessed\./)).toBeVisible();
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByText(/^That would be guessed too easily/)).toBeVisible();

  await page.goto('/sign-in');
  await hydrated(page);
  await page.getByLabel('E-mail address').fill('nobody@example.org');
  await page.getByLabel('Password', { exact: true }).fill('heron');
  await page.getByRole('button', { name: 'Sign in' }).click();
  const refused = page.getByText(/do not fit together/);
  await expect(refused).toBeVisible({ timeout: 30_000 });
  await page.getByLabel('E-mail address').fill('somebody@example.org');
  await expect(refused).toBeHidden();
});
