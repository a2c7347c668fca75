import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, type Download, type Page } from '@playwright/test';
import { bytes, writeLarge } from '../support/bytes';
import { expect, newBrowser, test } from '../support/fixtures';
import { Person, badge, enterFolder, entry, savedAt, withoutFileDialog } from '../support/person';
import { type Watch } from '../support/watch';

test.use({ own: 'downloads' });
test.describe.configure({ mode: 'default' });

const MEGABYTES = 300;
/** More than the vault keeps at hand, so that it asks the server to the end. */
const DIFFERENT = 32;
/** Questions for objects that are answered before the others wait: midway, however fast the machine. */
const ANSWERED = 10;
const NOTE = bytes(100_000, 90);

let context: BrowserContext;
let disk: string;
let page: Page;
let watch: Watch;
let ada: Person;

test.beforeAll(async ({ browser, appliance }) => {
  test.setTimeout(180_000);
  ({ context, watch } = await newBrowser(browser, appliance.url));
  page = await context.newPage();
  ada = await Person.signUp(page, await appliance.newInvitation());
  const attic = appliance.agent('attic');
  disk = join(attic.files, 'disk.bak');
  writeLarge(disk, MEGABYTES, DIFFERENT);
  writeFileSync(join(attic.files, 'note.raw'), NOTE);
  const address = await ada.addMachine(page, attic);
  await attic.backUp();
  await withoutFileDialog(page);
  await page.goto(`${address}/browse`);
  await ada.unlock(page);
  await enterFolder(page, attic.files.slice(1));
});

test.afterAll(async () => {
  await context.close();
});

/** Chooses a file, and gives the button that downloads it. */
async function choose(name: string) {
  await entry(page, name).click();
  const panel = page.getByRole('complementary', { name: 'Chosen file' });
  await expect(panel.getByRole('heading', { name })).toBeVisible();
  return panel.getByRole('button', { name: /^Download/ });
}

function tray() {
  return page.getByRole('region', { name: 'Downloads' });
}

/** Begins to download the large file; then the server falls silent until it is told to go on. */
async function silentMidway(): Promise<() => void> {
  let [asked, answer] = [0, () => {}];
  const answering = new Promise<void>((done) => (answer = done));
  await context.route('**/api/v1/objects/read', async (route) => {
    asked += 1;
    if (asked > ANSWERED) await answering;
    await route.continue();
  });
  await (await choose('disk.bak')).click();
  await expect.poll(() => asked).toBe(ANSWERED + 1);
  return answer;
}

/** The same, by an ordinary download. */
async function beginMidway(): Promise<{ download: Download; goOn: () => void }> {
  const coming = page.waitForEvent('download');
  const goOn = await silentMidway();
  return { download: await coming, goOn };
}

/** The browser says that it has not got the file, and has kept nothing of it. */
async function expectFailed(download: Download): Promise<void> {
  expect(await download.failure()).toBeTruthy();
  await expect(download.path()).rejects.toThrow();
}

/** The vault goes on working. */
async function takeNote(): Promise<void> {
  const file = await savedAt(page, await choose('note.raw'));
  expect(readFileSync(file).equals(NOTE)).toBe(true);
}

test('a download that is cancelled midway has failed, and the tray says so', async () => {
  const { download, goOn } = await beginMidway();
  await tray().getByRole('button', { name: 'Cancel the download' }).click();
  goOn();
  await expectFailed(download);
  await expect(tray().getByText(/^The download was stopped; no part of it was kept\./)).toBeVisible();
  await takeNote();
  watch.check();
});

test('a vault that is locked midway ends the download, and leaves no name on the page', async () => {
  const { download, goOn } = await beginMidway();
  await badge(page, 'open').click();
  await expect(badge(page, 'locked')).toBeVisible();
  goOn();
  await expectFailed(download);
  await expect(tray()).toBeHidden();
  expect(await page.content()).not.toContain('disk.bak');
  await ada.unlock(page);
  await takeNote();
  watch.check();
});

test('cancelling does not wait for a server that is silent', async () => {
  const { download, goOn } = await beginMidway();
  await tray().getByRole('button', { name: 'Cancel the download' }).click();
  try {
    await expect(tray().getByText(/^The download was stopped/)).toBeVisible({ timeout: 10_000 });
  } finally {
    goOn();
  }
  await expectFailed(download);
  watch.check();
});

test('a download that is cancelled before it has begun is never a file', async () => {
  const downloads: Download[] = [];
  page.on('download', (download) => downloads.push(download));
  const button = await choose('disk.bak');
  // Whatever the vault waits for at that moment, it goes on.
  for (let times = 0; times < 8; times += 1) {
    // No person is as quick; but the vault may be slow.
    await button.evaluate(
      (download: HTMLButtonElement) =>
        new Promise<void>((cancelled) => {
          const looking = new MutationObserver(() => {
            const cancel = document.querySelector<HTMLButtonElement>('[aria-label="Cancel the download"]');
            if (!cancel) return;
            looking.disconnect();
            cancel.click();
            cancelled();
          });
          looking.observe(document.body, { childList: true, subtree: true });
          download.click();
        }),
    );
    await expect(tray().getByRole('button', { name: 'Cancel the download' })).toHaveCount(0);
  }
  await expect(badge(page, 'open')).toBeVisible();
  await takeNote();
  for (const download of downloads.filter((download) => download.suggestedFilename() === 'disk.bak')) await expectFailed(download);
  watch.check();
});

test('a file that was chosen gets its content when all of it is there, and nothing otherwise', async () => {
  const name = 'disk.bak';
  await context.unroute('**/api/v1/objects/read');
  // What has ended well leaves the list by itself, at a time of its own.
  const clear = () =>
    tray()
      .getByRole('button', { name: 'Remove from the list' })
      .evaluateAll((buttons: HTMLButtonElement[]) => buttons.forEach((button) => button.click()));
  await clear();
  // The browser's own file system stands for the person who answers the dialog; the handle is of the same kind.
  await page.evaluate(() => {
    const choose = async ({ suggestedName }: { suggestedName: string }) =>
      (await navigator.storage.getDirectory()).getFileHandle(suggestedName, { create: true });
    Object.assign(window, { showSaveFilePicker: choose });
  });
  const written = () =>
    page.evaluate(async (name) => {
      const file = await (await (await navigator.storage.getDirectory()).getFileHandle(name)).getFile();
      const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
      return { size: file.size, digest: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
    }, name);
  const downloads: Download[] = [];
  page.on('download', (download) => downloads.push(download));

  const goOn = await silentMidway();
  await tray().getByRole('button', { name: 'Cancel the download' }).click();
  goOn();
  await expect(tray().getByText(/^The download was stopped; no part of it was kept\./)).toBeVisible();
  expect((await written()).size).toBe(0);

  await tray().getByRole('button', { name: 'Try again' }).click();
  await expect(tray().getByText(/^downloaded, /)).toBeVisible({ timeout: 60_000 });
  await clear();
  const whole = createHash('sha256').update(readFileSync(disk)).digest('hex');
  expect(await written()).toEqual({ size: MEGABYTES << 20, digest: whole });

  // Who closes the dialog has decided: nothing is begun, and nothing is said.
  await page.evaluate(() =>
    Object.assign(window, { showSaveFilePicker: () => Promise.reject(new DOMException('closed', 'AbortError')) }),
  );
  await (await choose(name)).click();
  await takeNote();
  await expect(tray().getByRole('button', { name: 'Try again' })).toHaveCount(0);
  expect(downloads.map((download) => download.suggestedFilename())).toEqual(['note.raw']);
  watch.check();
});
