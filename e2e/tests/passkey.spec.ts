import { type Locator, type Page } from '@playwright/test';
import { Authenticator } from '../support/authenticator';
import { expect, test } from '../support/fixtures';
import { look, lookOnce } from '../support/look';
import { Person, badge } from '../support/person';
import { hydrated } from '../support/watch';

test.use({ own: 'passkeys' });

/** The card with the ways to open the vault, on the page Keys. */
async function ways(page: Page): Promise<Locator> {
  await page.getByRole('link', { name: 'Keep your key' }).first().click();
  const card = page.getByRole('region', { name: 'Ways to open the vault' });
  await expect(card.getByText('Recovery kit').first()).toBeVisible();
  return card;
}

async function addPasskey(page: Page, ada: Person): Promise<Locator> {
  const card = await ways(page);
  await card.getByRole('button', { name: 'Add a passkey' }).click();
  await ada.prove(page, card.getByRole('button', { name: /^Remove passkey/ }).first());
  return card;
}

async function lock(page: Page): Promise<void> {
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();
}

test.describe('at a name', () => {
  test.use({ baseURL: async ({ appliance }, use) => use(appliance.url.replace('127.0.0.1', 'localhost')) });

  test('a passkey opens the vault, until it is removed', async ({ page, appliance }, info) => {
    test.setTimeout(240_000);
    const ada = await Person.signUp(page, await appliance.newInvitation());
    const device = await Authenticator.plugIn(page);
    const card = await ways(page);
    await expect(card.getByText('works at this address only, and may live on this device only')).toBeVisible();
    await addPasskey(page, ada);
    expect(await device.passkeys()).toEqual([{ name: 'localhost', isDiscoverable: true }]);
    await expect(page.getByRole('region', { name: 'What you can lose' })).toContainText('with the passkey on it');
    await look(page, info, 'keys-passkey');

    await lock(page);
    let dialog = await ada.beginUnlock(page);
    const use = dialog.getByRole('button', { name: 'Use your passkey' });
    await expect(use).toBeFocused();
    await look(page, info, 'unlock-passkey');
    await use.click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
    await expect(dialog).toBeHidden();

    // Nothing of it is in the page: it opens after a reload as before.
    await page.reload();
    await hydrated(page);
    await ada.beginUnlock(page);
    await use.click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });

    // The device says no: words, and the other ways. One that did not recognise its owner some times asks no more, so this comes last.
    await lock(page);
    await device.recognises(false);
    dialog = await ada.beginUnlock(page);
    await use.click();
    await expect(dialog.getByText(/No passkey opened the vault/)).toBeVisible();
    await look(page, info, 'unlock-passkey-refused');
    await dialog.getByRole('button', { name: 'Password or passphrase' }).click();
    await dialog.getByLabel('Vault password or passphrase').fill(ada.password);
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });

    await card.getByRole('button', { name: /^Remove passkey/ }).click();
    const removal = page.getByRole('dialog', { name: 'Remove this passkey?' });
    await expect(removal).toContainText('Your device keeps the passkey until you delete it there');
    await removal.getByRole('button', { name: 'Remove it' }).click();
    await ada.prove(page, page.getByText('Removed', { exact: true }));
    await expect(card.getByRole('button', { name: /^Remove passkey/ })).toHaveCount(0);
    await lock(page);
    dialog = await ada.beginUnlock(page);
    await expect(dialog.getByRole('button', { name: 'Recovery words' })).toBeVisible();
    await expect(use).toHaveCount(0);
    await expect(dialog.getByLabel('Vault password or passphrase')).toBeVisible();
  });

  test('a passkey that opens nothing here, or was deleted on the device, leaves it locked', async ({ page, appliance }) => {
    test.setTimeout(180_000);
    const ada = await Person.signUp(page, await appliance.newInvitation());
    const device = await Authenticator.plugIn(page);
    await addPasskey(page, ada);
    await device.clear();
    await lock(page);
    const dialog = await ada.beginUnlock(page);
    await dialog.getByRole('button', { name: 'Use your passkey' }).click();
    await expect(dialog.getByText(/No passkey opened the vault/)).toBeVisible();
    // Another of the same name, which no slot knows.
    await page.evaluate(async () => {
      const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));
      await navigator.credentials.create({
        publicKey: {
          rp: { id: location.hostname, name: 'another' },
          user: { id: random(16), name: 'ada', displayName: 'ada' },
          challenge: random(32),
          pubKeyCredParams: [-7, -257].map((alg) => ({ type: 'public-key' as const, alg })),
          authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
          extensions: { prf: {} },
        },
      });
    });
    await dialog.getByRole('button', { name: 'Use your passkey' }).click();
    await expect(dialog.getByText('That passkey does not open this vault.')).toBeVisible({ timeout: 30_000 });
    await lookOnce(page);
    await dialog.getByRole('button', { name: 'Stay locked' }).click();
    await expect(badge(page, 'locked')).toBeVisible();
  });

  test('a device that computes nothing is refused with words, and the browser hears that its passkey is none', async ({ page, appliance }) => {
    test.setTimeout(120_000);
    await Person.signUp(page, await appliance.newInvitation());
    const device = await Authenticator.plugIn(page, { prf: false });
    const card = await ways(page);
    await page.evaluate(() => {
      const told: unknown[] = [];
      Object.assign(window, { told });
      Object.assign(PublicKeyCredential, { signalUnknownCredential: async (unknown: unknown) => void told.push(unknown) });
    });
    await card.getByRole('button', { name: 'Add a passkey' }).click();
    await expect(page.getByText(/This passkey cannot hold a key, so nothing was added/)).toBeVisible();
    await expect(card.getByRole('button', { name: /^Remove passkey/ })).toHaveCount(0);
    expect(await device.passkeys()).toHaveLength(1);
    const told = await page.evaluate(() => (window as unknown as { told: object[] }).told);
    expect(told).toEqual([{ rpId: 'localhost', credentialId: expect.stringMatching(/^[\w-]+$/) }]);
    await lookOnce(page);
  });

  test('a device that computes only when it is asked again is asked again', async ({ page, appliance }) => {
    test.setTimeout(180_000);
    const ada = await Person.signUp(page, await appliance.newInvitation());
    await Authenticator.plugIn(page);
    await page.evaluate(() => {
      const all = PublicKeyCredential.prototype.getClientExtensionResults;
      PublicKeyCredential.prototype.getClientExtensionResults = function () {
        const made = this.response instanceof AuthenticatorAttestationResponse;
        return made ? { prf: { enabled: true } } : all.call(this);
      };
    });
    await addPasskey(page, ada);
    await lock(page);
    const dialog = await ada.beginUnlock(page);
    await dialog.getByRole('button', { name: 'Use your passkey' }).click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
  });

  test('who closes the dialog while the device asks finds the vault locked', async ({ page, appliance }) => {
    test.setTimeout(180_000);
    const ada = await Person.signUp(page, await appliance.newInvitation());
    await Authenticator.plugIn(page);
    await addPasskey(page, ada);
    await lock(page);
    await page.evaluate(() => {
      const get = navigator.credentials.get.bind(navigator.credentials);
      const held = new Promise<void>((goOn) => Object.assign(window, { goOn }));
      navigator.credentials.get = (options) => held.then(() => get(options));
    });
    const dialog = await ada.beginUnlock(page);
    await dialog.getByRole('button', { name: 'Use your passkey' }).click();
    await expect(dialog.getByRole('button', { name: 'Opening…' })).toBeVisible();
    await dialog.getByRole('button', { name: 'Stay locked' }).click();
    await expect(dialog).toBeHidden();
    await page.evaluate(() => (window as unknown as { goOn: () => void }).goOn());
    // The badge says "Opening…" until there is an answer.
    await expect(badge(page, 'locked')).toBeVisible({ timeout: 30_000 });
    await ada.beginUnlock(page);
    await dialog.getByRole('button', { name: 'Use your passkey' }).click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
  });

  test('who closes the dialog, or leaves the page, ends the prompt, and the next one is answered', async ({ page, appliance }) => {
    test.setTimeout(240_000);
    const ada = await Person.signUp(page, await appliance.newInvitation());
    const device = await Authenticator.plugIn(page);
    await page.evaluate(() => {
      const { credentials } = navigator;
      const ends: string[] = [];
      const noting = <O, R>(ask: (options: O) => Promise<R>) => (options: O) =>
        ask.call(credentials, options).catch((error: DOMException) => {
          ends.push(error.name);
          throw error;
        });
      Object.assign(window, { ends });
      Object.assign(credentials, { get: noting(credentials.get), create: noting(credentials.create) });
    });
    const ends = () => page.evaluate(() => (window as unknown as { ends: string[] }).ends);
    const red = page.locator('.notice--bad');

    await device.answers(false);
    const card = await ways(page);
    await card.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Machines' }).click();
    await expect.poll(ends).toEqual(['AbortError']);
    await expect(red).toHaveCount(0);
    await device.answers(true);
    await addPasskey(page, ada);
    await lock(page);

    await device.answers(false);
    for (const close of ['Stay locked', 'Escape']) {
      const before = (await ends()).length;
      const dialog = await ada.beginUnlock(page);
      await dialog.getByRole('button', { name: 'Use your passkey' }).click();
      await expect(dialog.getByRole('button', { name: 'Opening…' })).toBeVisible();
      if (close === 'Escape') await page.keyboard.press('Escape');
      else await dialog.getByRole('button', { name: close }).click();
      await expect(dialog).toBeHidden();
      await expect.poll(async () => (await ends()).slice(before)).toEqual(['AbortError']);
      await expect(badge(page, 'locked')).toBeVisible();
      await expect(red).toHaveCount(0);
    }
    await device.answers(true);
    const dialog = await ada.beginUnlock(page);
    await dialog.getByRole('button', { name: 'Use your passkey' }).click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
  });
});

test('at an address that is a number there can be none, and it is said', async ({ page, appliance }) => {
  test.setTimeout(90_000);
  await Person.signUp(page, await appliance.newInvitation());
  const card = await ways(page);
  await expect(card.getByText('Browsers make passkeys for names only')).toBeVisible();
  await expect(card.getByRole('button', { name: 'Add a passkey' })).toHaveCount(0);
  await lookOnce(page);
});
