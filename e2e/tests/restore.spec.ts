import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, type Locator, type Page } from '@playwright/test';
import { bytes } from '../support/bytes';
import { expect, test } from '../support/fixtures';
import { look } from '../support/look';
import { Person, enterFolder, entry } from '../support/person';

test.use({ own: 'restore' });

/** So that names of folders on the machines are known again where they must not lie. */
const PLANTED = 'planted-back-7351';
const NAMES = ['with a space', 'Ö and 雪', '#hash & "quotes"', '-dash', 'two\nlines', 'tail '];

/** Writes a tree with what is easily lost on the way. */
function plant(folder: string): void {
  const letters = join(folder, 'letters');
  mkdirSync(join(letters, 'old/empty'), { recursive: true });
  NAMES.forEach((name, number) => writeFileSync(join(letters, name), bytes(1_000 * (number + 1), number)));
  writeFileSync(Buffer.concat([Buffer.from(join(letters, 'no text ')), Buffer.from([0xff])]), 'bytes that are no text');
  writeFileSync(join(letters, 'old/large.bin'), bytes(3_000_000, 7));
  writeFileSync(join(letters, 'script.sh'), '#!/bin/sh\n');
  chmodSync(join(letters, 'script.sh'), 0o750);
  writeFileSync(join(letters, 'private.txt'), 'mine');
  chmodSync(join(letters, 'private.txt'), 0o600);
  writeFileSync(join(letters, 'poem.txt'), 'as it was');
  symlinkSync('old/large.bin', join(letters, 'link'));
  symlinkSync('/nowhere/at all', join(letters, 'broken link'));
  utimesSync(join(letters, 'script.sh'), 1_000_000_000, 1_000_000_000);
  utimesSync(join(letters, 'old/empty'), 1_100_000_000, 1_100_000_000);
}

/** Names, kinds, permissions, times and aims of everything below a folder. */
function facts(folder: string): string {
  const all = execFileSync('find', ['.', '-mindepth', '1', '-printf', '%P %y %m %T@ %l\\0'], { cwd: folder });
  return all.toString('latin1').split('\0').sort().join('\n');
}

/** Finds a difference in names or bytes, or in what else is known of them. */
function expectSame(restored: string, source: string): void {
  execFileSync('diff', ['--recursive', '--no-dereference', restored, source]);
  expect(facts(restored)).toBe(facts(source));
}

/** Answers the next order as the server does five minutes after the last proof. */
async function forgetProof(context: BrowserContext): Promise<void> {
  let asked = 0;
  await context.route('**/api/v1/sets/*/restores', async (route) => {
    if (route.request().method() !== 'POST') return route.continue();
    asked += 1;
    if (asked > 1) return route.continue();
    const error = { code: 'reauthenticate', message: 'prove your password again' };
    return route.fulfill({ status: 403, contentType: 'application/json', body: JSON.stringify({ error }) });
  });
}

/** Opens the dialog of the folder that is shown. */
async function begin(page: Page): Promise<Locator> {
  await page.getByRole('region', { name: 'Folder' }).getByRole('button', { name: 'Restore on a machine' }).click();
  const dialog = page.getByRole('dialog', { name: /^Restore / });
  await expect(dialog).toBeVisible();
  return dialog;
}

/** Orders, proves who it is if that is asked, and goes to the machine's page. Gives the newest restore there. */
async function give(page: Page, ada: Person, dialog: Locator, button: 'Restore' | 'See what would happen'): Promise<Locator> {
  await dialog.getByRole('button', { name: button, exact: true }).click();
  const link = page.getByRole('link', { name: 'See how it goes' });
  await ada.prove(page, link);
  await expect(link).toBeFocused();
  await link.click();
  return newest(page);
}

/** The restore that the card shows first. */
function newest(page: Page): Locator {
  return restores(page).locator('.slot').first();
}

function restores(page: Page): Locator {
  return page.getByRole('region', { name: 'Restores' });
}

/** Goes to a folder as it was at a point in time; the vault stays open. */
async function browse(page: Page, ada: Person, machine: string, folder: string, at: number): Promise<void> {
  await page.goto(`${machine}/browse#at=${at}`);
  await ada.unlock(page);
  await enterFolder(page, folder.slice(1));
}

test('machines bring back what their owner orders, and say what they would do', async ({ page, context, appliance }, info) => {
  test.setTimeout(420_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const [attic, cellar] = [appliance.agent('attic'), appliance.agent('cellar')];
  plant(attic.files);
  const letters = join(attic.files, 'letters');
  writeFileSync(join(cellar.files, 'note.txt'), 'of the cellar');
  const from = await ada.addMachine(page, attic);
  const { seq } = await attic.backUp();
  // A page that is loaded again has a locked vault.
  await page.goto('/machines/add');
  await ada.unlock(page);
  const to = await ada.addMachine(page, cellar);
  await cellar.tell('include', cellar.files);
  const service = cellar.serve();
  const target = join(cellar.home, PLANTED);

  await test.step('a page without restores says nothing of them', async () => {
    await page.goto(to);
    await ada.unlock(page);
    await expect(page.getByRole('region', { name: 'Right now' })).toContainText('Up to date, and watching', { timeout: 60_000 });
    await expect(restores(page)).toBeHidden();
  });

  await test.step('a folder of one machine comes to another, after a proof', async () => {
    await browse(page, ada, from, attic.files, seq);
    await expect(entry(page, 'Folder letters')).toBeVisible();
    await forgetProof(context);
    const dialog = await begin(page);
    await expect(dialog.getByLabel('On which machine').getByRole('option')).toHaveText(['attic, where they come from', 'cellar']);
    await dialog.getByLabel('On which machine').selectOption({ label: 'cellar' });
    await expect(dialog.getByText('It is connected now.')).toBeVisible();
    await expect(dialog.getByRole('radio', { name: 'Into another folder' })).toBeChecked();
    await expect(dialog.getByRole('radio', { name: 'Keep them' })).toBeChecked();
    const folder = dialog.getByLabel('Folder on that machine');
    await expect(folder).toHaveValue(/^\/restored-\d{4}-\d{2}-\d{2}$/);
    await folder.fill('not/whole');
    await dialog.getByRole('button', { name: 'Restore', exact: true }).click();
    await expect(dialog.getByText('Give the folder as a whole path, beginning with /.')).toBeVisible();
    await expect(folder).toBeFocused();
    await look(page, info, 'restore');
    await folder.fill(target);
    const first = await give(page, ada, dialog, 'Restore');
    await context.unroute('**/api/v1/sets/*/restores');
    await expect(page).toHaveURL(to);
    await expect(first).toContainText('Files of attic');
    await expect(first).toContainText(/Restored \d+\sfiles, [\d.]+\sMB, to .*; all verified\./, { timeout: 90_000 });
    await expect(first).toContainText(target);
    await expect(first).not.toContainText('losses');
    expectSame(join(target, attic.files), attic.files);
    await look(page, info, 'restored');
  });

  await test.step('the same again finds that all of it is there', async () => {
    await browse(page, ada, from, attic.files, seq);
    const dialog = await begin(page);
    await dialog.getByLabel('On which machine').selectOption({ label: 'cellar' });
    await dialog.getByLabel('Folder on that machine').fill(target);
    const first = await give(page, ada, dialog, 'See what would happen');
    await expect(first).toContainText('Nothing would change.', { timeout: 90_000 });
    await expect(restores(page).locator('.slot')).toHaveCount(2);
  });

  await test.step('what would happen in place is said, and does not happen', async () => {
    writeFileSync(join(letters, 'poem.txt'), 'as somebody changed it');
    attic.serve();
    await browse(page, ada, from, letters, seq);
    const dialog = await begin(page);
    await dialog.getByRole('radio', { name: 'Where it was' }).check();
    await expect(dialog.getByRole('radio', { name: 'Replace changed ones' })).toBeChecked();
    await expect(dialog.getByLabel('Folder on that machine')).toBeHidden();
    const first = await give(page, ada, dialog, 'See what would happen');
    await expect(page).toHaveURL(from);
    await expect(first).toContainText('0\u00a0files would be made and 1 would be replaced', { timeout: 90_000 });
    await expect(first).toContainText('Nothing was done so far.');
    expect(readFileSync(join(letters, 'poem.txt'), 'utf8')).toBe('as somebody changed it');
    await look(page, info, 'foretold');
  });

  await test.step('then it does', async () => {
    await browse(page, ada, from, letters, seq);
    const dialog = await begin(page);
    await dialog.getByRole('radio', { name: 'Where it was' }).check();
    const first = await give(page, ada, dialog, 'Restore');
    await expect(first).toContainText('to where they were; all verified.', { timeout: 90_000 });
    await expect(first.getByText('Replaced', { exact: true })).toBeVisible();
    expect(readFileSync(join(letters, 'poem.txt'), 'utf8')).toBe('as it was');
    expectSame(join(target, letters), letters);
  });

  await test.step('one file is ordered beside its folder; Escape closes one layer at a time', async () => {
    await browse(page, ada, from, letters, seq);
    await entry(page, 'poem.txt').click();
    const panel = page.getByRole('complementary', { name: 'Chosen file' });
    await panel.getByRole('button', { name: 'Restore on a machine' }).click();
    const dialog = page.getByRole('dialog', { name: 'Restore poem.txt' });
    await expect(dialog).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(dialog).toBeHidden();
    await expect(panel.getByRole('heading', { name: 'poem.txt' })).toBeVisible();
    await panel.getByRole('button', { name: 'Restore on a machine' }).click();
    const alone = join(attic.home, 'alone');
    await dialog.getByLabel('Folder on that machine').fill(alone);
    const first = await give(page, ada, dialog, 'Restore');
    await expect(first).toContainText(/Restored 1\sfile, 9\sB, to /, { timeout: 90_000 });
    await expect(first).toContainText(join(letters, 'poem.txt'));
    expect(readdirSync(join(alone, letters))).toEqual(['poem.txt']);
  });

  await test.step('an order waits for a machine that is away, and is cancelled there', async () => {
    await service.end();
    await browse(page, ada, from, letters, seq);
    const dialog = await begin(page);
    await dialog.getByLabel('On which machine').selectOption({ label: 'cellar' });
    const never = join(cellar.home, 'never');
    await dialog.getByLabel('Folder on that machine').fill(never);
    const first = await give(page, ada, dialog, 'Restore');
    await expect(page).toHaveURL(to);
    await expect(first).toContainText('Waits for the machine');
    const ordered = `${letters}, to ${never}. Files that are there stay.`;
    await expect(first).toContainText(ordered);
    await look(page, info, 'waiting');
    const cancel = first.getByRole('button', { name: 'Cancel' });
    await cancel.click();
    await ada.prove(page, first.getByText('Cancelled', { exact: true }));
    await expect(cancel).toBeHidden();
    cellar.serve();
    const now = page.getByRole('region', { name: 'Right now' });
    await expect(now).toContainText('Up to date, and watching', { timeout: 90_000 });
    await expect(now).not.toContainText('not connected', { timeout: 90_000 });
    await expect(first).toContainText('Cancelled');
    await expect(first).toContainText(ordered);
    expect(existsSync(never)).toBe(false);
  });

  await test.step('no name lies anywhere at the server', async () => {
    const files = readdirSync(appliance.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const holding = files.filter((entry) => readFileSync(join(entry.parentPath, entry.name)).includes(PLANTED));
    expect(holding.map((entry) => entry.name)).toEqual([]);
    expect(appliance.memoryHolds([PLANTED])).toEqual([]);
    expect(appliance.said).not.toContain(PLANTED);
  });
});
