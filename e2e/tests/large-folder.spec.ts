import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page } from '@playwright/test';
import { expect, test } from '../support/fixtures';
import { Person, enterFolder, entry } from '../support/person';

test.use({ own: 'large folder' });

const [LARGE, SMALL] = [100_000, 1_000];
const FRAMES = 90;

type Scrolled = { frameMs: number; slowMs: number; mostRows: number; blank: number };

const name = (number: number) => `note ${String(number).padStart(6, '0')}`;

/** Scrolls down by most of a view in each frame: the median and the 95th percentile of the frames, the rows that were in the document at most, and
 * in how many frames the row in the middle of the view was not there yet. */
function scroll(page: Page): Promise<Scrolled> {
  return page.evaluate(async (frames) => {
    const grid = document.querySelector('[role=grid][aria-label="Files and folders"]')!;
    const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));
    const took: number[] = [];
    let [mostRows, blank, last] = [0, 0, await frame()];
    for (let step = 0; step < frames; step++) {
      scrollBy(0, innerHeight * 0.8);
      const now = await frame();
      took.push(now - last);
      last = now;
      mostRows = Math.max(mostRows, grid.querySelectorAll('[role=row]').length);
      const row = document.elementFromPoint(innerWidth / 2, innerHeight / 2)?.closest('[role=row]');
      if (!row?.textContent?.includes('note ')) blank += 1;
      // To the top again when the end is near, so that a short list is as long.
      if (scrollY + 2 * innerHeight > document.documentElement.scrollHeight) scrollTo(0, 0);
    }
    took.sort((a, b) => a - b);
    return { frameMs: took[frames >> 1], slowMs: took[Math.floor(frames * 0.95)], mostRows, blank };
  }, FRAMES);
}

test('a folder of 100,000 entries scrolls as one of 1,000 does', async ({ page, appliance }, info) => {
  test.setTimeout(600_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  for (const [folder, count] of [['large', LARGE], ['small', SMALL]] as const) {
    mkdirSync(join(attic.files, folder));
    for (let number = 0; number < count; number++) writeFileSync(join(attic.files, folder, name(number)), '');
  }
  const address = await ada.addMachine(page, attic);
  expect(await attic.backUp()).toMatchObject({ seq: 1, files: LARGE + SMALL, gap_count: 0 });

  const grid = page.getByRole('grid', { name: 'Files and folders' });
  const open = async (folder: string, count: number) => {
    await page.goto(`${address}/browse`);
    await ada.unlock(page);
    await enterFolder(page, `${attic.files.slice(1)}/${folder}`);
    await expect(grid).toHaveAttribute('aria-rowcount', String(count + 1), { timeout: 60_000 });
    await expect(entry(page, name(0))).toBeVisible();
  };
  await open('small', SMALL);
  await scroll(page);
  const small = await scroll(page);
  await open('large', LARGE);
  await scroll(page);
  const large = await scroll(page);
  info.annotations.push({ type: 'scrolled', description: JSON.stringify({ small, large }) });
  console.log(JSON.stringify({ small, large }));
  // What is in the document does not grow with the folder, nor does a frame.
  expect(large.mostRows).toBeLessThan(200);
  expect(large.frameMs).toBeLessThan(3 * small.frameMs);
  // Rows come while one scrolls, and all of them are there.
  expect(large.blank).toBeLessThan(FRAMES / 2);
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2));
  await expect(grid.getByText(/^note 0(49|50)\d{3}$/).first()).toBeVisible();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
  await expect(entry(page, name(LARGE - 1))).toBeVisible();
  await grid.focus();
  await page.keyboard.press('Home');
  await expect(entry(page, name(0))).toBeVisible();
});
