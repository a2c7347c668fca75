import AxeBuilder from '@axe-core/playwright';
import { type Browser, type BrowserContext, type BrowserContextOptions, type Page, expect, test as base } from '@playwright/test';
import { Appliance } from './appliance';
import { PostOffice } from './post-office';
import { Watch } from './watch';

type ForTest = { watch: Watch };
type ForFile = { appliance: Appliance; own: string; served: string[]; post: PostOffice };

/** Tests against a running appliance; each one fails if its pages misbehaved in passing. */
export const test = base.extend<ForTest, ForFile>({
  /** A name gives a file an appliance that no other has used. */
  own: ['', { option: true, scope: 'worker' }],
  /** More words for its server. */
  served: [[], { option: true, scope: 'worker' }],
  /** Where the mails of the appliance go. */
  post: [
    async ({}, use) => {
      const post = await PostOffice.open();
      await use(post);
      post.close();
    },
    { scope: 'worker' },
  ],
  appliance: [
    async ({ own: _, served, post }, use) => {
      const mails = ['--smtp-url', post.url, '--smtp-from', 'IotaBackup <backup@example.org>'];
      const appliance = await Appliance.start([...mails, ...served]);
      await use(appliance);
      await appliance.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  baseURL: async ({ appliance }, use) => use(appliance.url),
  watch: [
    async ({ context, baseURL }, use) => {
      const watch = new Watch(context, baseURL!);
      await watch.begin(context);
      await use(watch);
      watch.check();
    },
    { auto: true },
  ],
});

/** A browser of its own for several tests, watched: call `watch.check()` after each. */
export async function newBrowser(browser: Browser, origin: string, options: BrowserContextOptions = {}): Promise<{ context: BrowserContext; watch: Watch }> {
  const context = await browser.newContext({ baseURL: origin, locale: 'en-GB', timezoneId: 'UTC', ...options });
  const watch = new Watch(context, origin);
  await watch.begin(context);
  return { context, watch };
}

/** Finds nothing against WCAG 2.2 AA, nor against axe's own good practice. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page }).analyze();
  expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

/** Nothing of a page lies sideways out of sight. */
export async function expectNarrow(page: Page, name = page.url()): Promise<void> {
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(sideways, name).toBe(0);
}

export { expect };
export { hydrated } from './watch';
