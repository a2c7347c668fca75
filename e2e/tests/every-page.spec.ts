import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, type Page } from '@playwright/test';
import { type Appliance } from '../support/appliance';
import { expect, expectAccessible, expectNarrow, newBrowser, test } from '../support/fixtures';
import { Person, badge, enterFolder } from '../support/person';
import { type Watch, hydrated } from '../support/watch';

test.use({ own: 'every page' });
test.describe.configure({ mode: 'default' });

let context: BrowserContext;
let page: Page;
let watch: Watch;
let ada: Person;
let machine: string;
let files: string;

async function prepare(appliance: Appliance): Promise<void> {
  ada = await Person.signUp(page, await appliance.setupToken());
  const laptop = appliance.agent('Nora’s laptop');
  files = laptop.files;
  mkdirSync(join(files, 'Pictures/2026'), { recursive: true });
  for (const name of ['Recipes.odt', 'Letter to the bank.pdf', 'Budget 2026.ods']) writeFileSync(join(files, name), name.repeat(5000));
  for (let number = 1; number <= 40; number += 1) writeFileSync(join(files, `Pictures/2026/IMG_${number}.jpg`), `picture ${number}`);
  machine = await ada.addMachine(page, laptop);
  await laptop.backUp();
  writeFileSync(join(files, 'Recipes.odt'), 'all new');
  await laptop.backUp();
}

test.beforeAll(async ({ browser, appliance }) => {
  test.setTimeout(180_000);
  ({ context, watch } = await newBrowser(browser, appliance.url, { viewport: { width: 1440, height: 1000 }, reducedMotion: 'reduce' }));
  page = await context.newPage();
  await prepare(appliance);
  watch.check();
});

test.afterAll(async () => {
  await context.close();
});

const shapes = [
  ['desktop', 1440, 1000],
  ['phone', 390, 844],
] as const;

/** Looks at what is on the page now in every shape: accessible, nothing sideways, a picture. */
async function look(name: string, folder: (file: string) => string): Promise<void> {
  for (const [device, width, height] of shapes) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await expectAccessible(page);
      await page.screenshot({ path: folder(`${name}-${colorScheme}-${device}.png`) });
    }
    await expectNarrow(page, name);
  }
  await page.setViewportSize({ width: 320, height: 640 });
  await expectNarrow(page, name);
  await page.setViewportSize({ width: 1440, height: 1000 });
  await page.emulateMedia({ colorScheme: 'light' });
}

const places = [
  ['home-locked', () => '/'],
  ['machines-locked', () => '/machines'],
  ['machine-locked', () => machine],
  ['timeline', () => `${machine}/timeline`],
  ['browse-locked', () => `${machine}/browse`],
  ['search-locked', () => `${machine}/search`],
  ['compare-locked', () => `${machine}/compare`],
  ['rules-locked', () => `${machine}/rules`],
  ['add-machine', () => '/machines/add'],
  ['keys', () => '/keys'],
  ['settings', () => '/settings'],
  ['download', () => '/download'],
  ['docs', () => '/docs'],
] as const;

for (const [name, address] of places) {
  test(`${name} is accessible and fits`, async ({}, info) => {
    test.setTimeout(90_000);
    await page.goto(address());
    if (name !== 'docs') await hydrated(page);
    await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
    await expect(page.locator('[aria-busy=true]')).toHaveCount(0);
    await look(name, (file) => info.outputPath(file));
    watch.check();
  });
}

test('every document is accessible and fits', async () => {
  test.setTimeout(180_000);
  await page.goto('/docs');
  const links = page.getByRole('main').getByRole('link');
  const addresses = await links.evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''));
  const documents = addresses.filter((address) => address.startsWith('/docs/'));
  expect(documents.length).toBeGreaterThan(10);
  for (const address of documents) {
    await test.step(address, async () => {
      await page.goto(address);
      await expect(page.getByRole('heading', { level: 1 })).toHaveCount(1);
      await expectAccessible(page);
      await page.setViewportSize({ width: 390, height: 844 });
      await expectNarrow(page, address);
      await page.setViewportSize({ width: 1440, height: 1000 });
    });
  }
  watch.check();
});

test('unlocked pages are accessible and fit', async ({}, info) => {
  test.setTimeout(180_000);
  await page.goto('/machines');
  await hydrated(page);
  await ada.unlock(page);
  await expect(page.getByRole('main').getByText('Nora’s laptop')).toBeVisible();
  await look('machines', (file) => info.outputPath(file));
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Home' }).click();
  await expect(page.getByRole('main').getByText('Nora’s laptop').first()).toBeVisible();
  await look('home-open', (file) => info.outputPath(file));
  await page.getByRole('main').getByRole('link', { name: /Nora’s laptop/ }).click();
  await expect(page.getByText(/^No\. 2/)).toBeVisible();
  await look('machine', (file) => info.outputPath(file));
  await page.getByRole('navigation', { name: 'Views of the machine' }).getByRole('link', { name: 'Browse' }).click();
  await enterFolder(page, files.slice(1));
  await look('browse', (file) => info.outputPath(file));
  await page.getByRole('grid', { name: 'Files and folders' }).getByRole('link', { name: 'Recipes.odt', exact: true }).click();
  const panel = page.getByRole('complementary', { name: 'Chosen file' });
  await expect(panel.getByRole('button', { name: /^Download/ })).toBeVisible();
  await look('browse-file', (file) => info.outputPath(file));
  await panel.getByRole('link', { name: 'Versions and details' }).click();
  await expect(page.getByRole('main').getByText('Recipes.odt').first()).toBeVisible();
  await expect(page.getByRole('main').getByRole('button', { name: /^Download/ }).first()).toBeVisible();
  await look('file', (file) => info.outputPath(file));

  // When the vault locks, nothing readable stays.
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();
  expect(await page.content()).not.toContain('Recipes');
  watch.check();
});

test('keys search and are listed, never while somebody types, and can be switched off', async ({}, info) => {
  test.setTimeout(120_000);
  const list = page.getByRole('dialog', { name: 'Keys' });
  const field = page.getByRole('textbox', { name: /A part of a name/ });
  /** Presses a key outside of any field, and lets the page draw what comes of it. */
  const press = async (key: string) => {
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press(key);
    await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
  };
  await page.goto(`${machine}/timeline`);
  await hydrated(page);
  await press('?');
  await expect(list.getByText('Search the names of the machine')).toBeVisible();
  await look('keys-list', (file) => info.outputPath(file));
  await page.keyboard.press('/');
  await expect(page).toHaveURL(`${machine}/timeline`);
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await press('/');
  await expect(page).toHaveURL(`${machine}/search`);
  await ada.unlock(page);
  await press('/');
  await expect(field).toBeFocused();
  await page.keyboard.type('/?');
  await expect(field).toHaveValue('/?');
  await expect(list).toBeHidden();

  await press('?');
  await list.getByRole('switch', { name: 'Keys of one letter' }).uncheck();
  await list.getByRole('button', { name: 'Close' }).click();
  await expect(list).toBeHidden();
  for (const key of ['?', '/']) await press(key);
  await expect(list).toBeHidden();
  await expect(field).not.toBeFocused();
  // With a key that is held, it is found all the same, also from a field; from elsewhere that of the only machine.
  await press('Control+k');
  await expect(field).toBeFocused();
  await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Machines' }).click();
  await expect(page).toHaveURL('/machines');
  await expect(page.getByRole('main').getByRole('link', { name: /laptop/ }).first()).toBeVisible();
  await press('Control+k');
  await expect(page).toHaveURL(`${machine}/search`);
  watch.check();
});
