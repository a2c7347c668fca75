import { type Page, type TestInfo } from '@playwright/test';
import { expectAccessible, expectNarrow } from './fixtures';

/** Looks at what is there in both shapes and schemes. */
export async function look(page: Page, info: TestInfo, name: string): Promise<void> {
  for (const [device, width, height] of [['desktop', 1440, 1000], ['phone', 390, 844]] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await settled(page);
      await expectAccessible(page);
      await page.screenshot({ path: info.outputPath(`${name}-${colorScheme}-${device}.png`) });
    }
    await expectNarrow(page, name);
  }
  await page.setViewportSize({ width: 1440, height: 1000 });
  await page.emulateMedia({ colorScheme: 'light' });
}

/** Looks at what is there once, as it is. */
export async function lookOnce(page: Page): Promise<void> {
  await settled(page);
  await expectAccessible(page);
}

/** Waits until nothing changes its colour or its place any more. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map((one) => one.finished));
  });
}
