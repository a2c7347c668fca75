import { expect, expectAccessible, expectNarrow, hydrated, test } from '../support/fixtures';
import { answered } from '../support/watch';

test('the page comes alive', async ({ page }) => {
  const answer = await page.goto('/');
  await hydrated(page);
  await expect(page).toHaveTitle('IotaBackup');
  const headers = answer!.headers();
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['cache-control']).toBe('no-store');
});

test('the assets are kept for a year and come compressed', async ({ page }) => {
  const program = page.waitForResponse((answer) => answer.url().endsWith('.wasm'));
  await page.goto('/');
  const headers = (await program).headers();
  expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
  expect(headers['content-encoding']).toBe('br');
  await hydrated(page);
});

test('the way in tells whose it is', async ({ page, appliance }) => {
  await page.goto('/');
  await hydrated(page);
  await page.getByRole('main').getByRole('link', { name: 'Sign in' }).click();
  await expect(page).toHaveURL('/sign-in');
  await expect(page).toHaveTitle('Sign in · IotaBackup');
  await expect(page.getByText(`Sign in to ${new URL(appliance.url).host}`)).toBeVisible();
  await page.getByRole('link', { name: 'IotaBackup' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your files, kept by a server that cannot read them.');
});

test('the sign-in page comes alive by itself', async ({ page, appliance }) => {
  await page.goto('/sign-in');
  await hydrated(page);
  await expect(page.getByText(`Sign in to ${new URL(appliance.url).host}`)).toBeVisible();
});

for (const path of ['/', '/sign-in']) {
  test(`a first visit of ${path} is light`, async ({ page, context }) => {
    const loaded = new Map<string, { url: string; bytes: number }>();
    const network = await context.newCDPSession(page);
    network.on('Network.requestWillBeSent', ({ requestId, request }) => loaded.set(requestId, { url: request.url, bytes: 0 }));
    network.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => (loaded.get(requestId)!.bytes = encodedDataLength));
    await network.send('Network.enable');
    const asked: string[] = [];
    context.on('request', (request) => asked.push(request.url()));
    await page.goto(path, { waitUntil: 'networkidle' });
    await hydrated(page);
    const all = [...loaded.values()];
    // Nothing went by unseen, as from a Worker.
    expect(all.map(({ url }) => url).sort()).toEqual(asked.sort());
    expect(all.every(({ bytes }) => bytes > 0)).toBe(true);
    const sum = all.reduce((sum, { bytes }) => sum + bytes, 0);
    const parts = all.map(({ url, bytes }) => `${bytes} ${new URL(url).pathname}`).join(', ');
    expect(sum, `${sum} bytes with their headers: ${parts}`).toBeLessThan(400 * 1000);
  });
}

test('a page whose part cannot be fetched comes when it can', async ({ page, watch }) => {
  await page.goto('/sign-in');
  await hydrated(page);
  let asked = 0;
  await page.route('**/assets/iota-account_part-*.wasm', (route) => (++asked > 1 ? route.continue() : route.abort('connectionrefused')));
  watch.expect(/Failed to load resource: net::ERR_CONNECTION_REFUSED/, /failed: .*account_part.* net::ERR_CONNECTION_REFUSED/);
  await page.getByRole('link', { name: 'Create an account' }).click();
  await expect(page).toHaveTitle(/^Create an account/);
  expect(asked).toBe(2);
});

test('what the renderer may parse is plain', async ({ page }) => {
  await page.goto('/');
  await hydrated(page);
  const parse = (html: string) =>
    page.evaluate((text) => {
      // TypeScript's library does not know Trusted Types yet.
      const { trustedTypes } = window as unknown as { trustedTypes: { defaultPolicy: { createHTML(html: string): unknown } } };
      return String(trustedTypes.defaultPolicy.createHTML(text));
    }, html);
  const plain = '<p class="ink-2">Text &amp; <a href="/sign-in">more</a></p>';
  expect(await parse(plain)).toBe(plain);
  for (const other of ['<script>1</script>', '<img src="/x">', '<p onclick="1">x</p>', '<a href="javascript:1">x</a>', '<a href="//x">x</a>', '<p <b>']) {
    expect(await parse(other), other).toBe('');
  }
});

test('the keyboard reaches the content first', async ({ page }) => {
  await page.goto('/');
  await hydrated(page);
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
});

test.describe('without script', () => {
  test.use({ javaScriptEnabled: false });

  test('everything can be read and the links work', async ({ page }) => {
    await page.goto('/');
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await page.getByRole('navigation').getByRole('link', { name: 'Sign in' }).click();
    await expect(page).toHaveURL('/sign-in');
    await expect(page.getByText('This form needs JavaScript')).toBeVisible();
  });
});

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [device, width, height] of [['desktop', 1440, 1000], ['phone', 390, 844], ['narrow', 320, 640]] as const) {
    test.describe(`${colorScheme}, ${device}`, () => {
      test.use({ colorScheme, viewport: { width, height } });

      for (const [name, path] of [['home', '/'], ['sign-in', '/sign-in'], ['sign-up', '/sign-up'], ['forgot', '/forgot'], ['not-found', '/nowhere']] as const) {
        test(`${name} is accessible and fits`, async ({ page, watch }, info) => {
          if (name === 'not-found') watch.expect(answered(404, path));
          await page.goto(path);
          await hydrated(page);
          await expectAccessible(page);
          await expectNarrow(page);
          await page.screenshot({ path: info.outputPath(`${name}-${colorScheme}-${device}.png`), fullPage: true });
        });
      }
    });
  }
}
