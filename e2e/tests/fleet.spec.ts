import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '../support/fixtures';
import { Person } from '../support/person';

test.use({ own: 'fleet' });

test('ten machines and two pages are live at once, and a server that starts again loses none of them', async ({ page, appliance, watch }, info) => {
  test.setTimeout(300_000);
  watch.tolerate(/ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING)/);
  const ada = await Person.signUp(page, await appliance.setupToken());
  const agents = Array.from({ length: 10 }, (_, number) => appliance.agent(`machine-${number}`));
  let last = '';
  for (const agent of agents) {
    // A page that is loaded again has a locked vault.
    await page.goto('/machines/add');
    await ada.unlock(page);
    last = await ada.addMachine(page, agent);
    writeFileSync(join(agent.files, `planted-of-${agent.name}.txt`), agent.name);
    await agent.tell('include', agent.files);
    agent.serve();
  }
  await page.goto('/machines');
  await ada.unlock(page);
  const second = await page.context().newPage();
  await second.goto(last);
  await ada.unlock(second);
  const rows = page.getByRole('main').getByRole('listitem');
  const now = second.getByRole('region', { name: 'Right now' });
  await test.step('all of them are seen', async () => {
    await expect(rows).toHaveCount(10);
    for (const agent of agents) await expect(rows.filter({ hasText: agent.name })).toContainText('Protected', { timeout: 60_000 });
    await expect(now).toContainText('Up to date, and watching', { timeout: 60_000 });
    await page.screenshot({ path: info.outputPath('fleet.png'), fullPage: true });
  });

  await test.step('the server is away for a while, and everybody changes something', async () => {
    await appliance.halt();
    for (const agent of agents) writeFileSync(join(agent.files, `planted-more-of-${agent.name}.bin`), randomBytes(300_000));
    await pause(5000);
    await appliance.resume();
  });

  await test.step('every change arrives, and both pages see it by themselves', async () => {
    for (const agent of agents) await expect(rows.filter({ hasText: agent.name })).toContainText(/3\d\d\skB/, { timeout: 150_000 });
    await expect(now).toContainText('Up to date, and watching', { timeout: 60_000 });
    await expect(second.getByText(/^No\. 2/)).toBeVisible({ timeout: 20_000 });
  });

  await test.step('orders reach a machine again', async () => {
    await now.getByRole('button', { name: 'Pause for an hour' }).click();
    await expect(now).toContainText(/Paused, (59:\d\d|1:00:00) left/, { timeout: 10_000 });
  });

  await test.step('Home says which one rests, and how the others are', async () => {
    const paused = agents[agents.length - 1].name;
    const row = page.getByRole('main').getByRole('listitem').filter({ hasText: paused });
    await expect(row).toContainText(/Paused\s*until \d+.\w+ \d{4}, \d\d:\d\d/, { timeout: 60_000 });
    await page.getByRole('navigation').getByRole('link', { name: 'Home' }).first().click();
    const answer = page.getByRole('heading', { level: 1 });
    await expect(answer).toHaveText(new RegExp(`^Mostly\\. ${paused} is paused until .*\\.$`), { timeout: 60_000 });
    await expect(page.getByText('The other nine are protected up to their last backup.')).toBeVisible({ timeout: 60_000 });
    await expect(page.locator('.fleet__row').first()).toContainText(paused);
    // One that rests for an hour goes on by itself.
    await expect(page.getByRole('region', { name: 'Needs a hand' })).toBeHidden();
    await now.getByRole('button', { name: 'Resume' }).click();
    await expect(answer).toHaveText(/^Yes\. All ten machines, up to their last backup, the oldest at \d\d:\d\d\.$/, { timeout: 60_000 });
  });

  await test.step('what the server has in memory, and what it said, names no file', () => {
    const planted = agents.flatMap(({ name }) => [`planted-of-${name}`, `planted-more-of-${name}`]);
    expect(appliance.memoryHolds(planted)).toEqual([]);
    expect(planted.filter((name) => appliance.said.includes(name))).toEqual([]);
    // It is looked at in the right place: this is the folder that the server was given.
    expect(appliance.memoryHolds([appliance.data])).toEqual([appliance.data]);
  });
});
