import AxeBuilder from '@axe-core/playwright';
import { type Page, expect, test as base } from '@playwright/test';
import { Appliance } from './appliance';

/** What a page must never do: log a warning or an error, break a policy (also one that is only reported), fetch from elsewhere, fail to fetch. */
class Watch {
  readonly seen: string[] = [];

  constructor(page: Page, origin: string) {
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') this.seen.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.seen.push(`error: ${error.message}`));
    page.on('requestfailed', (request) => this.seen.push(`failed: ${request.url()}`));
    page.on('request', (request) => {
      if (!request.url().startsWith(`${origin}/`)) this.seen.push(`elsewhere: ${request.url()}`);
    });
  }
}

type ForTest = { watch: Watch };
type ForFile = { appliance: Appliance };

/** Tests against a running appliance; each one fails if its page misbehaved in passing. */
export const test = base.extend<ForTest, ForFile>({
  appliance: [
    async ({}, use) => {
      const appliance = await Appliance.start();
      await use(appliance);
      await appliance.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  baseURL: async ({ appliance }, use) => use(appliance.url),
  watch: [
    async ({ page, appliance }, use) => {
      const watch = new Watch(page, appliance.url);
      await page.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) =>
          console.error(`policy ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`),
        );
      });
      await use(watch);
      expect(watch.seen).toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the program has taken over the page. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-hydrated', '');
}

/** Finds nothing against WCAG 2.2 AA, nor against axe's own good practice. */
export async function expectAccessible(page: Page): Promise<void> {
  const found = await new AxeBuilder({ page }).analyze();
  expect(found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`)).toEqual([]);
}

export { expect };
