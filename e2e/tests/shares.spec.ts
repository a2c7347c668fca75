import { type Locator, type Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { look, lookOnce } from '../support/look';
import { Person, badge, saved } from '../support/person';
import { hydrated } from '../support/watch';

test.use({ own: 'shares' });

const FILES = 'Sheets that were saved as text';
const LETTERS = 'Or the letters of one sheet';

/** Makes 2 of 3 sheets on the page Keys, and saves each. */
async function makeSheets(page: Page, ada: Person, picture: (name: string) => Promise<void>): Promise<string[]> {
  await page.getByRole('link', { name: 'Keep your key' }).first().click();
  await page.getByRole('button', { name: 'Trust some people' }).click();
  const card = page.getByRole('region', { name: 'Trust some people' });
  await expect(card.getByText('Any 2 of the 3 can open your backups without you. 1 sheet may be lost.')).toBeVisible();
  // There are never fewer people than sheets that are needed.
  await card.getByLabel('People, each with a sheet').selectOption('5');
  await card.getByLabel('Sheets that are needed').selectOption('4');
  await card.getByLabel('People, each with a sheet').selectOption('3');
  await expect(card.getByText('All 3 of them are needed')).toBeVisible();
  await card.getByLabel('Sheets that are needed').selectOption('2');
  await picture('shares-choice');
  await card.getByRole('button', { name: 'Make the sheets' }).click();

  const sheets: string[] = [];
  const [next, done] = ['Next sheet', 'Done'].map((name) => page.getByRole('button', { name, exact: true }));
  await expect(page.getByRole('region', { name: 'Sheet 1 of 3' })).toBeVisible({ timeout: 30_000 });
  for (const number of [1, 2, 3]) {
    const sheet = page.getByRole('region', { name: `Sheet ${number} of 3` });
    const goOn = number === 3 ? done : next;
    await expect(goOn).toHaveAttribute('aria-disabled', 'true');
    await goOn.click({ force: true });
    await expect(sheet).toBeVisible();
    if (number === 1) await picture('shares-sheet');
    const text = await saved(page, page.getByRole('button', { name: 'Save this sheet' }));
    expect(text).toContain(`sheet ${number} of 3`);
    expect(text).toContain(ada.login);
    await expect(sheet).toContainText(text.trim().split('\n').at(-1)!);
    sheets.push(text);
    await goOn.click();
  }
  await ada.prove(page, page.getByRole('region', { name: 'Ways to open the vault' }));
  await expect(page.getByRole('region', { name: 'Ways to open the vault' })).toContainText('Trusted people', { timeout: 30_000 });
  expect(new Set(sheets).size).toBe(3);
  return sheets;
}

function files(...texts: string[]): { name: string; mimeType: string; buffer: Buffer }[] {
  return texts.map((text, number) => ({ name: `sheet-${number}.txt`, mimeType: 'text/plain', buffer: Buffer.from(text) }));
}

/** What a program reads of a sheet. */
function letters(sheet: string): string {
  return sheet.slice(sheet.indexOf('IOTA-SHARE-1'));
}

async function beginWithSheets(page: Page, ada: Person): Promise<Locator> {
  const dialog = await ada.beginUnlock(page);
  await dialog.getByRole('button', { name: 'Sheets of trusted people' }).click();
  return dialog;
}

test('trusted people open the vault together, and none alone', async ({ page, context, appliance }, info) => {
  test.setTimeout(300_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const sheets = await makeSheets(page, ada, (name) => look(page, info, name));
  await expect(page.getByRole('region', { name: 'What you can lose' })).toContainText('the trusted people are elsewhere');
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();

  const dialog = await beginWithSheets(page, ada);
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await expect(dialog.getByText('Choose or type the sheets first.')).toBeVisible();
  await dialog.getByLabel(FILES).setInputFiles(files('not a sheet'));
  await expect(dialog.getByText(/block that begins with IOTA-SHARE-1 is missing/)).toBeVisible();
  await dialog.getByLabel(FILES).setInputFiles(files(sheets[1]));
  await expect(dialog.getByText('Sheet 2 is there; 1 more is needed.')).toBeVisible();
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await expect(dialog.getByText(/2 of 3 sheets are needed, 1 given/)).toBeVisible({ timeout: 30_000 });
  await look(page, info, 'unlock-shares');
  // The same one again does not count; one that is typed does.
  await dialog.getByLabel(FILES).setInputFiles(files(sheets[1]));
  await expect(dialog.getByText('Sheet 2 is there; 1 more is needed.')).toBeVisible();
  await dialog.getByLabel(LETTERS).fill(letters(sheets[2]).replace(/\s+/g, ' '));
  await dialog.getByRole('button', { name: 'Add this sheet' }).click();
  await expect(dialog.getByText('Sheets 2, 3 are there; that is enough.')).toBeVisible();
  await lookOnce(page);
  await dialog.getByRole('button', { name: 'Unlock' }).click();
  await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
  await expect(dialog).toBeHidden();

  // Who lost the password, too; each two of the three.
  for (const [round, [first, second]] of [[sheets[0], sheets[1]], [sheets[2], sheets[0]]].entries()) {
    // A page that is open would notice that it is signed out.
    await page.goto('about:blank');
    await context.clearCookies();
    await page.goto('/forgot');
    await hydrated(page);
    await page.getByLabel('E-mail address').fill(ada.login);
    await page.getByRole('button', { name: 'Use sheets of trusted people' }).click();
    ada.password = `walnut saddle mitten quartz 9${round}`;
    await page.getByLabel('New password for signing in').fill(ada.password);
    const send = page.getByRole('button', { name: 'Set it and sign in' });
    if (round === 0) {
      await page.getByLabel(FILES).setInputFiles(files(first));
      await expect(page.getByText('Sheet 1 is there; 1 more is needed.')).toBeVisible();
      await send.click();
      await expect(page.getByText(/2 of 3 sheets are needed, 1 given/)).toBeVisible({ timeout: 30_000 });
      await look(page, info, 'forgot-shares');
      await page.getByLabel(LETTERS).fill(letters(second));
    } else {
      await page.getByLabel(FILES).setInputFiles(files(first, second));
      await expect(page.getByText('Sheets 1, 3 are there; that is enough.')).toBeVisible();
    }
    await send.click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
    await expect(page).toHaveURL('/');
  }
});

test('a way that was removed is offered no more', async ({ page, appliance }) => {
  test.setTimeout(200_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  await makeSheets(page, ada, async () => {});
  const ways = page.getByRole('region', { name: 'Ways to open the vault' });
  await ways.getByRole('button', { name: /^Remove trusted people/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove it' }).click();
  await expect(ways).not.toContainText('Trusted people', { timeout: 30_000 });
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();
  const dialog = await ada.beginUnlock(page);
  await expect(dialog.getByRole('button', { name: 'Recovery words' })).toBeVisible();
  await expect(dialog.getByRole('button', { name: 'Sheets of trusted people' })).toHaveCount(0);
});
