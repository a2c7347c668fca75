import { createHash } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, linkSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '../support/fixtures';
import { Person, enterFolder, entry, kept, withoutFileDialog } from '../support/person';
import { writeLarge } from '../support/bytes';

test.use({ own: 'large file' });

const MEGABYTES = Number(process.env.IOTABACKUP_E2E_LARGE_MB ?? 3072);
/** What may come on top while a file of any size passes through: pieces that wait, and what the browser has not collected yet. */
const MEMORY_MB = 512;
/** A browser that is driven records answers for its developer tools, up to so much (`kDefaultTotalBufferSize` of Chromium). */
const RECORDED_MB = 200;

/** Memory of all renderers of the test's browser, megabytes. */
function renderersMb(): number {
  const pages = readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) return 0;
      return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
    } catch {
      return 0; // It has just ended.
    }
  });
  return (pages.reduce((sum, count) => sum + count, 0) * 4096) / 1e6;
}

async function sha256(pieces: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

test('a file of any size passes through in flat memory, and so does a zip', async ({ page, appliance }) => {
  test.setTimeout(900_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  const path = join(attic.files, 'disk.bak');
  writeLarge(path, MEGABYTES, 8);
  linkSync(path, join(attic.files, 'again.bak'));

  const address = await ada.addMachine(page, attic);
  await attic.backUp();
  await withoutFileDialog(page);
  await page.goto(`${address}/browse`);
  await ada.unlock(page);
  await enterFolder(page, attic.files.slice(1));
  await entry(page, 'disk.bak').click();
  const panel = page.getByRole('complementary', { name: 'Chosen file' });
  await expect(panel.getByRole('button', { name: /^Download/ })).toBeVisible();

  const before = renderersMb();
  let most = before;
  const watching = setInterval(() => (most = Math.max(most, renderersMb())), 250);
  let coming = page.waitForEvent('download', { timeout: 60_000 });
  await panel.getByRole('button', { name: /^Download/ }).click();
  let download = await coming;
  expect(download.suggestedFilename()).toBe('disk.bak');
  const saved = await kept(download);
  const expected = await sha256(createReadStream(path));
  expect(await sha256(createReadStream(saved))).toBe(expected);
  rmSync(saved);
  expect(most - before).toBeLessThan(MEMORY_MB + RECORDED_MB);

  await page.getByRole('button', { name: 'Download folder' }).click();
  coming = page.waitForEvent('download', { timeout: 60_000 });
  await page.getByRole('dialog').getByRole('button', { name: /^Download, / }).click();
  download = await coming;
  const zip = await kept(download);
  clearInterval(watching);
  expect(most - before).toBeLessThan(MEMORY_MB + RECORDED_MB);
  expect(execFileSync('unzip', ['-Z', '-1', zip]).toString()).toContain('again.bak');
  for (const name of ['disk.bak', 'again.bak']) {
    expect(await sha256(spawn('unzip', ['-p', zip, `*/${name}`]).stdout)).toBe(expected);
  }
});
