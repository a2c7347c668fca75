import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Page } from '@playwright/test';
import { type Appliance } from '../support/appliance';
import { expect, test } from '../support/fixtures';
import { partsOfCode } from '../support/kept';
import { look } from '../support/look';
import { Person, wordsOf } from '../support/person';

test.use({ own: 'machines' });

/** How long a code is good. */
const LIFE_MS = 15 * 60 * 1000;

test('two machines; one is renamed and its key taken away at once', async ({ page, appliance }, info) => {
  test.setTimeout(240_000);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const [attic, cellar] = [appliance.agent('attic'), appliance.agent('cellar')];
  for (const agent of [attic, cellar]) writeFileSync(join(agent.files, 'note.txt'), agent.name);
  const address = await ada.addMachine(page, attic);
  await attic.backUp();

  await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Machines' }).click();
  await page.getByRole('main').getByRole('link', { name: /Add a machine/ }).first().click();
  await ada.addMachine(page, cellar);
  await cellar.backUp();

  await page.getByRole('main').getByRole('link', { name: 'Go to its page' }).click();
  await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Machines' }).click();
  await expect(page.getByRole('main').getByRole('link', { name: /attic/ })).toBeVisible();
  await expect(page.getByRole('main').getByRole('link', { name: /cellar/ })).toBeVisible();

  await page.getByRole('main').getByRole('link', { name: /attic/ }).click();
  await expect(page).toHaveURL(address);
  await page.getByLabel('Name', { exact: true }).fill('Nora’s laptop');
  await page.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('heading', { name: 'Nora’s laptop' })).toBeVisible();

  // Its service runs, and has nothing to do.
  const service = attic.serve();
  await expect(page.getByRole('region', { name: 'Right now' })).toContainText('Up to date, and watching', { timeout: 60_000 });
  await page.getByRole('button', { name: 'Take its key away' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill("nora's laptop");
  await dialog.getByRole('button', { name: 'Take it away' }).click();
  await expect(page.getByRole('main').getByText(/key was taken away|revoked/i).first()).toBeVisible({ timeout: 30_000 });

  const ended = await service.ended;
  expect(ended.code, ended.out + ended.err).toBe(4);
  expect(ended.err).toContain('the owner has revoked this one');
  writeFileSync(join(attic.files, 'note.txt'), 'changed');
  const refused = await attic.run('backup');
  expect(refused.code).toBe(4);
  expect(refused.err).toMatch(/replaced|revoked|taken away/);
  writeFileSync(join(cellar.files, 'note.txt'), 'changed');
  expect((await cellar.tell<{ seq: number }>('backup')).seq).toBe(2);

  await test.step('what it stored is deleted and brought back', async () => {
    await page.getByRole('button', { name: 'Delete its backups…' }).click();
    await dialog.getByRole('textbox').fill("nora's laptop");
    // It names the minute, and who hears of it: nothing was decided about mails, so it is the login.
    await expect(dialog.getByText(/ Until \w{3} \d+.\w{3} \d{4}, \d\d:\d\d they can be brought back/)).toBeVisible();
    await expect(dialog.getByText(`A mail tells ${ada.login} of it.`)).toBeVisible();
    await look(page, info, 'delete-machine');
    await dialog.getByRole('button', { name: 'Delete all of it' }).click();
    await expect(page.getByRole('heading', { name: 'Machines' })).toBeVisible();
    const deleted = page.getByText('Everything of Nora’s laptop is deleted.');
    await expect(deleted).toBeVisible();
    const listed = page.getByRole('main').getByRole('link', { name: /Nora’s laptop/ });
    await expect(listed).toHaveCount(0);
    await expect(page.getByText('A machine that is not shown')).toHaveCount(0);
    const until = (await page.getByText(/^It can be brought back until /).textContent())!;
    await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Home' }).click();
    const hand = page.getByRole('region', { name: 'Needs a hand' }).getByRole('listitem').filter({ hasText: 'Everything of a machine is deleted' });
    await expect(hand).toContainText(until);
    await hand.getByRole('link', { name: 'Look at it' }).click();
    await look(page, info, 'deleted-machine');
    await page.getByRole('button', { name: 'Bring back' }).click();
    await expect(listed.first()).toBeVisible();
    await expect(deleted).toHaveCount(0);
  });

  await test.step('the account is to go, and stays after all', async () => {
    await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Settings' }).click();
    const account = page.getByRole('region', { name: 'This account' });
    await account.getByRole('button', { name: 'Delete this account…' }).click();
    await dialog.getByRole('textbox').fill(ada.login);
    await expect(dialog.getByText(/^Until \w{3} \d+.\w{3} \d{4}, \d\d:\d\d nothing changes/)).toBeVisible();
    await dialog.getByRole('button', { name: 'Delete it' }).click();
    await expect(account.getByText(/^It is deleted on /)).toBeVisible();
    await look(page, info, 'account-goes');
    await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Home' }).click();
    await expect(page.getByText(/^This account, with all of its backups, is deleted on /)).toBeVisible();
    await look(page, info, 'home-account-goes');
    await page.getByRole('main').getByRole('link', { name: 'Go to Settings' }).click();
    await account.getByRole('button', { name: 'Bring it back' }).click();
    await expect(account.getByRole('button', { name: 'Delete this account…' })).toBeVisible();
  });
});

test('a machine that is refused hears it, and its code is worthless', async ({ page, appliance }) => {
  test.setTimeout(120_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const stranger = appliance.agent('stranger');
  const { code } = await ada.makeLine(page);
  const joining = stranger.enrol(code);
  await expect(page.getByText(await wordsOf(joining.said), { exact: true })).toBeVisible({ timeout: 15_000 });
  await page.getByRole('button', { name: 'Refuse' }).click();
  const ended = await joining.ended;
  expect(ended.code).toBe(1);
  expect(ended.err).toMatch(/refused/);
  const again = await stranger.enrol(code).ended;
  expect(again.code).toBe(1);
});

test('the line of the page installs, joins and backs up', async ({ page, appliance }, info) => {
  test.setTimeout(180_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const { line: asked } = await ada.makeLine(page);
  expect(asked).toContain('sudo --preserve-env=IOTA_ENROL_CODE sh');
  await expect(page.getByText('This line works on the server’s own machine only.')).toBeVisible();
  const shown = page.getByText(/^curl .*IOTA_ENROL_CODE=/);
  await page.getByRole('checkbox', { name: 'I am root there already' }).check();
  await expect(shown).not.toContainText('sudo');
  await look(page, info, 'line');
  await page.getByRole('group', { name: 'For whom' }).getByText('Only my files').click();
  await expect(page.getByRole('checkbox', { name: 'I am root there already' })).toBeHidden();
  const line = await shown.innerText();
  const home = appliance.agent('line').home;
  mkdirSync(join(home, 'letters'));
  writeFileSync(join(home, 'letters/one.txt'), 'one');
  const pasted = appliance.paste(line, home);
  await expect(page.getByRole('button', { name: 'Let it in' })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Let it in' }).click();
  const ended = await pasted.ended;
  expect(ended.code, ended.out + ended.err).toBe(0);
  expect(ended.out + ended.err).toContain('iota status');
});

/** A quarter of an hour goes by for the server and what it knows of a code. */
async function runOut(appliance: Appliance, code: string): Promise<void> {
  const id = partsOfCode(code).id.toString('hex');
  const passed = await appliance.sql(`UPDATE enrolment SET expires_ms = expires_ms - ${LIFE_MS} WHERE enrol_id = '\\x${id}' RETURNING 1`);
  expect(passed).toBe('1');
}

/** Sets the clock of a page. Playwright's own takes the timers' place, too, with numbers for them that the program cannot hold. */
async function setAhead(page: Page, ms: number): Promise<void> {
  await page.evaluate((ms) => (Date.now = () => Math.floor(performance.timeOrigin + performance.now()) + ms), ms);
}

/** The page says that its code has run out, and shows nothing else of it. */
async function expectRunOut(page: Page): Promise<void> {
  await expect(page.getByText('This code has run out. Make a new one.')).toBeVisible({ timeout: 15_000 });
  await expect(page.getByText(/^valid for/)).toBeHidden();
  await expect(page.getByText(/^Waiting for its answer/)).toBeHidden();
  await expect(page.getByRole('button', { name: 'Copy the line' })).toBeHidden();
}

test('a line that is pasted too late says so, and so does the page', async ({ page, appliance }) => {
  test.setTimeout(180_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const { code } = await ada.makeLine(page);
  await page.getByRole('group', { name: 'For whom' }).getByText('Only my files').click();
  const line = await page.getByText(/^curl .*IOTA_ENROL_CODE=/).innerText();
  await runOut(appliance, code);
  await setAhead(page, LIFE_MS);
  await expectRunOut(page);

  const ended = await appliance.paste(line, appliance.agent('late').home).ended;
  expect(ended.code).toBe(1);
  expect(ended.err).toMatch(/^iota: there is no such enrolment; it may have ended: make a new code$/m);
  expect(ended.err).toMatch(/this machine was not let in: get a new code and run this again$/m);

  const next = await ada.makeLine(page);
  // The vault's Worker had the true time all along.
  await setAhead(page, 0);
  await ada.letIn(page, appliance.agent('in time'), next.code);
});

test('a page whose clock is slow hears from the server that its code has run out', async ({ page, appliance }) => {
  test.setTimeout(120_000);
  const ada = await Person.signUp(page, await appliance.newInvitation());
  const { code } = await ada.makeLine(page);
  await runOut(appliance, code);
  await expectRunOut(page);
  await ada.addMachine(page, appliance.agent('in time'));
});
