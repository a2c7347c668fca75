import { expect, expectAccessible, expectNarrow, test } from '../support/fixtures';
import { look, lookOnce } from '../support/look';
import { Person, badge } from '../support/person';
import { hydrated } from '../support/watch';

test.use({ own: 'keys' });

/** Half a year, and what the slow clock of a page may be behind. */
const HALF_YEAR_MS = 182 * 86_400_000 + 120_000;

test('a wrong passphrase is said in place, and each way opens the vault', async ({ page, appliance }, info) => {
  test.setTimeout(180_000);
  const choice = { keyFile: true, passphrase: 'seven quiet lanterns over gravel 12' };
  const steps = ['sign-up-choose', 'sign-up-kit', 'sign-up-words'];
  const ada = await Person.signUp(page, await appliance.setupToken(), choice, (page) => look(page, info, steps.shift()!));
  await expect(badge(page, 'open')).toBeVisible();
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();

  const dialog = await ada.beginUnlock(page);
  await expect(dialog.getByRole('button', { name: 'Recovery words' })).toBeVisible();
  await look(page, info, 'unlock');
  await dialog.getByLabel('Vault password or passphrase').fill(ada.password);
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await expect(dialog.getByText(/did not open the vault/)).toBeVisible({ timeout: 30_000 });
  await lookOnce(page);
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

test('documents open beside the page, and leave the vault open', async ({ page, context, appliance }) => {
  test.setTimeout(120_000);
  await Person.signUp(page, await appliance.newInvitation());
  await expect(badge(page, 'open')).toBeVisible();
  const coming = context.waitForEvent('page');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Docs' }).click();
  const documents = await coming;
  await expect(documents.getByRole('heading', { level: 1 })).toHaveText('Documents');
  expect(await documents.evaluate(() => window.opener)).toBeNull();
  await documents.close();
  await expect(page).toHaveURL('/machines/add');
  await expect(badge(page, 'open')).toBeVisible();
});

test('a vault whose program does not come says so, and opens once it does', async ({ page, context, appliance, watch }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const program = /\/assets\/[^/]*vault[^/]*\.wasm$/;
  let refused = 0;
  await context.route(program, async (route) => {
    refused += 1;
    await route.abort('connectionreset');
  });
  watch.tolerate(/ERR_CONNECTION_RESET|ERR_FAILED|Failed to fetch|NetworkError/);
  await page.goto('/keys');
  await hydrated(page);
  const dialog = await ada.beginUnlock(page);
  await expect(dialog.getByText(/The program of the vault did not come from the server; check your connection/i)).toBeVisible();
  expect(refused).toBeGreaterThan(0);
  await context.unroute(program);
  await dialog.getByRole('button', { name: 'Stay locked' }).click();
  await ada.unlock(page);
});

test('a lock reaches every tab, an unlock only its own', async ({ page, context, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  await expect(badge(page, 'open')).toBeVisible();
  const other = await context.newPage();
  await other.goto('/keys');
  await hydrated(other);
  await expect(badge(other, 'locked')).toBeVisible();
  await ada.unlock(other);
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();
  await expect(badge(other, 'locked')).toBeVisible();
  await ada.unlock(other);
  await expect(badge(page, 'locked')).toBeVisible();
});

test('who closes the dialog while the vault is being opened finds it locked', async ({ page, context, appliance }) => {
  test.setTimeout(150_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  for (const close of ['Stay locked', 'Escape']) {
    await badge(page, 'open').click();
    const dialog = await ada.beginUnlock(page);
    await expect(dialog.getByRole('button', { name: 'Recovery words' })).toBeVisible();
    let goOn = () => {};
    const held = new Promise<void>((resolve) => (goOn = resolve));
    await context.route('**/api/v1/vault', async (route) => {
      await held;
      await route.continue();
    });
    await dialog.getByLabel('Vault password or passphrase').fill(ada.password);
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await expect(dialog.getByRole('button', { name: 'Opening…' })).toBeVisible();
    if (close === 'Escape') await page.keyboard.press('Escape');
    else await dialog.getByRole('button', { name: close }).click();
    await expect(dialog).toBeHidden();
    goOn();
    // The badge says "Opening…" until there is an answer.
    await expect(badge(page, 'locked')).toBeVisible({ timeout: 30_000 });
    await context.unroute('**/api/v1/vault');
    await ada.unlock(page);
  }
});

test('half a year after the vault was proven to open, Home asks for a drill, until one is made', async ({ page, appliance }) => {
  test.setTimeout(120_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const card = page.getByRole('region', { name: 'Needs a hand' }).getByRole('listitem').filter({ hasText: 'Can you still open it?' });
  const home = async () => {
    const told = page.waitForResponse('**/api/v1/vault/drill');
    await page.goto('/');
    await hydrated(page);
    await (await told).finished();
    await expect(page.getByRole('region', { name: 'Your key' })).toBeVisible();
  };
  await home();
  await expect(card).toBeHidden();
  await appliance.sql(`UPDATE account SET drilled_ms = drilled_ms - ${HALF_YEAR_MS} WHERE login = '${ada.login}'`);
  await home();
  await expect(card).toContainText(/was last proven on \d+\s\w+ \d{4}/);
  await expectAccessible(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNarrow(page);
  await page.setViewportSize({ width: 1440, height: 1000 });

  await card.getByRole('link', { name: 'Try your paper' }).click();
  await expect(page).toHaveURL('/keys#drill');
  const drill = page.getByRole('region', { name: 'Try your paper' });
  await expect(drill.getByText(/: it is time to try it again\.$/)).toBeVisible();
  await drill.getByRole('button', { name: 'Begin' }).click();
  // Other words prove nothing.
  await drill.getByRole('textbox').fill(`${'abandon '.repeat(11)}about`);
  await drill.getByRole('button', { name: 'Try it' }).click();
  await expect(drill.getByText('That does not open the vault.')).toBeVisible({ timeout: 30_000 });
  await expect(drill.getByText(/: it is time to try it again\.$/)).toBeVisible();
  await drill.getByRole('textbox').fill(ada.words.join(' '));
  await drill.getByRole('button', { name: 'Try it' }).click();
  await expect(drill.getByText(/it opens the vault\.$/)).toBeVisible({ timeout: 30_000 });
  await expect(drill.getByText(/^Last proven on .*, next on .*\.$/)).toBeVisible();
  await home();
  await expect(card).toBeHidden();
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
