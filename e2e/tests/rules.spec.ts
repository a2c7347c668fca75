import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, expectAccessible, test } from '../support/fixtures';
import { Person } from '../support/person';

test.use({ own: 'rules' });

test('rules and traits are written in the browser, and the machine follows them', async ({ page, appliance }, info) => {
  test.setTimeout(240_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  for (const [name, bytes] of [['letter.txt', 1000], ['planted-draft-8812.tmp', 20_000], ['planted-film-3391.mkv', 300_000]] as const) {
    writeFileSync(join(attic.files, name), Buffer.alloc(bytes, name));
  }
  mkdirSync(join(attic.files, 'old'));
  writeFileSync(join(attic.files, 'old', 'thesis.txt'), 'thesis');
  const address = await ada.addMachine(page, attic);
  await page.goto(`${address}/rules`);
  await ada.unlock(page);
  await expect(page.getByText('This machine is not connected now.')).toBeVisible({ timeout: 20_000 });

  await attic.tell('include', attic.files);
  const service = attic.serve();
  const cover = page.getByRole('region', { name: 'What the rules cover' });
  const roots = page.getByRole('region', { name: 'Backed up', exact: true });
  const out = page.getByRole('region', { name: 'Left out' });
  const traits = page.getByRole('region', { name: 'Traits' });
  const foot = page.getByRole('region', { name: 'Changes that are not saved' });
  await test.step('the machine says what its rules cover', async () => {
    await expect(roots).toContainText(attic.files, { timeout: 60_000 });
    await expect(cover).toContainText('4 files', { timeout: 20_000 });
    await expect(foot).toBeHidden();
  });

  await test.step('what a pattern would leave out is counted before it is saved', async () => {
    const line = out.getByRole('textbox', { name: 'Another pattern, as in .gitignore' });
    await line.fill('*.tmp');
    await line.press('Enter');
    await expect(out).toContainText('20 kB in 1 file', { timeout: 20_000 });
    await expect(foot).toContainText('1 file less (20 kB less) to back up');
    await expect(cover).toContainText('3 files');
    await line.fill('a[');
    await line.press('Enter');
    await expect(page.getByText(/The pattern "a\[" is not valid/)).toBeVisible();
    await out.getByRole('button', { name: 'Remove a[' }).click();
    await expect(page.getByText(/The pattern "a\[" is not valid/)).toBeHidden({ timeout: 20_000 });
  });

  await test.step('a trait is written, and what is wrong is said beside it', async () => {
    await traits.getByRole('button', { name: 'Add' }).click();
    const dialog = page.getByRole('dialog', { name: 'A new trait' });
    await dialog.getByLabel('Name').fill('film');
    await dialog.getByLabel('Which paths').fill('planted-film-*.mkv');
    await dialog.getByLabel('Only files under').fill('2 boxes');
    await dialog.getByLabel('Quiet for').fill('soon');
    await dialog.getByLabel('Only at these times').fill('22:17-05:43');
    await dialog.getByLabel('Priority').selectOption('low');
    await dialog.getByLabel('Do not compress').check();
    await dialog.getByLabel('Share with no other machine').check();
    await dialog.getByRole('button', { name: 'Take over' }).click();
    await expect(dialog).toContainText('"soon" is not a span of time');
    await expect(dialog).toContainText('"2 boxes" is not a size');
    await page.screenshot({ path: info.outputPath('dialog.png') });
    await expectAccessible(page);
    await dialog.getByLabel('Only files under').fill('');
    await dialog.getByLabel('Quiet for').fill('10m');
    await dialog.getByRole('button', { name: 'Take over' }).click();
    await expect(dialog).toBeHidden();
    await expect(traits).toContainText('quiet 10m');
    await expect(traits).toContainText('this machine alone');
    await expect(traits).toContainText('300 kB in 1 file', { timeout: 20_000 });
  });

  await test.step('what becomes of a path is explained before it is saved', async () => {
    const why = page.getByRole('region', { name: 'Why?' });
    const path = why.getByRole('textbox', { name: 'A file, or a folder' });
    await path.fill(join(attic.files, 'planted-draft-8812.tmp'));
    await expect(why).toContainText(`Left out: the pattern *.tmp matches ${attic.files}/planted-draft-8812.tmp`);
    await path.fill(join(attic.files, 'planted-film-3391.mkv'));
    await expect(why).toContainText(`Backed up: it lies in ${attic.files}`);
    await expect(why).toContainText(/settle\s*10m\s*trait film: planted-film-\*\.mkv matches/);
  });

  await test.step('they are in force within seconds', async () => {
    await expectAccessible(page);
    await page.getByRole('heading', { level: 1 }).click();
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width: 1440, height: 1000 });
      await page.screenshot({ path: info.outputPath(`rules-${colorScheme}-desktop.png`), fullPage: true });
      await page.setViewportSize({ width: 390, height: 844 });
      await page.screenshot({ path: info.outputPath(`rules-${colorScheme}-phone.png`), fullPage: true });
    }
    await page.setViewportSize({ width: 1440, height: 1000 });
    await foot.getByRole('button', { name: 'Seal and save' }).click();
    await expect(page.getByText('The machine has the new rules')).toBeVisible({ timeout: 10_000 });
    await expect(foot).toBeHidden();
    const file = readFileSync(join(attic.home, 'config', 'rules.toml'), 'utf8');
    expect(file).toContain('"*.tmp"');
    expect(file).toContain('schedule = "22:17-05:43"');
    const { settings } = await attic.tell<{ settings: { setting: string; value: string }[] }>('explain', join(attic.files, 'planted-film-3391.mkv'));
    expect(settings).toContainEqual(expect.objectContaining({ setting: 'compression', value: 'false', trait: 'film' }));
    expect(settings).toContainEqual(expect.objectContaining({ setting: 'domain', value: 'isolated', trait: 'film' }));
  });

  await test.step('what the machine cannot do is said, and the old rules stay', async () => {
    await roots.getByRole('button', { name: `Remove ${attic.files}` }).click();
    await foot.getByRole('button', { name: 'Seal and save' }).click();
    await expect(page.getByText('The machine did not take these rules.')).toBeVisible({ timeout: 10_000 });
    await foot.getByRole('button', { name: 'Discard' }).click();
    await expect(roots).toContainText(attic.files);
    await expect(foot).toBeHidden();
  });

  await test.step('no pattern and no name lies anywhere at the server', async () => {
    await service.end();
    const files = readdirSync(appliance.data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const holding = files.filter((entry) => {
      const content = readFileSync(join(entry.parentPath, entry.name));
      return ['planted-draft-8812', '22:17-05:43', 'planted-film-'].some((word) => content.includes(word));
    });
    expect(holding.map((entry) => entry.name)).toEqual([]);
  });
});
