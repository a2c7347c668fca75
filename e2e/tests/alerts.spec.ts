import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, expectAccessible, expectNarrow, hydrated, test } from '../support/fixtures';
import { Person } from '../support/person';

test.use({ own: 'alerts' });

/** Four days, and what the slow clock of a page may be behind. */
const DAYS_MS = 4 * 86_400_000 + 120_000;

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
  expect(post.letters.map(({ to, subject }) => [to, subject])).toEqual([[['alerts@example.org'], 'IotaBackup: a test']]);
  await expectAccessible(page);
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNarrow(page);
  await page.setViewportSize({ width: 1440, height: 1000 });

  // Four days go by without a word of the machine.
  await appliance.sql(`UPDATE backup_set SET complete_ms = complete_ms - ${DAYS_MS}; UPDATE device SET created_ms = created_ms - ${DAYS_MS}`);
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByText(/has completed no backup for 4.days\./)).toBeVisible();
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
  await expect.poll(() => post.letters.length, { timeout: 15_000 }).toBe(2);
  expect(post.letters[1].subject).toBe('IotaBackup: Attic (north) has completed no backup for 4 days');
  expect(post.letters[1].text).not.toContain(ada.login);
  await attic.tell('backup');
  await restart();
  await expect.poll(() => post.letters.length, { timeout: 15_000 }).toBe(3);
  expect(post.letters[2].subject).toBe('IotaBackup: Attic (north) is backed up again');
  await page.goto('/');
  await hydrated(page);
  await expect(page.getByText('Your machine, up to its last backup.')).toBeVisible();
});
