import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, expectAccessible, expectNarrow, hydrated, test } from '../support/fixtures';
import { Person } from '../support/person';

test.use({ own: 'alerts' });

/** Four days, and what the slow clock of a page may be behind. */
const DAYS_MS = 4 * 86_400_000 + 120_000;

/** Two days, likewise. */
const SILENT_MS = 2 * 86_400_000 + 120_000;

test('a missed backup is on the dashboard and in the mail', async ({ page, appliance, post }) => {
  test.setTimeout(240_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  writeFileSync(join(attic.files, 'letter'), 'dear');
  const address = await ada.addMachine(page, attic);
  await attic.backUp();

  await page.goto('/settings');
  await hydrated(page);
  const alerts = page.getByRole('region', { name: 'Alerts' });
  await expect(alerts.getByLabel('Address for alerts')).toHaveValue(ada.login);
  await alerts.getByRole('button', { name: 'Send a test mail' }).click();
  await expect(alerts.getByText('Save the address first')).toBeVisible();
  await alerts.getByLabel('Address for alerts').fill('alerts@example.org');
  await alerts.getByRole('checkbox', { name: 'Mail me' }).check();
  await alerts.getByRole('button', { name: 'Save' }).click();
  await ada.prove(page, page.getByText('Saved', { exact: true }));
  await alerts.getByRole('button', { name: 'Send a test mail' }).click();
  await expect(alerts.getByText('The mail server took the test for alerts@example.org.')).toBeVisible();
  const lettersTo = (address: string) => post.letters.filter(({ to }) => to.includes(address));
  expect(lettersTo('alerts@example.org').map(({ subject }) => subject)).toEqual(['IotaBackup: a test']);
  await expectAccessible(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNarrow(page);
  await page.setViewportSize({ width: 1440, height: 1000 });

  // Two days go by without a word of the machine, whose last backup is not too old.
  await appliance.sql(`UPDATE device SET contact_ms = contact_ms - ${SILENT_MS}`);
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Mostly\. .*has been silent for 2.days\.$/);
  const hand = page.getByRole('region', { name: 'Needs a hand' }).getByRole('listitem');
  await expect(hand).toHaveCount(1);
  await expect(hand).toContainText(/Silent for 2.days\s*Last contact: /);
  await expectAccessible(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNarrow(page);
  await page.setViewportSize({ width: 1440, height: 1000 });
  await hand.getByRole('link', { name: 'See what to look at' }).click();
  await expect(page.getByRole('main').getByText(/^Silent for 2.days\.$/)).toBeVisible();

  // Four days go by without a backup.
  await appliance.sql(`UPDATE backup_set SET complete_ms = complete_ms - ${DAYS_MS}; UPDATE device SET created_ms = created_ms - ${DAYS_MS}`);
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByText(/has completed no backup for 4.days\./)).toBeVisible();
  await expect(hand).toContainText('Missed: no complete backup for');
  await page.goto('/machines');
  await hydrated(page);
  await expect(page.getByText(/^Missed: no complete backup for 4.days$/)).toBeVisible();

  // A longer limit ends it, and the usual one brings it back.
  await page.goto(address);
  await hydrated(page);
  const notice = page.getByRole('main').getByText(/^Missed: no complete backup for/);
  await expect(notice).toBeVisible();
  const card = page.getByRole('region', { name: 'When a backup is missed' });
  await card.getByLabel('Without a complete backup for').selectOption('30 days');
  await card.getByLabel('Public name').fill('Attic (north)');
  await card.getByRole('button', { name: 'Save' }).click();
  await ada.prove(page, page.getByText('Saved', { exact: true }));
  await expect(notice).toBeHidden();
  await card.getByLabel('Without a complete backup for').selectOption('As in Settings');
  await card.getByRole('button', { name: 'Save' }).click();
  await expect(notice).toBeVisible();
  await expect(card.getByLabel('Public name')).toHaveValue('Attic (north)');
  await expectAccessible(page);

  // A server that starts looks at once, and tells it once.
  const restart = async () => {
    await page.goto('about:blank');
    await appliance.halt();
    await appliance.resume();
  };
  await restart();
  const alerted = () => lettersTo('alerts@example.org');
  await expect.poll(() => alerted().length, { timeout: 15_000 }).toBe(2);
  expect(alerted()[1].subject).toBe('IotaBackup: Attic (north) has completed no backup for 4 days');
  expect(alerted()[1].text).not.toContain(ada.login);
  // Where warnings would have gone before hears that they do not, and not where they go.
  await expect.poll(() => lettersTo(ada.login).map(({ subject }) => subject), { timeout: 15_000 }).toEqual(['IotaBackup: mails go to another address now']);
  expect(lettersTo(ada.login)[0].text).not.toContain('alerts@example.org');
  await attic.tell('backup');
  await restart();
  await expect.poll(() => alerted().length, { timeout: 15_000 }).toBe(3);
  expect(alerted()[2].subject).toBe('IotaBackup: Attic (north) is backed up again');
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Yes\. Your machine, up to its last backup at \d\d:\d\d, as far as this server sees\.$/);
  await expect(hand).toHaveCount(0);
});
