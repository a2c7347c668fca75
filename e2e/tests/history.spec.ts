import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures';
import { LongPast } from '../support/long-past';
import { look } from '../support/look';
import { Person, enterFolder, entry, withoutFileDialog } from '../support/person';

test.use({ own: 'history' });

test('the history of a folder and of a file, and how much changed by day', async ({ page, appliance }, info) => {
  test.setTimeout(300_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  const files = attic.files;
  mkdirSync(join(files, 'letters/old'), { recursive: true });
  const poem = Array.from({ length: 40 }, (_, line) => `line ${line + 1}`);
  const write = (name: string, text: string) => writeFileSync(join(files, name), text);
  write('letters/poem.txt', poem.join('\n'));
  write('letters/note.txt', 'a note');
  write('letters/old/plan.bin', 'plan\0');
  write('beside.txt', 'beside');
  const address = await ada.addMachine(page, attic);
  await attic.backUp();
  poem[19] = 'another line';
  write('letters/poem.txt', poem.join('\n'));
  rmSync(join(files, 'letters/note.txt'));
  await attic.backUp();
  // Nothing below the folder.
  write('beside.txt', 'beside, changed');
  await attic.backUp();
  write('letters/note.txt', 'a note');
  write('letters/old/plan.bin', 'another plan\0');
  await attic.backUp();
  poem.push('one more line');
  write('letters/poem.txt', poem.join('\n'));
  await attic.backUp();
  await withoutFileDialog(page);

  await page.goto(`${address}/browse`);
  await ada.unlock(page);
  await enterFolder(page, `${files.slice(1)}/letters`);

  await test.step('under the days stands how much changed, once the slider rests', async () => {
    // The first backup has none before it; each change counts. After midnight some of it belongs to the day before.
    const words = /^[2-6]\sfiles new or changed(, 1 gone)?$/;
    await expect(page.locator('.timeline__count')).toHaveText(words);
    const slider = page.getByRole('slider', { name: 'Day', exact: true });
    await expect(slider).toHaveAttribute('aria-valuetext', /, [2-6]\sfiles new or changed(, 1 gone)?$/);
    await expect(page.getByText(/^Bars: how much changed/)).toBeVisible();
    await expect(page.locator('.density__burst')).toHaveCount(0);
  });

  const changes = page.getByRole('region', { name: /points? with changes$/ });
  const points = changes.locator('.version');
  await test.step('a change, a deletion and what was put back are listed below their folder, and nothing else', async () => {
    await page.getByRole('link', { name: 'Versions', exact: true }).click();
    await expect(changes.getByText(/^all that is kept, since /)).toBeVisible();
    await expect(changes.getByText(/^Every point is kept for 7 days; .* What lay between is not listed\.$/)).toBeVisible();
    await expect(changes.getByRole('heading', { name: /^3\spoints with changes$/ })).toBeVisible();
    await expect(points.nth(0)).toContainText(/1 new or changed/);
    await expect(points.nth(0).getByRole('link', { name: 'poem.txt' })).toBeVisible();
    await expect(points.nth(1)).toContainText(/2 new or changed/);
    await expect(points.nth(1).getByRole('listitem')).toHaveText([/^note\.txt\s*new or changed$/, /^old\s*new or changed$/]);
    await expect(points.nth(2)).toContainText(/1 new or changed, .*; 1 gone/);
    await expect(points.nth(2).getByRole('listitem')).toHaveText([/^note\.txt\s*gone$/, /^poem\.txt\s*new or changed$/]);
    await look(page, info, 'folder-history');
  });

  await test.step('the folder opens as it was, and a folder in it has a history of its own', async () => {
    await points.nth(2).getByRole('link', { name: /^Open the folder as it was / }).click();
    await expect(page).toHaveURL(/\/browse#at=2&f=/);
    await expect(entry(page, 'poem.txt')).toBeVisible();
    await expect(entry(page, 'note.txt')).toHaveCount(0);
    await page.goBack();
    await points.nth(1).getByRole('link', { name: 'old', exact: true }).click();
    await expect(changes.getByRole('heading', { name: /^1\spoint with changes$/ })).toBeVisible();
    await expect(points.getByRole('link', { name: 'plan.bin' })).toBeVisible();
    await page.goBack();
  });

  const diff = page.getByRole('region', { name: 'Earlier and later' });
  const dots = page.getByRole('list', { name: 'Versions in time' });
  await test.step('a file shows what it differs in from the version before, from the newest, and all of it', async () => {
    await points.nth(2).getByRole('link', { name: 'poem.txt' }).click();
    await expect(diff.getByText('removed: line 20')).toBeVisible();
    await expect(diff.getByText('another line')).toBeVisible();
    await expect(diff.getByText('one more line')).toHaveCount(0);
    await expect(dots.getByRole('listitem')).toHaveCount(3);
    await look(page, info, 'file-history');
    await diff.getByRole('radio', { name: 'Now' }).check();
    await expect(diff.getByText('one more line')).toBeVisible();
    await expect(diff.getByText('removed: line 20')).toHaveCount(0);
    await diff.getByRole('radio', { name: 'Whole text' }).check();
    await expect(diff.getByText('line 2', { exact: true })).toBeVisible();
    await expect(diff.getByText('one more line')).toHaveCount(0);
    await diff.getByRole('button', { name: 'Close the comparison' }).click();
    await expect(diff).toBeHidden();
  });

  await test.step('a dot leads to its version without another sign-in, and the first is compared with the newest', async () => {
    await dots.getByRole('link', { name: /first seen$/ }).click();
    await expect(page).toHaveURL(/\/file#at=1&f=/);
    await expect(dots.locator('[aria-current]')).toHaveAccessibleName(/first seen$/);
    await expect(diff.getByRole('radio', { name: 'Now' })).toBeChecked();
    await expect(diff.getByRole('radio', { name: 'Before it' })).toHaveCount(0);
    await expect(diff.getByText('one more line')).toBeVisible();
    await page.goBack();
    await page.goBack();
  });

  await test.step('where a file was gone its page leads to the nearest version', async () => {
    await points.nth(2).getByRole('link', { name: 'note.txt' }).click();
    await expect(page.getByRole('heading', { name: 'This version cannot be opened' })).toBeVisible();
    await expect(dots.locator('.dots__dot--gone')).toHaveAccessibleName(/deleted/);
    await expect(dots.getByRole('link', { name: /put back$/ })).toBeVisible();
    await expect(diff).toHaveCount(0);
    await page.getByRole('link', { name: /^Go to the nearest version, of / }).click();
    await expect(page.getByRole('heading', { name: 'note.txt' })).toBeVisible();
  });

  await test.step('what is neither a text nor a picture is compared by size and time alone', async () => {
    await page.goto(`${address}/browse`);
    await ada.unlock(page);
    await enterFolder(page, `${files.slice(1)}/letters/old`);
    await entry(page, 'plan.bin').click();
    await page.getByRole('complementary', { name: 'Chosen file' }).getByRole('link', { name: 'Versions and details' }).click();
    await expect(dots.getByRole('listitem')).toHaveCount(2);
    await expect(page.getByRole('heading', { name: /^2\sversions$/ })).toBeVisible();
    await page.getByRole('button', { name: /^Compare the version/ }).click();
    await expect(diff.getByRole('heading', { name: 'Nothing to lay beside each other' })).toBeVisible();
    await expect(diff.getByRole('radio', { name: 'Whole text' })).toHaveCount(0);
  });

  await test.step('far more than usual at once is marked, with the way to the point before', async () => {
    // Three days, a point every 20 minutes.
    await LongPast.begin(page, address, 216, { 180: 400 * 512 });
    await page.goto(`${address}/timeline`);
    await expect(page.locator('.density__alert')).toHaveCount(1);
    await expect(page.getByText(/^Unusually many changes at once on .*: [\d,]+ times as much as otherwise in ten minutes, by the server's list until the points are checked\.$/)).toBeVisible();
    await look(page, info, 'burst');
    await page.getByRole('button', { name: 'Open the point before' }).click();
    await expect(page).toHaveURL(/#at=179$/);
  });
});
