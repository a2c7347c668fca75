import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { bytes } from '../support/bytes';
import { expect, test } from '../support/fixtures';
import { LongPast } from '../support/long-past';
import { look } from '../support/look';
import { Person, enterFolder, entry, kept, withoutFileDialog } from '../support/person';

test.use({ own: 'time' });

const FILES = 5_000;

/** A PNG of one colour. */
function png(red: number, green: number, blue: number): Buffer {
  const [width, height] = [120, 80];
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const framed = Buffer.alloc(8 + body.length);
    framed.writeUInt32BE(data.length, 0);
    body.copy(framed, 4);
    framed.writeUInt32BE(crc32(body), 4 + body.length);
    return framed;
  };
  const header = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, 2, 0, 0, 0]);
  const row = Buffer.concat([Buffer.from([0]), Buffer.concat(Array.from({ length: width }, () => Buffer.from([red, green, blue])))]);
  const data = deflateSync(Buffer.concat(Array.from({ length: height }, () => row)));
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

function crc32(data: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

test('a folder taken home, a name found, two moments and two versions compared', async ({ page, appliance }, info) => {
  test.setTimeout(300_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const attic = appliance.agent('attic');
  const files = attic.files;
  mkdirSync(join(files, 'many/inner'), { recursive: true });
  mkdirSync(join(files, 'letters'));
  for (let number = 0; number < FILES; number += 1) {
    writeFileSync(join(files, number % 2 ? 'many' : 'many/inner', `file ${number}`), bytes(number % 997, number % 251));
  }
  const poem = Array.from({ length: 40 }, (_, line) => `line ${line + 1}`);
  writeFileSync(join(files, 'letters/poem.txt'), poem.join('\n'));
  writeFileSync(join(files, 'letters/flag.png'), png(200, 30, 30));
  writeFileSync(join(files, 'letters/Secret Plan.odt'), 'plan');
  const address = await ada.addMachine(page, attic);
  await attic.backUp();
  poem[19] = 'another line';
  writeFileSync(join(files, 'letters/poem.txt'), poem.join('\n'));
  writeFileSync(join(files, 'letters/flag.png'), png(30, 30, 200));
  rmSync(join(files, 'letters/Secret Plan.odt'));
  await attic.backUp();
  renameSync(join(files, 'many/file 1'), join(files, 'many/file one'));
  mkdirSync(join(files, 'fresh'));
  await attic.backUp();
  await withoutFileDialog(page);

  await page.goto(`${address}/browse`);
  await ada.unlock(page);
  await enterFolder(page, `${files.slice(1)}/many`);
  await test.step('a folder of 5,000 files comes as one zip that others open', async () => {
    await page.getByRole('button', { name: 'Download folder' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByText(/5,000\sfiles, 2\sfolders/)).toBeVisible();
    await look(page, info, 'zip');
    const coming = page.waitForEvent('download');
    await dialog.getByRole('button', { name: /^Download, / }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe('many.zip');
    const zip = await kept(download);
    expect(execFileSync('7zz', ['t', zip]).toString()).toContain('Everything is Ok');
    const out = mkdtempSync(join(tmpdir(), 'iotabackup-e2e-zip-'));
    execFileSync('unzip', ['-q', zip, '-d', out]);
    // It finds a difference in names or bytes, or none.
    execFileSync('diff', ['--recursive', join(out, 'many'), join(files, 'many')]);
    rmSync(out, { recursive: true });
  });

  await test.step('some files of a folder come as one zip, and no others', async () => {
    const grid = page.getByRole('grid', { name: 'Files and folders' });
    const bar = page.getByRole('region', { name: 'Chosen entries' });
    const all = grid.getByRole('checkbox', { name: /^Choose all, 2,501\sentries$/ });
    await expect(bar).toBeHidden();
    await grid.focus();
    await page.keyboard.press('Control+a');
    await expect(bar.getByText(/^All\s2,501\schosen · /)).toBeVisible();
    await expect(all).toBeChecked();
    await page.keyboard.press('Space');
    await expect(bar.getByText(/^2,500\schosen · /)).toBeVisible();
    await expect(all).toHaveJSProperty('indeterminate', true);
    await page.keyboard.press('Escape');
    await expect(bar).toBeHidden();
    await page.keyboard.press('Space');
    await expect(bar.getByText(/^1\schosen · 1\sfolder$/)).toBeVisible();
    await expect(grid.getByRole('row', { selected: true })).toHaveCount(1);
    await bar.getByRole('button', { name: 'Clear' }).click();
    await expect(bar).toBeHidden();
    await grid.getByRole('checkbox', { name: 'Choose file 3', exact: true }).check();
    await grid.getByRole('checkbox', { name: 'Choose file 5', exact: true }).check();
    await expect(page.getByRole('status').filter({ hasText: /^2\schosen · / })).toBeAttached();
    await look(page, info, 'selection');
    await bar.getByRole('button', { name: 'Download as zip' }).click();
    const dialog = page.getByRole('dialog');
    await expect(dialog.getByRole('heading', { name: /^Download 2\sentries of many$/ })).toBeVisible();
    await expect(dialog.getByText(/2\sfiles, 1\sfolder/)).toBeVisible();
    const coming = page.waitForEvent('download');
    await dialog.getByRole('button', { name: /^Download, / }).click();
    const download = await coming;
    expect(download.suggestedFilename()).toBe('2 entries of many.zip');
    const names = execFileSync('unzip', ['-Z1', await kept(download)]).toString();
    expect(names.split('\n').filter(Boolean).sort()).toEqual(['many/', 'many/file 3', 'many/file 5']);
    // Up to a row by the pointer, and back by a row by the keyboard.
    await grid.getByRole('checkbox', { name: 'Choose file 15', exact: true }).click({ modifiers: ['Shift'] });
    await expect(bar.getByText(/^7\schosen · /)).toBeVisible();
    await page.keyboard.press('Shift+ArrowUp');
    await expect(bar.getByText(/^6\schosen · /)).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(bar).toBeHidden();
  });

  await test.step('among files letters look for a name, and keys of time go on', async () => {
    await page.getByRole('grid', { name: 'Files and folders' }).focus();
    await page.keyboard.press('[');
    await expect(page).toHaveURL(/[#&]at=/);
    await expect(entry(page, 'file 1')).toBeVisible();
    await page.getByRole('grid', { name: 'Files and folders' }).focus();
    await page.keyboard.press('n');
    await expect(page).toHaveURL(/[#&]at=/);
    await page.keyboard.press('\\');
    await expect(page).not.toHaveURL(/[#&]at=/);
  });

  await test.step('a point is chosen by dragging, and the folder stays', async () => {
    const slider = page.getByRole('slider', { name: 'Point of the day' });
    const folder = () => new URLSearchParams(new URL(page.url()).hash.slice(1)).get('f');
    const before = folder();
    const [, count] = /point \d of (\d) of this day$/.exec((await slider.getAttribute('aria-valuetext')) ?? '') ?? [];
    // All three, unless midnight has passed meanwhile.
    const first = 4 - Number(count);
    // From the thumb to a part of the track.
    const drag = async (to: number) => {
      await slider.scrollIntoViewIfNeeded();
      const { x, y, width, height } = (await slider.boundingBox())!;
      const at = Number(await slider.inputValue()) / 86_399;
      await page.mouse.move(x + 8 + at * (width - 16), y + height / 2);
      await page.mouse.down();
      await page.mouse.move(x + 8 + to * (width - 16), y + height / 2, { steps: 10 });
    };
    // What is active and chosen goes along, and so does the place on the page.
    const grid = page.getByRole('grid', { name: 'Files and folders' });
    const bar = page.getByRole('region', { name: 'Chosen entries' });
    const active = grid.locator('[data-active]');
    await grid.focus();
    await page.keyboard.press('End');
    await expect(active).toContainText('file one');
    await grid.getByRole('checkbox', { name: 'Choose file one', exact: true }).check();
    await expect(bar.getByText(/^1\schosen · /)).toBeVisible();
    const scrolled = () => page.evaluate(() => scrollY);
    const bottom = await scrolled();
    expect(bottom).toBeGreaterThan(10_000);
    await page.keyboard.press('[');
    await expect(page).toHaveURL(/[#&]at=2(&|$)/);
    await expect(bar.getByText('What was chosen is not there at this point in time.')).toBeVisible();
    expect(Math.abs((await scrolled()) - bottom)).toBeLessThan(300);
    await expect(grid.getByText(/^file 49\d\d$/).last()).toBeInViewport();
    await page.keyboard.press(']');
    await expect(page).toHaveURL(/[#&]at=3(&|$)/);
    await expect(bar.getByText(/^1\schosen · /)).toBeVisible();
    await page.keyboard.press('\\');
    await expect(page).not.toHaveURL(/[#&]at=/);
    await bar.getByRole('button', { name: 'Clear' }).click();
    await grid.focus();
    await page.keyboard.press('Home');
    await grid.getByRole('checkbox', { name: 'Choose file 3', exact: true }).check();
    await expect(active).toContainText('file 3');
    await drag(0);
    await expect(slider).toHaveAttribute('aria-valuetext', new RegExp(`point 1 of ${count} of this day$`));
    // It opens when it is let go, not on the way.
    await expect(page).not.toHaveURL(/[#&]at=/);
    await page.mouse.up();
    await expect(page).toHaveURL(new RegExp(`[#&]at=${first}(&|$)`));
    await expect(entry(page, 'file 1')).toBeVisible({ visible: first < 3 });
    expect(folder()).toBe(before);
    // One row stands before it that is not there any more.
    await expect(active).toContainText('file 3');
    await expect(bar.getByText(/^1\schosen · /)).toBeVisible();
    if (first < 3) {
      const row = grid.getByRole('row').filter({ has: page.getByRole('link', { name: 'file 1', exact: true }) });
      await expect(row.getByText(/^gone since \d+\s\w{3}$/)).toBeVisible();
      await expect(row.getByRole('img', { name: /^changed once since /, includeHidden: true })).toBeAttached();
    }
    await drag(1);
    await page.mouse.up();
    await expect(page).toHaveURL(/[#&]at=3(&|$)/);
    await expect(entry(page, 'file 1')).toBeHidden();
    expect(folder()).toBe(before);
    await bar.getByRole('button', { name: 'Clear' }).click();
    await page.keyboard.press('\\');
    await expect(page).not.toHaveURL(/[#&]at=/);
  });

  await test.step('the file beside the list stays while time moves, and shows what it was', async () => {
    const grid = page.getByRole('grid', { name: 'Files and folders' });
    const panel = page.getByRole('complementary', { name: 'Chosen file' });
    const bar = page.getByRole('region', { name: 'Chosen entries' });
    const row = (name: string) => grid.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
    await page.getByRole('navigation', { name: 'Folder', exact: true }).getByRole('link').first().click();
    await enterFolder(page, `${files.slice(1)}/letters`);
    await entry(page, 'poem.txt').click();
    await expect(panel.locator('.preview__text')).toContainText('another line');
    await grid.getByRole('checkbox', { name: 'Choose flag.png', exact: true }).check();
    // Its small picture is its own, at each point.
    const colour = () =>
      row('flag.png')
        .locator('canvas.thumb')
        .evaluate((node) => [...(node as HTMLCanvasElement).getContext('2d')!.getImageData(5, 5, 1, 1).data.slice(0, 3)]);
    await expect.poll(colour).toEqual([30, 30, 200]);
    await page.keyboard.press('[');
    await expect(page).toHaveURL(/[#&]at=2(&|$)/);
    await page.keyboard.press('[');
    await expect(page).toHaveURL(/[#&]at=1(&|$)/);
    await expect(panel.getByRole('heading', { name: 'poem.txt' })).toBeVisible();
    await expect(panel.locator('.preview__text')).toContainText('line 20');
    await expect(bar.getByText(/^1\schosen · /)).toBeVisible();
    await expect(grid.getByRole('checkbox', { name: 'Choose flag.png', exact: true })).toBeChecked();
    await expect(row('poem.txt').getByText(/^1\snewer version$/)).toBeVisible();
    await expect.poll(colour).toEqual([200, 30, 30]);
    await expect(row('Secret Plan.odt').getByText(/^gone since \d+\s\w{3}$/)).toBeVisible();
    await look(page, info, 'past');
    await grid.getByRole('checkbox', { name: 'Choose Secret Plan.odt', exact: true }).check();
    await entry(page, 'Secret Plan.odt').click();
    await expect(panel.locator('.preview__text')).toHaveText('plan');
    await page.keyboard.press(']');
    await expect(page).toHaveURL(/[#&]at=2(&|$)/);
    await expect(panel.getByRole('heading', { name: 'Secret Plan.odt' })).toBeVisible();
    await expect(panel.getByText(/^Not there on .*\d\d:\d\d\.$/)).toBeVisible();
    await expect(panel.getByRole('button', { name: /^Download/ })).toBeHidden();
    await expect(panel.getByRole('link', { name: 'Versions and details' })).toHaveAttribute('href', /#at=1&f=/);
    await expect(bar.getByText(/^1\schosen · /)).toBeVisible();
    await expect(bar.getByText(/^1 more was chosen that is not there/)).toBeVisible();
    await page.keyboard.press('[');
    await expect(panel.locator('.preview__text')).toHaveText('plan');
    await expect(bar.getByText(/^2\schosen · /)).toBeVisible();
    await bar.getByRole('button', { name: 'Clear' }).click();
    await page.keyboard.press('\\');
    await expect(page).not.toHaveURL(/[#&]at=/);
  });

  await test.step('a folder that is not there says when it is', async () => {
    await page.getByRole('navigation', { name: 'Folder', exact: true }).getByRole('link').first().click();
    await enterFolder(page, `${files.slice(1)}/fresh`);
    await expect(page.getByRole('heading', { name: 'An empty folder' })).toBeVisible();
    await page.keyboard.press('[');
    await expect(page.getByRole('heading', { name: /^Nothing here on / })).toBeVisible();
    await expect(page.getByText(/^This folder is there from .* on\.$/)).toBeVisible();
    await page.getByRole('button', { name: 'Go there' }).click();
    await expect(page).toHaveURL(/[#&]at=3(&|$)/);
    await expect(page.getByRole('heading', { name: 'An empty folder' })).toBeVisible();
    await page.keyboard.press('\\');
  });

  const views = page.getByRole('navigation', { name: 'Views of the machine' });
  await test.step('what is gone is found by a part of its name', async () => {
    await views.getByRole('link', { name: 'Search' }).click();
    await expect(page.getByText(/all that is kept/)).toBeVisible();
    const field = page.getByRole('textbox', { name: /A part of a name/ });
    await field.fill('secret');
    const gone = page.getByRole('region', { name: 'Gone' });
    await expect(gone.getByRole('link', { name: 'Secret Plan.odt' })).toBeVisible();
    await expect(page.getByRole('region', { name: 'There now' })).toBeHidden();
    await field.fill('*e 1');
    await expect(gone.getByRole('link', { name: 'file 1' })).toBeVisible();
    await field.fill('[');
    await expect(page.getByText(/pattern/).last()).toBeVisible();
    await field.fill('e');
    await page.getByRole('textbox', { name: 'At least' }).fill('900');
    await expect(page.getByRole('region', { name: 'There now' }).getByText(/^4\d\d\snames$/)).toBeVisible();
    await page.getByRole('textbox', { name: 'At most' }).fill('800');
    await expect(page.getByText('This is less than the least.')).toBeVisible();
    await page.getByRole('textbox', { name: 'At least' }).fill('');
    await expect(page.getByText('This is less than the least.')).toBeHidden();
    await page.getByRole('textbox', { name: 'At most' }).fill('');
    await field.fill('l');
    await expect(gone.getByRole('listitem')).toHaveCount(2);
    await look(page, info, 'search');
    await gone.getByRole('link', { name: 'Secret Plan.odt' }).click();
    await expect(page.getByRole('heading', { name: 'Secret Plan.odt' })).toBeVisible();
    await expect(page.locator('.preview__text')).toHaveText('plan');
    await page.goBack();
  });

  await test.step('two moments are compared', async () => {
    await views.getByRole('link', { name: 'Timeline' }).click();
    await page.getByRole('link', { name: /^What changed until/ }).last().click();
    const between = page.getByRole('region', { name: /→/ });
    await expect(between.getByRole('listitem')).toHaveCount(4);
    await between.getByRole('button', { name: /^Gone/ }).click();
    await expect(between.getByRole('listitem')).toHaveCount(1);
    await expect(between.getByRole('link', { name: /letters\/Secret Plan.odt$/ })).toBeVisible();
    await between.getByRole('button', { name: /^All/ }).click();
    await look(page, info, 'compare');

    // Both points are chosen here; the one that is moved beyond the other takes its place.
    await expect(page).toHaveURL(/#from=1&at=2$/);
    const points = page.getByRole('group', { name: 'Point to choose' });
    await points.getByRole('button', { name: /^To/ }).click();
    await page.keyboard.press(']');
    await expect(page).toHaveURL(/#from=1&at=3$/);
    await page.keyboard.press('[');
    await expect(page).toHaveURL(/#from=1&at=2$/);
    await points.getByRole('button', { name: /^From/ }).click();
    await page.keyboard.press(']');
    await expect(page).toHaveURL(/#from=2&at=2$/);
    await expect(page.getByText('Both points in time are the same.')).toBeVisible();
    await page.keyboard.press(']');
    await expect(page).toHaveURL(/#from=2&at=3$/);
    await expect(points.getByRole('button', { name: /^To/ })).toHaveAttribute('aria-current', 'true');
    await page.reload();
    await ada.unlock(page);
    await expect(between.getByRole('listitem').first()).toBeVisible();
  });

  await test.step('a point is deleted and brought back, and another policy is signed', async () => {
    await views.getByRole('link', { name: 'Timeline' }).click();
    const kept = page.getByRole('region', { name: 'What is kept' });
    await expect(kept.getByText(/^Every point is kept for 7 days;/)).toBeVisible();
    await expect(kept.getByRole('img', { name: /^Calendar of what is kept: [12]\sdays? with points from / })).toBeVisible();
    await page.keyboard.press('[');
    await kept.getByRole('button', { name: 'Delete point 2…' }).click();
    await expect(page.getByRole('dialog').getByText(/^That frees about /)).toBeVisible();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click();
    await expect(kept.getByText('Point 2 is deleted.')).toBeVisible();
    const rows = page.getByRole('table').getByRole('row');
    await expect(rows).toHaveCount(3);
    await look(page, info, 'kept');
    await kept.getByRole('button', { name: 'Bring back' }).click();
    await expect(rows).toHaveCount(4);
    await kept.getByText('Keep more or less').click();
    await kept.getByRole('textbox', { name: 'Two of each week, days' }).fill('400');
    await expect(kept.getByText(/^By this, 0 of 3\spoints of this machine would go\.$/)).toBeVisible();
    await kept.getByRole('textbox', { name: 'Everything, days' }).fill('6');
    await expect(kept.getByText(/everything is kept for 7 days at least/)).toBeVisible();
    await kept.getByRole('textbox', { name: 'Everything, days' }).fill('30');
    // Weeks are kept for 400 days instead of for ever: that is asked once more.
    await kept.getByRole('button', { name: 'Sign and save' }).click();
    const less = page.getByRole('dialog', { name: 'Keep less?' });
    await expect(less.getByText(/^It is carried out from \w{3} \d+.\w{3} \d{4}, \d\d:\d\d on\./)).toBeVisible();
    await look(page, info, 'keep-less');
    await less.getByRole('button', { name: 'Keep as much as now' }).click();
    await expect(kept.getByText(/^Every point is kept for 7 days;/)).toBeVisible();
    await kept.getByRole('button', { name: 'Sign and save' }).click();
    await less.getByRole('button', { name: 'Keep less' }).click();
    await expect(kept.getByText(/^Every point is kept for 30 days;.*of each week for 400 days\./)).toBeVisible();
  });

  await test.step('what uses the space is weighed when it is asked', async () => {
    const space = page.getByRole('region', { name: 'What uses the space' });
    await expect(space.getByRole('heading', { name: 'Largest folders' })).toBeHidden();
    await space.getByRole('button', { name: 'Weigh the folders' }).click();
    await expect(space.getByRole('region', { name: 'Largest folders' }).getByRole('link', { name: /\/many$/ })).toBeVisible();
    await expect(space.getByRole('region', { name: 'Growing fastest' })).toBeVisible();
    await look(page, info, 'space');
  });

  await test.step('so is what changed each day', async () => {
    const changed = page.getByRole('region', { name: 'Changed by day' });
    await expect(changed.getByRole('img')).toBeHidden();
    await changed.getByRole('button', { name: 'Count the changes' }).click();
    await expect(changed.getByText(/^[23]\sfiles with .* new or changed on (1\sday|2\sdays)\.$/)).toBeVisible();
    await expect(changed.getByRole('img', { name: /^Bytes new or changed by day, from .* nothing to compare on 2[89]\sdays$/ })).toBeVisible();
    await changed.getByText('Show as a table').click();
    await expect(changed.getByRole('table').getByRole('row').nth(1)).toBeVisible();
    await look(page, info, 'churn');
  });

  await test.step('so are two versions, texts and pictures', async () => {
    await views.getByRole('link', { name: 'Browse' }).click();
    await enterFolder(page, `${files.slice(1)}/letters`);
    await entry(page, 'flag.png').click();
    const panel = page.getByRole('complementary', { name: 'Chosen file' });
    await expect(panel.getByRole('img', { name: 'Picture flag.png' })).toBeVisible();
    await look(page, info, 'preview');
    await panel.getByRole('link', { name: 'Versions and details' }).click();
    await page.getByRole('button', { name: /^Compare the version/ }).click();
    const diff = page.getByRole('region', { name: 'Earlier and later' });
    await expect(diff.getByRole('img')).toHaveCount(2);
    const colours = await diff.getByRole('img').evaluateAll((nodes) =>
      nodes.map((node) => {
        const copy = document.createElement('canvas').getContext('2d')!;
        copy.drawImage(node as HTMLCanvasElement, 0, 0);
        return [...copy.getImageData(5, 5, 1, 1).data.slice(0, 3)];
      }),
    );
    expect(colours).toEqual([[200, 30, 30], [30, 30, 200]]);
    await page.goBack();
    await entry(page, 'poem.txt').click();
    await panel.getByRole('link', { name: 'Versions and details' }).click();
    await page.getByRole('button', { name: /^Compare the version/ }).click();
    await expect(diff.getByText('another line')).toBeVisible();
    await expect(diff.getByText('removed: line 20')).toBeVisible();
    await expect(diff.getByText('line 2', { exact: true })).toBeHidden();
    await look(page, info, 'versions');
  });

  await test.step('a long past is read by itself, page by page', async () => {
    const past = await LongPast.begin(page, address, 2_500);
    await page.goto(`${address}/timeline`);
    const days = page.getByRole('region', { name: 'Days' });
    await expect(days).toContainText(/1,000\spoints so far/);
    const words = page.getByText('Older points are still being read');
    await expect(words).toBeVisible();
    past.goOn();
    await expect(days).toContainText(/2,500\spoints/);
    await expect(days).not.toContainText('so far');
    await expect(words).toBeHidden();
    expect(past.asked).toEqual(['1502', '502']);
    await expect(page.getByRole('region', { name: 'Stored over time' }).getByRole('img')).toBeVisible();
  });
});
